/**
 * W3: a watermark never passes an element that is still inside the mesh. One shard is held back
 * for a virtual hour while the others go on; afterwards nothing is late and nothing dropped.
 */
import { expect, test } from "vitest";
import { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import { decodeEnvelope } from "../../functions/envelope.ts";
import {
  firestore,
  fixedWindows,
  kv,
  pipeline,
  pubsub,
  type SourceMessage,
  sum,
  watermarks,
} from "../../sdk/index.ts";
import { checkNothingDropped, checkNothingLeft, watch } from "../support/mesh-checks.ts";
import { sumByWindow } from "../support/oracle.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

interface Event {
  readonly key: string;
  readonly value: number;
  readonly time: number;
}

const watermark = watermarks.boundedOutOfOrderness(0);
const held = pipeline("held-back", (p) => {
  p.read(pubsub.topic<Event>("events", { timestamp: (e) => e.time, watermark }))
    .windowInto(fixedWindows(minuteMs))
    .map((e) => kv(e.key, e.value))
    .combinePerKey(sum(), { name: "by key" })
    .map(({ value }) => kv("all", value))
    .combinePerKey(sum(), { name: "in all" })
    .write(
      firestore.collection("out", {
        id: (r, { window, pane }) => `${r.key}@${window.start} ${pane.timing}`,
        fields: ({ value }) => ({ value }),
      }),
    );
});

test.each(["first", "second"] as const)(
  "the %s shuffle's shard, held back for an hour, makes nothing late",
  async (which) => {
    let releaseMs = Number.POSITIVE_INFINITY;
    let heldTime = Number.POSITIVE_INFINITY;
    const mesh = new MemoryMesh(held, {
      shards: 2,
      isVirtualOnly: true,
      engine: { tickMs: 10_000 },
      wrapDeliver: (deliver, stage) => async (message) => {
        if (stage === mesh.plan.stages[which === "first" ? 1 : 2]?.id) await hold(message);
        await deliver(message);
      },
    });
    /** The second shuffle has one key, and so one shard that gets anything. */
    const hold = async ({ data }: SourceMessage): Promise<void> => {
      const { shard, minTime, body } = decodeEnvelope(data, mesh.plan.hash);
      const isHeld = body.kind === "elements" && (which === "second" || shard === 0);
      const nowMs = mesh.clock.nowMs();
      if (!isHeld || nowMs >= releaseMs) return;
      heldTime = Math.min(heldTime, minTime);
      releaseMs = Math.min(releaseMs, nowMs + hourMs);
      await mesh.clock.sleep(releaseMs - nowMs);
    };
    watch(mesh);
    await mesh.launch();
    const events: Event[] = [];
    for (let minute = 0; minute < 75; minute++) {
      const ofMinute = ["a", "b", "c", "d", "e"].map((key, i) => {
        return { key, value: minute + i, time: mesh.clock.nowMs() + i };
      });
      events.push(...ofMinute);
      await mesh.publish(
        "events",
        ofMinute.map((event) => ({ data: JSON.stringify(event) })),
      );
      await mesh.run(mesh.clock.nowMs() + minuteMs);
      if (mesh.clock.nowMs() < releaseMs && heldTime !== Number.POSITIVE_INFINITY) {
        const { watermarks: stored } = (await mesh.job())!;
        const last = mesh.plan.stages.at(-1)!.id;
        expect(stored[last]?.[1]).toBeLessThanOrEqual(heldTime);
      }
    }
    expect(releaseMs).toBeLessThan(mesh.clock.nowMs());
    await mesh.drain();
    await mesh.run(mesh.clock.nowMs() + 10 * minuteMs);

    expect((await mesh.job())?.state).toBe("DONE");
    const wanted = sumByWindow(
      events.map((event) => ({ ...event, key: "all" })),
      minuteMs,
    );
    const onTime = Object.entries(wanted).map(([id, value]) => [`${id} ON_TIME`, value]);
    const written = [...mesh.store.documents("out")].map(([id, { value }]) => [id, value]);
    expect(Object.fromEntries(written)).toEqual(Object.fromEntries(onTime));
    await checkNothingDropped(mesh);
    await checkNothingLeft(mesh);
  },
);
