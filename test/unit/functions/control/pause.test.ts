/**
 * Pause and resume: nothing moves, nothing is lost, and the pause is no silence (JC1, JC2, JR1).
 */
import { expect, test } from "vitest";
import { MemoryMesh } from "../../../../emulators/memory/memory-mesh.ts";
import { pause } from "../../../../functions/control/pause.ts";
import { resume } from "../../../../functions/control/resume.ts";
import {
  count,
  firestore,
  fixedWindows,
  pipeline,
  pubsub,
  watermarks,
} from "../../../../sdk/index.ts";
import { answering } from "../../../support/answering.ts";
import { codeOf } from "../../../support/builders.ts";

const hourMs = 3_600_000;

interface Click {
  readonly at: number;
}

/** Clicks counted by minute; the watermark follows processing time after ten silent seconds. */
function clicks(): MemoryMesh {
  const built = pipeline("clicks", (p) => {
    const watermark = watermarks.boundedOutOfOrderness(0, { idle: { seconds: 10 } });
    p.read(pubsub.topic<Click>("clicks", { timestamp: (click) => click.at, watermark }))
      .windowInto(fixedWindows({ minutes: 1 }))
      .keyBy(() => "all")
      .combinePerKey(count())
      .write(firestore.collection("counts", { id: (_, { window }) => String(window.start) }));
  });
  return new MemoryMesh(built, { shards: 2 });
}

async function publish(mesh: MemoryMesh, times: readonly number[]): Promise<void> {
  await mesh.publish(
    "clicks",
    times.map((at) => ({ data: JSON.stringify({ at }) })),
  );
}

const run = (mesh: MemoryMesh, byMs: number): Promise<void> => mesh.run(mesh.clock.nowMs() + byMs);

function counted(mesh: MemoryMesh): number[] {
  return [...mesh.store.documents("counts").values()].map(({ value }) => Number(value));
}

test("while a job is paused nothing is delivered, no tick is asked for, and nothing is lost", async () => {
  const mesh = clicks();
  await mesh.launch();
  const startMs = mesh.clock.nowMs();
  await publish(mesh, [startMs, startMs + 1]);
  await run(mesh, 3_000);
  await pause(mesh.control);
  await run(mesh, 120_000); // What was scheduled before comes once more, and asks for nothing.
  const before = { deliveries: mesh.mailboxes.counts.deliveries, ticks: mesh.ticks };
  await publish(mesh, [startMs + 2, startMs + 3]);
  await run(mesh, hourMs);
  expect((await mesh.job())?.state).toBe("PAUSED");
  expect(mesh.mailboxes.counts.deliveries).toBe(before.deliveries);
  expect(mesh.ticks).toBe(before.ticks);
  expect(mesh.clock.nextMs).toBeUndefined();
  await resume(mesh.control);
  await run(mesh, hourMs);
  expect(counted(mesh)).toEqual([4]);
  await mesh.stop();
});

test("the pause is no silence: what was published meanwhile is not late after it", async () => {
  const mesh = clicks();
  await mesh.launch();
  const startMs = mesh.clock.nowMs();
  await publish(mesh, [startMs]);
  await run(mesh, 3_000);
  await pause(mesh.control);
  await run(mesh, hourMs);
  await resume(mesh.control);
  // A tick runs before anything is delivered: the watermark must stay where it was.
  await run(mesh, 5_000);
  expect(counted(mesh)).toEqual([]);
  await publish(mesh, [startMs + 5]);
  await run(mesh, hourMs);
  expect(counted(mesh)).toEqual([2]);
  await mesh.stop();
});

test("a register whose messages could not come again is not given up when the job goes on", async () => {
  const mesh = clicks();
  await mesh.launch();
  const { store, clock } = mesh;
  const [source = "", group = ""] = mesh.plan.stages.map(({ id }) => id);
  const register = {
    stage: source,
    producer: "gone",
    index: 0,
    confirmed: -1,
    sends: [[group, 0, 0, clock.nowMs()]],
    observed: undefined,
    metrics: { messages: 1, elementsOut: 1, deadLetters: 0 },
    atMs: clock.nowMs(),
  };
  await store.putRegister({ id: "gone-0", text: JSON.stringify(register) });
  await pause(mesh.control);
  await run(mesh, hourMs);
  await resume(mesh.control);
  await run(mesh, 60_000);
  expect((await store.snapshot()).registers).toHaveLength(1);
  await run(mesh, 60_000);
  expect((await store.snapshot()).registers).toHaveLength(0);
  await mesh.stop();
});

test("a pause or a resume that was cut off anywhere is taken up by the next one", async () => {
  const mesh = clicks();
  await mesh.launch();
  const { control } = mesh;
  const dead = async (): Promise<never> => {
    throw new Error("The caller died.");
  };
  const cutOff = answering(control.subscriptions, { stop: dead, start: dead });
  await expect(pause({ ...control, subscriptions: cutOff })).rejects.toThrow("died");
  expect((await mesh.job())?.state).toBe("PAUSED");
  await pause(control);
  await publish(mesh, [mesh.clock.nowMs()]);
  await run(mesh, 1_000);
  expect(mesh.mailboxes.counts.deliveries).toBe(0);
  await expect(resume({ ...control, subscriptions: cutOff })).rejects.toThrow("died");
  expect((await mesh.job())?.state).toBe("RUNNING");
  await run(mesh, 1_000);
  expect(mesh.mailboxes.counts.deliveries).toBe(0);
  await resume(control);
  await run(mesh, hourMs);
  expect(counted(mesh)).toEqual([1]);
  expect((await mesh.job())?.stopped).toBeUndefined();
  await mesh.stop();
});

test("what can't be paused or resumed says so, with the way out", async () => {
  const mesh = clicks();
  expect(await codeOf(() => pause(mesh.control))).toBe("ERR_OPTION");
  await mesh.launch();
  await mesh.drain();
  await mesh.run();
  await expect(pause(mesh.control)).rejects.toThrow("Pipeline clicks is DONE: it can't be paused.");
  await expect(resume(mesh.control)).rejects.toThrow("it can't be resumed");
  await mesh.stop();
});
