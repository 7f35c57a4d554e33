/**
 * Drain: whatever is open or loops, it ends; nothing that was taken is late by it (JD1, TH3).
 */
import { expect, test } from "vitest";
import { MemoryMesh } from "../../../../emulators/memory/memory-mesh.ts";
import { drainJob } from "../../../../functions/control/drain.ts";
import { pause } from "../../../../functions/control/pause.ts";
import { resume } from "../../../../functions/control/resume.ts";
import {
  count,
  eventTimer,
  firestore,
  generateSequence,
  type KV,
  type PCollection,
  type Pipeline,
  pipeline,
  processingTimer,
  pubsub,
  sessions,
  statefulDoFn,
} from "../../../../sdk/index.ts";

interface Visit {
  readonly user: string;
  readonly at: number;
}

const out = pubsub.topic<string>("out");
const hourMs = 3_600_000;

function visits(
  build: (visits: PCollection<KV<string, Visit>>) => void,
  map: (visit: Visit) => Visit | Promise<Visit> = (visit) => visit,
): Pipeline {
  return pipeline("visits", (p) => {
    const read = p.read(pubsub.topic<Visit>("visits", { timestamp: ({ at }) => at }));
    const patient = read.parDo<Visit>({
      async process(visit, { output }) {
        output(await map(visit));
      },
    });
    build(patient.keyBy(({ user }) => user));
  });
}

const inSessions = (all: PCollection<KV<string, Visit>>): void => {
  all
    .windowInto(sessions({ hours: 1 }))
    .combinePerKey(count())
    .write(firestore.collection("sessions", { id: ({ key }) => key }));
};

async function started(built: Pipeline): Promise<MemoryMesh> {
  const mesh = new MemoryMesh(built, { shards: 2 });
  await mesh.launch();
  return mesh;
}

async function come(mesh: MemoryMesh, users: readonly string[]): Promise<void> {
  const at = mesh.clock.nowMs();
  await mesh.publish(
    "visits",
    users.map((user) => ({ data: JSON.stringify({ user, at }) })),
  );
}

const run = (mesh: MemoryMesh, byMs: number): Promise<void> => mesh.run(mesh.clock.nowMs() + byMs);

/** Drains, and gives the mesh an hour for it; returns how it stands then. */
async function drained(mesh: MemoryMesh, takeBacklogMs?: number): Promise<string | undefined> {
  const draining = drainJob(mesh.control, { takeBacklogMs });
  await run(mesh, hourMs);
  await draining;
  return (await mesh.job())?.state;
}

function sessionCounts(mesh: MemoryMesh): number[] {
  return [...mesh.store.documents("sessions").values()].map(({ value }) => Number(value)).sort();
}

async function late(mesh: MemoryMesh): Promise<number> {
  const { stages } = await mesh.status();
  return stages.reduce((sum, { droppedLate }) => sum + droppedLate, 0);
}

test("open sessions fire with what they have, and what comes later stays at the source", async () => {
  const mesh = await started(visits(inSessions));
  await come(mesh, ["a", "b", "a"]);
  await run(mesh, 5_000);
  expect(sessionCounts(mesh)).toEqual([]);
  const draining = drainJob(mesh.control);
  await run(mesh, 1_000);
  await draining;
  await come(mesh, ["c"]);
  await run(mesh, hourMs);
  expect([(await mesh.job())?.state, sessionCounts(mesh)]).toEqual(["DONE", [1, 2]]);
  expect([mesh.mailboxes.backlog("visits"), await late(mesh)]).toEqual([1, 0]);
  await mesh.stop();
});

test("with the backlog taken first, all that waits at the source is in it", async () => {
  const mesh = await started(visits(inSessions));
  await come(mesh, ["a"]);
  await run(mesh, 5_000);
  const draining = drainJob(mesh.control, { takeBacklogMs: 10_000 });
  for (let i = 0; i < 5; i++) {
    await run(mesh, 8_000);
    await come(mesh, ["a"]);
  }
  await run(mesh, hourMs);
  await draining;
  expect([(await mesh.job())?.state, sessionCounts(mesh)]).toEqual(["DONE", [6]]);
  await mesh.stop();
});

