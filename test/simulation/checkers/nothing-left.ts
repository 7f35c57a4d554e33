/**
 * `nothing-left`: when all windows have expired no state is left but source ids, no register, and no
 * part that no head knows.
 */
import type { MemoryStore } from "../../../emulators/memory/memory-store.ts";
import { decodeBody } from "../../../functions/head.ts";
import { ShardState } from "../../../functions/state.ts";
import type { Checker } from "./checker.ts";

/** Nothing is left behind. */
export const nothingLeft: Checker = {
  name: "nothing-left",
  promise: "A job that is done leaves no state, no register and no part.",
  watch: ({ workload }, report) => ({
    async ended({ store }) {
      const all = await leftovers(store);
      // An ingest instance that is out when its job is cancelled may still store its group's register.
      const isCancelled = workload?.endsAs === "CANCELLED";
      const left = all.filter((each) => !isCancelled || !each.startsWith("register "));
      if (left.length > 0) report(left.slice(0, 5).join("; "));
    },
  }),
};

/** Says what is left in a store. */
export async function leftovers(store: MemoryStore): Promise<string[]> {
  const { heads, registers } = await store.snapshot();
  const left = registers.map(({ id }) => `register ${id}`);
  let parts = 0;
  for (const { shard } of heads) {
    const head = await store.newestHead(shard);
    const body = decodeBody(head?.body ?? "{}");
    const ids = body.segments.map(({ id }) => id);
    parts += ids.length + body.outboxParts.length;
    const texts = await store.readParts(shard, ids);
    const segments = body.segments.map((info, i) => ({ info, text: texts[i] ?? "" }));
    const entries = [...ShardState.load(1, body.memtable, segments).entries()];
    for (const [id] of entries) {
      if (!id.startsWith("d ")) left.push(`state ${id} of ${shard.stage}/${shard.shard}`);
    }
  }
  if (store.partCount !== parts) left.push(`${store.partCount - parts} parts that no head knows`);
  return left;
}
