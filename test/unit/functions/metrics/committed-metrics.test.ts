/**
 * Metrics of user code that are committed: they count once, however often it is tried (CM1).
 */
import { describe, expect, test } from "vitest";
import { MemoryMesh, type MemoryMeshOptions } from "../../../../emulators/memory/memory-mesh.ts";
import { runPipeline } from "../../../../emulators/testing/index.ts";
import { fixedWindows, pipeline, pubsub, sum } from "../../../../sdk/index.ts";
import { MeshError } from "../../../../sdk/model/errors.ts";
import { calls, counting, numbers, seen } from "../../../support/counting.ts";

describe("what is committed counts once (CM1)", () => {
  test("a bundle that fails and is run again: its tries are in attempted alone", async () => {
    let failures = 0;
    const run = await runPipeline(
      (p) =>
        seen(p)
          .reshuffle()
          .map(counting, { name: "before" })
          .map((n) => {
            if (n === 10 && failures++ < 2) throw new Error("not yet");
            return n;
          })
          .map(counting, { name: "behind" })
          .parDo({ process() {} }),
      { shards: 1 },
    );
    const [before, behind] = ["before", "behind"].map((step) => run.metrics.query({ step })[0]);
    expect([before?.committed, before?.attempted]).toEqual([10, 30]);
    expect(behind?.committed).toBe(10);
    expect(behind?.attempted).toBeGreaterThan(10);
  });

  test("an element that becomes a dead letter, and the runs that found it: of tries that failed", async () => {
    const run = await runPipeline(
      (p) =>
        seen(p)
          .reshuffle()
          .map(
            (n) => {
              calls.add();
              if (n === 4) throw new Error("never");
              return n;
            },
            { name: "check" },
          )
          .parDo({ process() {} }),
      { shards: 1, allowDeadLetters: true },
    );
    expect(run.deadLetters).toHaveLength(1);
    const [check] = run.metrics.query({ step: "check" });
    expect(check?.committed).toBe(9);
    expect(check?.attempted).toBeGreaterThan(20);
  });

  test("a metric that only failed tries counted is committed in none", async () => {
    const run = await runPipeline(
      (p) =>
        seen(p, 1)
          .map(
            (n) => {
              calls.add();
              throw new Error(`never ${n}`);
            },
            { name: "never" },
          )
          .write(pubsub.topic("out")),
      { allowDeadLetters: true },
    );
    const [never] = run.metrics.query({ step: "never" });
    expect(never?.committed).toBeUndefined();
    expect(never?.attempted).toBeGreaterThanOrEqual(3);
  });

  const counted = pipeline("counted", (p) =>
    p
      .create(numbers(20))
      .reshuffle()
      .map(counting, { name: "map" })
      .keyBy((n) => n % 3)
      .combinePerKey(sum())
      .map(counting, { name: "panes" })
      .write(pubsub.topic("out")),
  );

  async function runCounted(
    options: MemoryMeshOptions,
    prepare: (mesh: MemoryMesh) => void = () => {},
  ) {
    const mesh = new MemoryMesh(counted, { shards: 2, ...options });
    prepare(mesh);
    await mesh.launch();
    await mesh.run();
    const { metrics: all, state } = await mesh.status();
    await mesh.stop();
    expect(state).toBe("DONE");
    const committed = Object.fromEntries(all.map((m) => [m.step, m.committed]));
    const attempted = Object.fromEntries(all.map((m) => [m.step, m.attempted]));
    return { committed, attempted };
  }

  test("a delivery that comes twice, before or after its commit", async () => {
    let deliveries = 0;
    const { committed, attempted } = await runCounted({
      wrapDeliver: (deliver) => async (message) => {
        deliveries++;
        await deliver(message);
        await deliver(message);
      },
    });
    expect(deliveries).toBeGreaterThan(5);
    expect(committed).toEqual({ map: 20, panes: 3 });
    expect(attempted).toEqual({ map: 20, panes: 3 });
  });

  test("a race that another instance won: its commit counts, and the lost one does not", async () => {
    let lost = 0;
    const { committed, attempted } = await runCounted({}, ({ store }) => {
      const commitHead = store.commitHead.bind(store);
      store.commitHead = async (commit) => {
        if (lost++ > 0) return commitHead(commit);
        const body = commit.head.body.replace(/"token":"\w+"/, '"token":"another"');
        await commitHead({ ...commit, head: { ...commit.head, body } });
        throw new MeshError("ERR_STORE_CONTENTION", "lost the race");
      };
    });
    expect(lost).toBeGreaterThan(2);
    expect(committed).toEqual({ map: 20, panes: 3 });
    expect(Number(attempted["map"])).toBeGreaterThanOrEqual(20);
  });

  test("in an ingest stage: groups that were confirmed count, one that was not comes again", async () => {
    const words = pipeline("words", (p) =>
      p
        .read(pubsub.topic<string>("words"))
        .map(counting, { name: "map" })
        .windowInto(fixedWindows(1_000))
        .keyBy((word) => word)
        .groupByKey()
        .write(pubsub.topic("out")),
    );
    const mesh = new MemoryMesh(words, { shards: 1 });
    const publish = mesh.mailboxes.publish.bind(mesh.mailboxes);
    let failures = 0;
    mesh.mailboxes.publish = async (messages) => {
      const isIngest = messages.some(({ topic }) => topic.includes("group-by-key"));
      // Published, and yet told to have failed: the bundle arrives, and its messages come again.
      await publish(messages);
      if (isIngest && failures++ === 0) throw new MeshError("ERR_UNAVAILABLE", "no answer");
    };
    await mesh.launch();
    await mesh.publish("words", [{ data: '"a"' }]);
    await mesh.run(mesh.clock.nowMs() + 200_000);
    const status = await mesh.status();
    await mesh.stop();
    expect(failures).toBe(2);
    expect(status.stages[0]?.elementsIn).toBe(1);
    expect(status.stages[1]?.duplicates).toBe(1);
    expect(status.metrics).toMatchObject([{ step: "map", committed: 1, attempted: 2 }]);
  });
});

test("metrics of an update go on in the state of the shard, over instances", async () => {
  const stream = pipeline("stream", (p) =>
    p
      .read(pubsub.topic<number>("in"))
      .reshuffle()
      .map(counting, { name: "map" })
      .parDo({ process() {} }),
  );
  const mesh = new MemoryMesh(stream, { shards: 1 });
  await mesh.launch();
  for (const n of [1, 2, 3]) {
    await mesh.publish("in", [{ data: String(n) }]);
    await mesh.run(mesh.clock.nowMs() + 5_000);
    for (const { id } of mesh.plan.stages) mesh.restart(id);
  }
  expect((await mesh.status()).metrics).toMatchObject([
    { step: "map", committed: 3, attempted: 3 },
  ]);
  await mesh.stop();
});
