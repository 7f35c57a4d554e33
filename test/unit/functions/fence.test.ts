/**
 * Fence: what an instance refuses, drops and takes of other plans and generations.
 */
import { describe, expect, test } from "vitest";
import { type Envelope, encodeEnvelope } from "../../../functions/envelope.ts";
import { Fence } from "../../../functions/fence.ts";
import { decodeBody, decodeProgress } from "../../../functions/head.ts";
import { type Job, newJob } from "../../../functions/job.ts";
import { createStage, type StageHandler } from "../../../functions/stage-handler.ts";
import { hashKey } from "../../../sdk/coders/key-coder.ts";
import { count, firestore, fixedWindows, pipeline, pubsub } from "../../../sdk/index.ts";
import { at, codeOf, columnsOf, optionsOf, programFor, unitWorld } from "../../support/builders.ts";

const built = pipeline("fenced", (p) =>
  p
    .read(pubsub.topic<string>("in"))
    .windowInto(fixedWindows(10))
    .keyBy((s) => s)
    .combinePerKey(count())
    .write(firestore.collection("out", { id: (r) => r.key })),
);
const program = programFor(built, "shuffle");
const { plan, stage } = program;
const old = "old-plan";

/** One stage on one instance, over a job that may say what it likes. */
class Fenced {
  readonly unit = unitWorld();
  readonly handler: StageHandler = createStage({
    graph: built.graph,
    plan,
    stage: stage.id,
    world: this.unit.world,
    options: optionsOf(),
    connectors: {},
  });

  async store(job: Partial<Job>): Promise<void> {
    const previousVersion = (await this.unit.store.readJob())?.version;
    await this.unit.store.commitJob({
      previousVersion,
      job: {
        version: (previousVersion ?? 0) + 1,
        text: JSON.stringify({ ...newJob("fenced", plan.hash, 0), ...job }),
      },
      registersToPut: [],
      registersToDelete: [],
    });
  }

  deliver(envelope: Partial<Envelope>): Promise<string | undefined> {
    const whole: Envelope = {
      plan: plan.hash,
      producer: "instance1",
      sequence: 0,
      stage: stage.id,
      shard: 0,
      minTime: at(1),
      count: 1,
      body: { kind: "elements", windows: [{ ...columnsOf("0:a", [["a", [1]]]), ids: ["m1"] }] },
      ...envelope,
    };
    const data = Buffer.from(encodeEnvelope(whole));
    const message = { data, attributes: {}, messageId: "1", publishTime: "" };
    return codeOf(() => this.handler.deliver(message));
  }

  async received(shard = 0): Promise<string[]> {
    const head = await this.unit.store.newestHead({ stage: stage.id, shard });
    return head === undefined ? [] : Object.keys(decodeProgress(head.progress).received);
  }
}

describe("a plan that is not the stored job's", () => {
  test("is found out again after a time without a call (FE1)", async () => {
    const { store, world } = unitWorld();
    let reads = 0;
    let stored = plan.hash;
    const readJob = async (): ReturnType<typeof store.readJob> => {
      reads++;
      return { version: 1, text: JSON.stringify(newJob("fenced", stored, 0)) };
    };
    let nowMs = 0;
    const fence = new Fence(plan, { readJob }, { ...world.clock, nowMs: () => nowMs }, 1_000);
    for (nowMs = 0; nowMs < 5_000; nowMs += 1_000) await fence.verify();
    expect(reads).toBe(1);
    stored = "another";
    nowMs += 1;
    expect(await codeOf(() => fence.verify())).toBe("ERR_PLAN_MISMATCH");
  });

  test("writes no shard that was never committed (FE1)", async () => {
    const fenced = new Fenced();
    await fenced.store({ plan: "another" });
    expect(await fenced.deliver({})).toBe("ERR_PLAN_MISMATCH");
    expect(await fenced.received()).toEqual([]);
  });

  test("opens no state of the other plan", async () => {
    const fenced = new Fenced();
    await fenced.store({});
    const body = JSON.stringify({ token: "t", plan: "another", segments: [], memtable: {} });
    const head = { version: 1, progress: "{}", body };
    await fenced.unit.store.commitHead({
      shard: { stage: stage.id, shard: 0 },
      previousVersion: undefined,
      head,
      partsToPut: [],
      partsToDelete: [],
      sinkDocuments: [],
    });
    expect(await fenced.deliver({})).toBe("ERR_PLAN_MISMATCH");
  });

  test("is asked for once an instance", async () => {
    const fenced = new Fenced();
    await fenced.store({});
    const before = fenced.unit.store.counts.documentReads;
    for (const [sequence, shard] of [0, 1, 0, 1].entries()) {
      expect(await fenced.deliver({ sequence, shard })).toBeUndefined();
    }
    // Two shards that had no head, and the job.
    expect(fenced.unit.store.counts.documentReads - before).toBe(3);
  });
});