test("a delivery that is out when the sources stop is waited for, and not late (JD1)", async () => {
  const { promise: slow, resolve: go } = Promise.withResolvers<void>();
  const mesh = await started(
    visits(inSessions, async (visit) => {
      if (visit.user === "slow") await slow;
      return visit;
    }),
  );
  await come(mesh, ["slow"]);
  const draining = drainJob(mesh.control);
  const running = run(mesh, hourMs);
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
  expect((await mesh.job())?.state).toBe("RUNNING");
  go();
  await running;
  await draining;
  expect([(await mesh.job())?.state, sessionCounts(mesh)]).toEqual(["DONE", [1]]);
  expect(await late(mesh)).toBe(0);
  await mesh.stop();
});

test("a looping event-time timer of the global window fires once more, and ends (TH3)", async () => {
  const looping = statefulDoFn<KV<string, Visit>, string>()({
    timers: { loop: eventTimer() },
    process: ({ value }, { timers }) => timers.loop.set(value.at + 60_000),
    onTimer: {
      loop({ key, timers, output }) {
        output(`${key} fired`);
        timers.loop.offset({ minutes: 1 }).setRelative();
      },
    },
  });
  const mesh = await started(visits((all) => all.parDo(looping).write(out)));
  await come(mesh, ["a", "b"]);
  await run(mesh, 5_000);
  expect(await drained(mesh)).toBe("DONE");
  const texts = mesh.messages("out").map(({ data }) => JSON.parse(Buffer.from(data).toString()));
  expect(texts.sort()).toEqual(["a fired", "b fired"]);
  await mesh.stop();
});

test("a looping processing-time timer of the global window does not keep it alive", async () => {
  const looping = statefulDoFn<KV<string, Visit>, string>()({
    timers: { loop: processingTimer() },
    process: (_, { timers }) =>
      timers.loop.withNoOutputTimestamp().offset({ seconds: 10 }).setRelative(),
    onTimer: {
      loop: ({ timers }) =>
        timers.loop.withNoOutputTimestamp().offset({ seconds: 10 }).setRelative(),
    },
  });
  const mesh = await started(visits((all) => all.parDo(looping).write(out)));
  await come(mesh, ["a", "b"]);
  await run(mesh, 60_000);
  expect(await drained(mesh)).toBe("DONE");
  await mesh.stop();
});

test("a read without an end is cut short", async () => {
  const endless = pipeline("endless", (p) => {
    p.read(generateSequence({ from: 0, rate: { elements: 1, per: { seconds: 1 } } }))
      .map(String)
      .write(out);
  });
  const mesh = await started(endless);
  await run(mesh, 10_000);
  expect(await drained(mesh)).toBe("DONE");
  const { length } = mesh.messages("out");
  expect(length).toBeGreaterThan(5);
  expect(length).toBeLessThan(60);
  await mesh.stop();
});

test("a drain that was paused goes on as a drain, and its sources stay stopped", async () => {
  const mesh = await started(visits(inSessions));
  await come(mesh, ["a"]);
  await run(mesh, 5_000);
  const draining = drainJob(mesh.control);
  await run(mesh, 0);
  await draining;
  await pause(mesh.control);
  await run(mesh, hourMs);
  expect((await mesh.job())?.state).toBe("PAUSED");
  await come(mesh, ["b"]);
  await resume(mesh.control);
  await run(mesh, hourMs);
  expect([(await mesh.job())?.state, sessionCounts(mesh)]).toEqual(["DONE", [1]]);
  expect(mesh.mailboxes.backlog("visits")).toBe(1);
  await mesh.stop();
});

test("a drain that was cut off after its sources stopped can be taken back, or gone on with", async () => {
  const mesh = await started(visits(inSessions));
  const { control } = mesh;
  const { subscriptions } = control;
  const died = new Error("The caller died.");
  const cutOff = {
    ...control,
    subscriptions: {
      ...subscriptions,
      configs: (names: readonly string[]) => subscriptions.configs(names),
      stop: (names: readonly string[]) => subscriptions.stop(names),
      outstanding: () => Promise.reject(died),
    },
  };
  await expect(drainJob(cutOff)).rejects.toThrow("died");
  await come(mesh, ["a"]);
  await run(mesh, 60_000);
  expect(mesh.mailboxes.backlog("visits")).toBe(1);
  await resume(control);
  await run(mesh, 60_000);
  expect(mesh.mailboxes.backlog("visits")).toBe(0);
  expect(await drained(mesh)).toBe("DONE");
  expect(sessionCounts(mesh)).toEqual([1]);
  await mesh.stop();
});
