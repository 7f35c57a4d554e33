/**
 * Dead letters on the memory mesh: what a letter says, and what comes of one that goes back. Under
 * faults: the workload of workloads/letters.ts.
 */
import { expect, test } from "vitest";
import { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import type { DeadLetterListed, OutgoingMessage, World } from "../../functions/ports.ts";
import { sumByWindow } from "../support/oracle.ts";
import { type LetterEvent, letterEvents, poisoned, WINDOW_MS } from "./workloads/letters.ts";
import { mergedPanes, originMs } from "./workloads/workload.ts";

const HOUR_MS = 3_600_000;

/** Events in small portions, while time goes on. */
async function publishAll(mesh: MemoryMesh, input: readonly LetterEvent[]): Promise<void> {
  for (let i = 0; i < input.length; i += 4) {
    const portion = input.slice(i, i + 4);
    await mesh.publish(
      "events",
      portion.map((event) => ({ data: JSON.stringify(event) })),
    );
    await mesh.run(mesh.clock.nowMs() + 800);
  }
}

/** The open letters. */
function open(mesh: MemoryMesh): Promise<readonly DeadLetterListed[]> {
  return mesh.store.listDeadLetters({ state: "open", limit: 10_000 });
}

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
  const input = letterEvents(7, 120);
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
  expect(source.transform).toMatch(/^check \(.*letters\.ts:\d+\)$/);
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
