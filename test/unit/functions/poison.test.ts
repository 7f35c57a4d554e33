/**
 * Poison: elements that always fail, among many that don't, delay nothing by more than the retries.
 */
import { expect, test } from "vitest";
import { MemoryMesh } from "../../../emulators/memory/memory-mesh.ts";
import { Chain } from "../../../functions/chain.ts";
import { guardedRun, ListWork } from "../../../functions/guarded-run.ts";
import { count, firestore, pipeline, pubsub } from "../../../sdk/index.ts";
import { NO_FIRING } from "../../../sdk/model/pane.ts";
import { GLOBAL_WINDOW } from "../../../sdk/model/window.ts";
import { at, optionsOf, programFor, stillClock } from "../../support/builders.ts";

const ELEMENTS = 100_000;
const KEYS = 100;

/** Counts all elements but the poison by key; returns how long that took in virtual time. */
async function run(isPoison: (n: number) => boolean): Promise<{ ms: number; counted: number }> {
  const built = pipeline("poisoned", (p) => {
    p.create(Array.from({ length: ELEMENTS }, (_, n) => n))
      .reshuffle()
      .map((n) => {
        if (isPoison(n)) throw new Error("poison");
        return n;
      })
      .keyBy((n) => n % KEYS)
      .combinePerKey(count())
      .write(firestore.collection("counts", { id: ({ key }) => String(key) }));
  });
  const mesh = new MemoryMesh(built, { shards: 4 });
  const startMs = mesh.clock.nowMs();
  await mesh.launch();
  await mesh.run();
  expect((await mesh.job())?.state).toBe("DONE");
  const counts = [...mesh.store.documents("counts").values()];
  const counted = counts.reduce((sum, { value }) => sum + Number(value), 0);
  await mesh.stop();
  return { ms: mesh.clock.nowMs() - startMs, counted };
}

test("one in 100,000 delays the whole by no more than its own retries", async () => {
  const clean = await run(() => false);
  const poisoned = await run((n) => n === 61_803);
  expect([clean.counted, poisoned.counted]).toEqual([ELEMENTS, ELEMENTS - 1]);
  const { attemptsMax, retryBackoffMs, tickMs } = optionsOf({ retryBackoffMs: 200 });
  const retriesMs = retryBackoffMs * (2 ** (attemptsMax - 1) - 1);
  // Ticks come once in a period: what is later by the retries may be later by one more of them.
  expect(poisoned.ms - clean.ms).toBeLessThanOrEqual(retriesMs + tickMs);
});

test.each([true, false])(
  "a bundle of poison alone costs few runs of user code (async %s)",
  async (isAsync) => {
    let calls = 0;
    const size = 1_000;
    const fail = (): never => {
      calls++;
      throw new Error("poison");
    };
    const built = pipeline("all-poison", (p) =>
      p
        .create<number>([])
        .parDo<number>(isAsync ? { process: async () => fail() } : { process: () => fail() })
        .write(pubsub.topic<number>("out")),
    );
    const chain = new Chain(programFor(built, "read"), optionsOf());
    const feed = (item: number): void => chain.receive(item, at(0), GLOBAL_WINDOW, NO_FIRING);
    const items = Array.from({ length: size }, (_, i) => i);
    const { dead } = await guardedRun(chain, new ListWork(items, feed), stillClock, optionsOf());
    expect(dead).toHaveLength(size);
    expect(calls).toBeLessThanOrEqual(size * Math.ceil(Math.log2(size)));
  },
);