describe("a message of another plan", () => {
  const superseded = { [old]: { before: { stage: stage.id, shards: 2 } } };

  test("is refused where the job does not know the plan (FE2)", async () => {
    const fenced = new Fenced();
    await fenced.store({});
    expect(await fenced.deliver({ plan: old })).toBe("ERR_PLAN_MISMATCH");
  });

  test("is dropped if a shard, the tracker or the launch sent it (FE3)", async () => {
    const fenced = new Fenced();
    await fenced.store({ superseded });
    for (const producer of ["before/1", "launch/0", "tracker"]) {
      expect(await fenced.deliver({ plan: old, producer, stage: "before" })).toBeUndefined();
    }
    expect(await fenced.received()).toEqual([]);
  });

  test("is refused if its plan has come back since the last one", async () => {
    const fenced = new Fenced();
    await fenced.store({ superseded });
    const message = { plan: old, producer: "before/1", stage: "before" };
    expect(await fenced.deliver(message)).toBeUndefined();
    await fenced.store({ plan: old, generation: 2 });
    expect(await fenced.deliver(message)).toBe("ERR_PLAN_MISMATCH");
  });

  test("is taken if an ingest instance sent it, under the stage's name of today (FE3)", async () => {
    const fenced = new Fenced();
    await fenced.store({ superseded });
    expect(await fenced.deliver({ plan: old, stage: "before" })).toBeUndefined();
    expect(await fenced.received()).toEqual(["instance1"]);
    const head = await fenced.unit.store.newestHead({ stage: stage.id, shard: 0 });
    expect(decodeBody(head?.body ?? "").memtable).toMatchObject({ "k 0:a sa": expect.anything() });
  });

  test("is dropped if its stage was given up", async () => {
    const fenced = new Fenced();
    await fenced.store({ superseded });
    expect(await fenced.deliver({ plan: old, stage: "gone" })).toBeUndefined();
    expect(await fenced.received()).toEqual([]);
  });

  test("is spread over the shards of today where the stage had others", async () => {
    const fenced = new Fenced();
    await fenced.store({ superseded: { [old]: { before: { stage: stage.id, shards: 7 } } } });
    const keys = ["a", "b", "c", "d", "e", "f"];
    const columns = columnsOf(
      "0:a",
      keys.map((key) => [key, [1]]),
    );
    const windows = [{ ...columns, ids: keys.map((key) => `m-${key}`) }];
    const message = { plan: old, stage: "before", body: { kind: "elements", windows } } as const;
    // Two shards of before that are one of today's: each of their bundles counts by itself.
    for (const shard of [1, 5]) {
      expect(await fenced.deliver({ ...message, shard, count: 6 })).toBeUndefined();
    }
    expect(await fenced.received(1)).toEqual(["instance1.1", "instance1.5"]);
    const sent = fenced.unit.published.map(({ data }) => JSON.parse(String(data)) as Envelope);
    expect(sent.map(({ plan: of, producer }) => [of, producer])).toEqual(
      sent.map(() => [plan.hash, `${stage.id}/1`]),
    );
    const found = sent.flatMap(({ shard, body }) =>
      body.kind !== "elements" ? [] : body.windows.flatMap((w) => w.keys?.map((k) => [k, shard])),
    );
    const wanted = (columns.keys ?? []).map((key) => [key, hashKey(key) % 2]);
    expect(found.toSorted()).toEqual([...wanted, ...wanted].toSorted());
    expect(sent.every(({ body }) => body.kind === "elements" && body.windows[0]?.ids)).toBe(true);
  });
});

describe("a message of another generation", () => {
  async function ofGeneration(generation: number): Promise<Fenced> {
    const fenced = new Fenced();
    await fenced.store({ generation });
    const body = JSON.stringify({ token: "t", plan: plan.hash, generation, memtable: {} });
    const progress = JSON.stringify({ received: {}, sent: {}, watermarks: [0, 0], metrics: {} });
    const head = { version: generation * 1e9 + 1, progress, body };
    await fenced.unit.store.commitHead({
      shard: { stage: stage.id, shard: 0 },
      previousVersion: undefined,
      head,
      partsToPut: [],
      partsToDelete: [],
      sinkDocuments: [],
    });
    return fenced;
  }

  test("is dropped if it is older, refused if it is newer, and taken from an ingest instance", async () => {
    const fenced = await ofGeneration(2);
    expect(await fenced.deliver({ producer: "s/0", generation: 1 })).toBeUndefined();
    expect(await fenced.deliver({ producer: "s/0" })).toBeUndefined();
    expect(await fenced.received()).toEqual([]);
    expect(await fenced.deliver({ producer: "s/0", generation: 3 })).toBe("ERR_PLAN_MISMATCH");
    expect(await fenced.deliver({})).toBeUndefined();
    expect(await fenced.received()).toEqual(["instance1"]);
    expect(await fenced.deliver({ producer: "s/0", generation: 2 })).toBeUndefined();
    expect(await fenced.received()).toEqual(["instance1", "s/0"]);
  });

  test("goes on in the heads that are written, and in what they send", async () => {
    const fenced = await ofGeneration(2);
    await fenced.deliver({ producer: "s/0", generation: 2 });
    const head = await fenced.unit.store.newestHead({ stage: stage.id, shard: 0 });
    expect(head?.version).toBe(2e9 + 2);
    expect(decodeBody(head?.body ?? "")).toMatchObject({ plan: plan.hash, generation: 2 });
  });
});
