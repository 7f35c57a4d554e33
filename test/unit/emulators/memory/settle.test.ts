/**
 * Settling: everything that can happen happens, and virtual time stands still (MW3).
 */
import { expect, test } from "vitest";
import { MemoryMesh } from "../../../../emulators/memory/memory-mesh.ts";
import { VirtualClock } from "../../../../emulators/memory/virtual-clock.ts";
import { fixedWindows, type Pipeline, pipeline } from "../../../../sdk/index.ts";
import { MeshError } from "../../../../sdk/model/errors.ts";
import { testStream } from "../../../../sdk/testing/index.ts";
import { encodeTestMessage } from "../../../../sdk/testing/test-message.ts";
import { at } from "../../../support/builders.ts";

const START_MS = Date.UTC(2026, 0, 1);

const grouped: Pipeline = pipeline("settles", (p) =>
  p
    .read(testStream<string>())
    .windowInto(fixedWindows(60_000))
    .keyBy((word) => word)
    .groupByKey()
    .parDo({ process() {} }),
);

const element = (time: number): string =>
  encodeTestMessage({ kind: "elements", tag: "", elements: [["a", at(time)]] });
const watermark = (to: number): string =>
  encodeTestMessage({ kind: "watermark", tag: "", to: at(to) });

async function give(mesh: MemoryMesh, data: string): Promise<void> {
  const topic = mesh.plan.stages[0]?.ingest?.topic ?? "";
  await mesh.publish(topic, [{ data }]);
  await mesh.settle();
}

test("time stands still, though the tracker runs again and again", async () => {
  const mesh = new MemoryMesh(grouped);
  await mesh.launch();
  await mesh.settle();
  await give(mesh, element(0));
  await give(mesh, watermark(60_000));
  expect(mesh.clock.nowMs()).toBe(START_MS);
  const { stages, isQuiet } = await mesh.status();
  expect(stages.map(({ inputWatermark }) => inputWatermark)).toEqual([60_000, 60_000]);
  expect(stages[1]).toMatchObject({ elementsIn: 1, bundlesInFlight: 0 });
  expect(isQuiet).toBe(true);
  await mesh.stop();
});

test("pauses between retries end at once, and move no time either", async () => {
  let calls = 0;
  const failing = pipeline("failing", (p) =>
    p.read(testStream<string>()).parDo({
      process() {
        if (++calls < 3) throw new Error("not yet");
      },
    }),
  );
  const mesh = new MemoryMesh(failing);
  await mesh.launch();
  await give(mesh, element(0));
  expect(calls).toBe(3);
  expect(mesh.clock.nowMs()).toBe(START_MS);
  await mesh.stop();
});

test("a mesh is not quiet before it is launched, nor while something is on its way", async () => {
  const mesh = new MemoryMesh(grouped);
  expect((await mesh.status()).isQuiet).toBe(false);
  await mesh.launch();
  await mesh.settle();
  expect((await mesh.status()).isQuiet).toBe(true);
  await mesh.publish(mesh.plan.stages[0]?.ingest?.topic ?? "", [{ data: watermark(5) }]);
  while ((await mesh.store.snapshot()).registers.length === 0) await new Promise(setImmediate);
  expect((await mesh.status()).isQuiet).toBe(false);
  await mesh.settle();
  expect((await mesh.status()).isQuiet).toBe(true);
  await mesh.stop();
});

/** Lets the tracker see work at a processing time in every head. */
function addWorkAt(dueMs: number, { store }: MemoryMesh): void {
  const snapshot = store.snapshot.bind(store);
  store.snapshot = async () => {
    const { heads, ...rest } = await snapshot();
    const changed = heads.map((head) => ({
      ...head,
      progress: JSON.stringify({ ...JSON.parse(head.progress), nextProcessingMs: dueMs }),
    }));
    return { ...rest, heads: changed };
  };
}

test("advance moves time by exactly so much: work at 10 s is told at 10 s, and not at 9.999 s", async () => {
  let deliveries = 0;
  const mesh = new MemoryMesh(grouped, {
    shards: 1,
    wrapDeliver: (deliver, stage) => (message) => {
      if (stage !== mesh.plan.stages[0]?.id) deliveries++;
      return deliver(message);
    },
  });
  addWorkAt(START_MS + 10_000, mesh);
  await mesh.launch();
  await give(mesh, element(0));
  expect(deliveries).toBe(1);
  await mesh.advance(9_999);
  expect([mesh.clock.nowMs() - START_MS, deliveries]).toEqual([9_999, 1]);
  await mesh.advance(1);
  expect([mesh.clock.nowMs() - START_MS, deliveries]).toEqual([10_000, 2]);
  await mesh.stop();
});

test("after settling, run goes on from the same moment", async () => {
  const mesh = new MemoryMesh(grouped);
  await mesh.launch();
  await give(mesh, element(0));
  await mesh.advance(500);
  await mesh.drain();
  await mesh.run();
  expect((await mesh.status()).state).toBe("DONE");
  expect(mesh.clock.nowMs()).toBeGreaterThanOrEqual(START_MS + 500);
  await mesh.stop();
});

test("refusals without end fail the run with the last one's error", async () => {
  const broken = pipeline("broken", (p) =>
    p.read(testStream<string>()).parDo({
      setup() {
        throw new Error("no database");
      },
      process() {},
    }),
  );
  const mesh = new MemoryMesh(broken, { refusalsMax: 10 });
  await mesh.launch();
  await expect(give(mesh, element(0))).rejects.toThrow(/no database/);
  await expect(give(mesh, element(0))).rejects.toBeInstanceOf(MeshError);
});

test("a clock hurries whom somebody waits for, in order, and leaves wake-ups that are not due", () => {
  const clock = new VirtualClock(100);
  const calls: string[] = [];
  clock.wakeAt(150, () => calls.push("wake-up"));
  clock.at(300, () => calls.push("later"));
  clock.at(200, () => calls.push("sooner"));
  expect([clock.hurry(), clock.hurry(), clock.hurry()]).toEqual([true, true, false]);
  expect(calls).toEqual(["sooner", "later"]);
  clock.moveTo(160);
  expect(clock.hurry()).toBe(true);
  expect([clock.nowMs(), calls.at(-1)]).toEqual([160, "wake-up"]);
});

test("a step to what is overdue does not turn time back (VC1)", () => {
  const clock = new VirtualClock(0);
  clock.at(5, () => {});
  clock.moveTo(10);
  expect([clock.step(), clock.nowMs()]).toEqual([true, 10]);
});
