/**
 * What status tells of a run: equal to what the memory world counted, to the last operation.
 */
import { expect, test } from "vitest";
import { MemoryMesh } from "../../../../emulators/memory/memory-mesh.ts";
import type { ShardProgress } from "../../../../functions/head.ts";
import { statusOf } from "../../../../functions/status.ts";
import { firestore, fixedWindows, type Pipeline, pipeline, pubsub } from "../../../../sdk/index.ts";

const sums: Pipeline = pipeline("sums", (p) => {
  p.read(pubsub.topic<{ key: string; n: number }>("numbers"))
    .map((each) => {
      if (each.n === 13) throw new RangeError(`unlucky ${each.key}`);
      return each;
    })
    .windowInto(fixedWindows({ minutes: 1 }))
    .keyBy(({ key }) => key)
    .map(({ value, key }) => ({ key, value: value.n }))
    .groupByKey()
    .map(({ key, value }) => ({ key, value: value.length }))
    .write(firestore.collection("out", { id: (r) => r.key }));
});

async function runSums(values: readonly { key: string; n: number }[]): Promise<MemoryMesh> {
  const mesh = new MemoryMesh(sums, { shards: 2, engine: { bundleElementsMax: 10 } });
  await mesh.launch();
  for (let at = 0; at < values.length; at += 40) {
    const group = values.slice(at, at + 40).map((value) => ({ data: JSON.stringify(value) }));
    await mesh.publish("numbers", group);
    await mesh.run(mesh.clock.nowMs() + 5_000);
  }
  return mesh;
}

const numbers = Array.from({ length: 200 }, (_, n) => ({
  key: n % 2 === 0 ? "even" : `odd ${n}`,
  n: n === 13 ? 14 : n,
}));

test("billable operations are those of the store and the mailboxes, exactly", async () => {
  const mesh = await runSums(numbers);
  const { operations, stages, trackerOperations } = await mesh.status();
  // The look at the status was a snapshot too. And so was the last tick, which stored nothing.
  const { store, mailboxes, ticks } = mesh.counts();
  const lookReads = mesh.plan.stages.reduce((reads, { shards }) => reads + shards, 0) + 2;
  expect(operations).toEqual({
    activations: store.headCommits + store.registers + ticks - 1,
    commits: store.commits,
    documentsRead: store.documentReads - 2 * lookReads,
    documentsWritten: store.documentWrites,
    documentsDeleted: store.documentDeletes,
    publishRequests: mailboxes.publishRequests - 5,
    messages: mailboxes.messages - numbers.length,
    messageBytes: mailboxes.bytes - numbers.reduce((n, each) => n + JSON.stringify(each).length, 0),
  });
  expect(trackerOperations.activations).toBe(ticks - 1);
  expect(stages.map((stage) => stage.operations.activations)).toEqual([
    store.registers,
    store.headCommits,
  ]);
  await mesh.stop();
});

test("a letter that comes back is among the operations of its source", async () => {
  const mesh = await runSums([...numbers, { key: "canary", n: 13 }]);
  const reads = async () => (await mesh.status()).stages[0]?.operations.documentsRead ?? 0;
  const before = await reads();
  const [letter] = await mesh.store.listDeadLetters({ limit: 1 });
  await mesh.replay([letter?.id ?? ""]);
  await mesh.run(mesh.clock.nowMs() + 5_000);
  // When it comes back, and before its record is written again (DL6).
  expect(await reads()).toBe(before + 2);
  await mesh.stop();
});

test("rates, latencies, freshness and what is in flight", async () => {
  const mesh = await runSums(numbers);
  const { stages } = await mesh.status();
  const [ingest, group] = stages;
  const seconds = 25;
  expect(ingest?.rate.inPerSecond).toBeCloseTo(200 / seconds);
  expect(group?.rate.inPerSecond).toBeCloseTo(200 / seconds);
  expect(group).toMatchObject({ elementsIn: 200, elementsInFlight: 0, bundlesInFlight: 0 });
  expect(ingest?.systemLatency?.count).toBe(200);
  expect(group?.systemLatency?.count).toBeGreaterThan(5);
  expect(group?.latency?.count).toBeGreaterThan(5);
  expect(ingest?.freshnessMs).toBeUndefined(); // The sample of its policy is not whole.
  await mesh.publish("numbers", [{ data: JSON.stringify({ key: "late", n: 1 }) }]);
  await mesh.run(mesh.clock.nowMs() + 600_000);
  const later = await mesh.status();
  expect(later.stages[0]?.freshnessMs).toBe(
    mesh.clock.nowMs() - (later.stages[0]?.outputWatermark ?? 0),
  );
  await mesh.stop();
});

test("a hot key is told of as a hash, with its shard and share", async () => {
  const mesh = await runSums(numbers);
  const [, group] = (await mesh.status()).stages;
  expect(group?.hotKeys).toHaveLength(1);
  expect(group?.hotKeys[0]).toMatchObject({ hash: expect.stringMatching(/^[0-9a-f]{16}$/) });
  expect(group?.hotKeys[0]?.share).toBeGreaterThan(0.5);
  await mesh.stop();
});

test("a failure is told of by cause, with its retries, and without a word of the element", async () => {
  const mesh = await runSums([...numbers, { key: "canary", n: 13 }]);
  await mesh.run(mesh.clock.nowMs() + 5_000);
  const [ingest] = (await mesh.status()).stages;
  expect(ingest).toMatchObject({ deadLetters: 1, retries: 2 });
  expect(ingest?.failures).toEqual([
    {
      code: "ERR_USER_CODE",
      transform: expect.stringMatching(/^map.* \(.*engine-metrics\.test\.ts:\d+\)$/),
      text: expect.stringMatching(
        /^user code threw RangeError at .*engine-metrics\.test\.ts:\d+:\d+/,
      ),
      count: 3,
      dead: 1,
      atMs: expect.any(Number),
    },
  ]);
  expect(JSON.stringify(ingest)).not.toContain("canary");
  await mesh.stop();
});

test("heads of an older version read as if nothing had been counted", async () => {
  const mesh = await runSums(numbers);
  const snapshot = await mesh.store.snapshot();
  const heads = snapshot.heads.map((head) => {
    const { work: _work, hotKeys: _hot, ...old } = JSON.parse(head.progress) as ShardProgress;
    return { ...head, progress: JSON.stringify(old) };
  });
  const { stages } = statusOf(mesh.plan, { ...snapshot, heads }, mesh.clock.nowMs());
  expect(stages[1]).toMatchObject({ elementsIn: 200, latency: undefined, hotKeys: [], retries: 0 });
  await mesh.stop();
});
