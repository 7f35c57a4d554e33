/**
 * Dead letters under faults: what is set aside, mended and sent back counts exactly once.
 */
import { expect, test } from "vitest";
import { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import { seededRandom } from "../../emulators/memory/seeded-random.ts";
import type { DeadLetterListed, OutgoingMessage, World } from "../../functions/ports.ts";
import {
  type CombineFn,
  firestore,
  fixedWindows,
  isMeshError,
  MeshError,
  type Pipeline,
  pipeline,
  pubsub,
  statefulDoFn,
  valueState,
  watermarks,
} from "../../sdk/index.ts";
import { sumByWindow } from "../support/oracle.ts";
import { checkNothingLeft, watch } from "./checkers.ts";
import { Faults } from "./faults.ts";
import { eventsOf, mergedPanes, originMs, publishAll } from "./workloads/workload.ts";

interface Event {
  readonly id: string;
  readonly key: string;
  readonly value: number;
  readonly time: number;
}

interface Partial {
  readonly sum: number;
  readonly isBad: boolean;
}

const WINDOW_MS = 500;
const HOUR_MS = 3_600_000;

/** Events of which one in twelve fails somewhere, while `cause.isMended` is false. */
function poisoned(cause: { isMended: boolean }): Pipeline {
  const failIf = (isBad: boolean, where: string): void => {
    if (isBad && !cause.isMended) throw new RangeError(`broken ${where}`);
  };
  const sums: CombineFn<Event, Partial, number> = {
    name: "sums",
    createAccumulator: () => ({ sum: 0, isBad: false }),
    addInput: ({ sum }, { value }) => ({ sum: sum + value, isBad: value % 13 === 4 }),
    mergeAccumulators: (a, b) => {
      failIf(b.isBad, "in a combiner");
      return { sum: a.sum + b.sum, isBad: a.isBad };
    },
    extractOutput: ({ sum }) => sum,
  };
  const numbered = statefulDoFn<
    { readonly key: string; readonly value: Event },
    { readonly id: string; readonly count: number }
  >()({
    state: { seen: valueState<number>() },
    process({ value: event }, { state, output }) {
      const count = (state.seen.read() ?? 0) + 1;
      state.seen.write(count);
      failIf(event.value % 13 === 5, "with state");
      output({ id: event.id, count });
    },
  });
  const watermark = watermarks.boundedOutOfOrderness(600, { idle: { minutes: 30 } });
  return pipeline("sim-letters", (p) => {
    const events = p
      .read(pubsub.topic<Event>("events", { timestamp: (e) => e.time, watermark }))
      .map(
        (event) => {
          failIf(event.value % 13 === 3, "before the shuffle");
          return event;
        },
        { name: "check" },
      )
      .windowInto(fixedWindows(WINDOW_MS), { allowedLateness: { days: 20 } })
      .keyBy(({ key }) => key);
    events
      .combinePerKey(sums)
      .map(
        (pair) => {
          failIf(pair.key === "k2", "behind a pane");
          return pair;
        },
        { name: "format" },
      )
      .write(
        firestore.collection("out", {
          id: ({ key }, { window, pane }) => `${key}@${window.start}#${pane.index}`,
          fields: ({ value }) => ({ value }),
        }),
      );
    events.parDo(numbered).write(firestore.collection("seen", { id: ({ id }) => id }));
  });
}

const engine = {
  bundleElementsMax: 7,
  firingsMax: 3,
  memtableBytesMax: 200,
  groupMessagesMax: 5,
  retryBackoffMs: 10,
} as const;

/** Events, and one so much later that the windows of the others end. */
function events(seed: number, length: number): Event[] {
  const all = eventsOf(seed, length).map((event, i) => ({ ...event, id: `e${i}` }));
  return [...all, { id: "last", key: "k0", value: 0, time: originMs + 60_000 }];
}

/** The open letters. */
function open(mesh: MemoryMesh): Promise<readonly DeadLetterListed[]> {
  return mesh.store.listDeadLetters({ state: "open", limit: 10_000 });
}

/** A world whose port calls fail now and then, before or after they are done: who replays dies there. */
function dying(world: World, fraction: () => number): World {
  const call = async <T>(work: () => Promise<T>): Promise<T> => {
    const chance = fraction();
    if (chance < 0.15) throw new MeshError("ERR_UNAVAILABLE", "died before");
    const result = await work();
    if (chance > 0.85) throw new MeshError("ERR_UNAVAILABLE", "died after");
    return result;
  };
  const { store, mailboxes } = world;
  return {
    ...world,
    store: Object.assign(Object.create(store) as typeof store, {
      readDeadLetters: (ids: readonly string[]) => call(() => store.readDeadLetters(ids)),
      putRegister: (r: Parameters<typeof store.putRegister>[0]) => call(() => store.putRegister(r)),
      replaceRegister: (r: Parameters<typeof store.putRegister>[0]) =>
        call(() => store.replaceRegister(r)),
      readJob: () => store.readJob(),
    }),
    mailboxes: {
      publish: (messages) =>
        call(async () => {
          const half = fraction() < 0.2 ? Math.floor(messages.length / 2) : messages.length;
          await mailboxes.publish(messages.slice(0, half));
          if (half < messages.length) throw new MeshError("ERR_UNAVAILABLE", "died in the middle");
        }),
    },
  };
}

/** Asks for a replay of all that is open, again and again, while whoever asks dies. */
async function replayAll(mesh: MemoryMesh, times: number): Promise<number> {
  let died = 0;
  for (let i = 0; i < times; i++) {
    const ids = (await open(mesh)).map(({ id }) => id);
    try {
      await mesh.replay(ids);
    } catch (error) {
      if (!isMeshError(error) || error.code !== "ERR_UNAVAILABLE") throw error;
      died++;
    }
    await mesh.run(mesh.clock.nowMs() + 3_000);
  }
  return died;
}

test.each([1, 2, 3, 4, 5, 6])(
  "whatever fails meanwhile, each counts once: seed %i",
  { timeout: 120_000 },
  async (seed) => {
    const input = events(seed, 360);
    const cause = { isMended: false };
    const faults = new Faults(seed);
    const { fraction } = seededRandom(seed);
    const mesh = new MemoryMesh(poisoned(cause), {
      shards: 2,
      seed,
      engine,
      isVirtualOnly: true,
      wrapWorld: (world, instance) =>
        instance === "replay" ? dying(world, fraction) : faults.wrapWorld(world, instance),
      wrapDeliver: (deliver, stage) => faults.wrapDeliver(deliver, stage),
    });
    faults.mesh = mesh;
    watch(mesh.store);
    await mesh.launch();
    await publishAll(mesh, input);
    for (let i = 0; i < 4; i++) {
      await mesh.launch(); // A tick that went missing is asked for again.
      await mesh.run(mesh.clock.nowMs() + 30_000);
    }

    const before = await open(mesh);
    const causes = new Set(before.map(({ summary }) => JSON.parse(summary).message.split(": ")[1]));
    expect([...causes].sort()).toEqual([
      "broken before the shuffle",
      "broken behind a pane",
      "broken in a combiner",
      "broken with state",
    ]);
    // Not mended yet: most fail again.
    const diedBefore = await replayAll(mesh, 4);
    expect((await open(mesh)).some(({ replays }) => replays > 0)).toBe(true);

    cause.isMended = true;
    const died = await replayAll(mesh, 8);
    expect(died + diedBefore).toBeGreaterThan(0);
    faults.isOn = false;
    await mesh.launch();
    await mesh.run(mesh.clock.nowMs() + 100_000);
    for (let i = 0; (await open(mesh)).length > 0 && i < 20; i++) await replayAll(mesh, 1);
    expect(await open(mesh)).toEqual([]);
    await mesh.drain();
    await mesh.run(mesh.clock.nowMs() + 10 * 60_000);

    expect((await mesh.job())?.state).toBe("DONE");
    expect(mergedPanes(mesh)).toEqual(sumByWindow(input, WINDOW_MS));
    expect(new Set(mesh.store.documents("seen").keys())).toEqual(new Set(input.map((e) => e.id)));
    await checkNothingLeft(mesh);
    const { stages } = await mesh.status();
    for (const { droppedLate, droppedClosed } of stages)
      expect(droppedLate + droppedClosed).toBe(0);
  },
);

/** A mesh with one letter of each kind, and all that a replay publishes. */
async function withLetters(cause: { isMended: boolean }) {
  const published: OutgoingMessage[] = [];
  const wrapWorld = (world: World, instance: string): World => {
    if (instance !== "replay") return world;
    const publish = async (messages: readonly OutgoingMessage[]): Promise<void> => {
      published.push(...messages);
      await world.mailboxes.publish(messages);
    };
    return { ...world, mailboxes: { publish } };
  };
  const mesh = new MemoryMesh(poisoned(cause), { shards: 2, isVirtualOnly: true, wrapWorld });
  await mesh.launch();
  const input = events(7, 120);
  await publishAll(mesh, input);
  await mesh.run(mesh.clock.nowMs() + 30_000);
  return { mesh, input, published };
}

test("a replay that comes again hours later, when its sender is forgotten, is known", async () => {
  const cause = { isMended: false };
  const { mesh, input, published } = await withLetters(cause);
  cause.isMended = true;
  const { sent, refused } = await mesh.replay((await open(mesh)).map(({ id }) => id));
  expect(refused).toEqual([]);
  expect(sent.length).toBeGreaterThan(5);
  await mesh.run(mesh.clock.nowMs() + 2 * HOUR_MS);
  expect(await open(mesh)).toEqual([]);
  const counts = mergedPanes(mesh);
  for (let i = 0; i < 3; i++) {
    await mesh.run(mesh.clock.nowMs() + 2 * HOUR_MS);
    // What makes shards forget: a message after the hour.
    await mesh.publish("events", [{ data: JSON.stringify({ ...input[0], id: "e0", value: 0 }) }]);
    await mesh.mailboxes.publish(published);
    await mesh.run(mesh.clock.nowMs() + 30_000);
  }
  expect(mergedPanes(mesh)).toEqual(counts);
  await mesh.drain();
  await mesh.run(mesh.clock.nowMs() + 10 * 60_000);
  expect(mergedPanes(mesh)).toEqual(sumByWindow(input, WINDOW_MS));
});

test("a letter says what failed, where, with which element", async () => {
  const { mesh } = await withLetters({ isMended: false });
  const letters = await mesh.store.readDeadLetters((await open(mesh)).map(({ id }) => id));
  const byWords = (words: string) => {
    const found = letters.find(({ summary }) => JSON.parse(summary).message.includes(words));
    if (found === undefined) throw new Error(`No letter says "${words}".`);
    return { ...found, ...JSON.parse(found.summary), ...JSON.parse(found.detail) };
  };
  const source = byWords("broken before the shuffle");
  expect(source.transform).toMatch(/^check \(.*dead-letters\.test\.ts:\d+\)$/);
  expect(source).toMatchObject({ code: "ERR_USER_CODE", attempts: 3, replays: 0, state: "open" });
  expect(source.element.value % 13).toBe(3);
  expect(source.causes).toEqual(["RangeError: broken before the shuffle"]);
  expect(source.stack).toContain("failIf");
  expect(source.replay.kind).toBe("message");
  const pane = byWords("broken behind a pane");
  expect(pane.transform).toMatch(/^format /);
  expect(pane.element.key).toBe("k2");
  expect(pane.replay.kind).toBe("output");
  expect(byWords("broken in a combiner").replay.kind).toBe("elements");
  expect(byWords("broken with state").replay.kind).toBe("elements");
  expect(byWords("broken with state").element.value.value % 13).toBe(5);
});

test("the message of a letter has its id, and one that comes back is another", async () => {
  const { mesh } = await withLetters({ isMended: false });
  const ids = (): (string | undefined)[] =>
    mesh.messages("tm-sim-letters-dead-letters").map(({ attributes }) => attributes["tidemark-id"]);
  const before = await open(mesh);
  const all = before.map(({ id }) => id);
  expect(new Set(ids())).toEqual(new Set(all));
  // What a combiner refused may be the first of its window by now, when nothing is merged.
  const certain = before.filter(({ summary }) => !summary.includes("in a combiner"));
  const again = certain.map(({ id }) => id);
  await mesh.replay(again);
  await mesh.run(mesh.clock.nowMs() + 30_000);
  expect(new Set(ids())).toEqual(new Set([...all, ...again.map((id) => `${id}~r1`)]));
  const after = await open(mesh);
  expect(after.map(({ id }) => id).sort()).toEqual([...all].sort());
  expect(after.filter(({ replays }) => replays === 1)).toHaveLength(again.length);
});

test("an old message neither holds nor moves its source's watermark, nor any other", async () => {
  const cause = { isMended: false };
  const { mesh } = await withLetters(cause);
  const letters = await open(mesh);
  const source = mesh.plan.stages.find(({ kind }) => kind === "ingest")?.id ?? "";
  await mesh.publish("events", [
    { data: JSON.stringify({ id: "late", key: "a", value: 1, time: originMs + HOUR_MS }) },
  ]);
  await mesh.run(mesh.clock.nowMs() + 10_000);
  const before = (await mesh.job())?.watermarks ?? {};
  const sourceBefore = (await mesh.job())?.sources[source];
  expect(before[source]?.[0]).toBe(originMs + HOUR_MS - 600);
  cause.isMended = true;
  await mesh.replay(letters.map(({ id }) => id));
  await mesh.run(mesh.clock.nowMs() + 30_000);
  expect(await open(mesh)).toEqual([]);
  const job = await mesh.job();
  expect(job?.sources[source]).toEqual(sourceBefore);
  expect(job?.watermarks).toEqual(before);
  expect((await mesh.store.snapshot()).registers).toEqual([]);
});

test("what is too late for its window by now is dropped, and the letter says so", async () => {
  const cause = { isMended: false };
  const { mesh } = await withLetters(cause);
  const letters = await open(mesh);
  const time = originMs + 21 * 24 * HOUR_MS;
  await mesh.publish("events", [{ data: JSON.stringify({ id: "z", key: "a", value: 1, time }) }]);
  await mesh.run(mesh.clock.nowMs() + 30_000);
  cause.isMended = true;
  await mesh.replay(letters.map(({ id }) => id));
  await mesh.run(mesh.clock.nowMs() + 30_000);
  const replayed = await mesh.store.listDeadLetters({ state: "replayed", limit: 999 });
  const kinds = new Map<boolean, Set<string>>();
  for (const { isLate = false, summary } of replayed) {
    kinds.set(isLate, (kinds.get(isLate) ?? new Set()).add(JSON.parse(summary).replay));
  }
  // A message is judged only behind its source; a pane that has fired is never late.
  expect(kinds.get(true)).toEqual(new Set(["elements"]));
  expect(kinds.get(false)).toEqual(new Set(["message", "output"]));
  const { stages } = await mesh.status();
  const late = stages.reduce((all, { droppedLate }) => all + droppedLate, 0);
  // Each message goes to both groupings.
  const messages = letters.filter(({ summary }) => JSON.parse(summary).replay === "message").length;
  expect(late).toBe(replayed.filter(({ isLate }) => isLate === true).length + 2 * messages);
});

test("a job that has ended takes nothing back, and says what to do", async () => {
  const { mesh } = await withLetters({ isMended: false });
  const ids = (await open(mesh)).map(({ id }) => id);
  await mesh.drain();
  await mesh.run(mesh.clock.nowMs() + 10 * 60_000);
  await expect(mesh.replay(ids)).rejects.toThrow(/is DONE: nothing is replayed\. .*show --json/);
});
