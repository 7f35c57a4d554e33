/**
 * Tracker: which registers leave (Y2), which shards are told (Y1), and when nobody calls again (Y3).
 */
import { expect, test } from "vitest";
import { decodeEnvelope } from "../../../functions/envelope.ts";
import { newProgress, type ShardProgress } from "../../../functions/head.ts";
import { type Job, newJob } from "../../../functions/job.ts";
import type { OutgoingMessage } from "../../../functions/ports.ts";
import { decodeRegister, type Register, registerId } from "../../../functions/register.ts";
import { ticksOf } from "../../../functions/stage-handler.ts";
import { tick } from "../../../functions/tracker.ts";
import {
  compile,
  firestore,
  fixedWindows,
  pipeline,
  pubsub,
  sum,
  watermarks,
} from "../../../sdk/index.ts";
import { MeshError } from "../../../sdk/model/errors.ts";
import { at, codeOf, optionsOf, type UnitWorld, unitWorld } from "../../support/builders.ts";

const minuteMs = 60_000;
const plan = compile(
  pipeline("tracked", (p) => {
    const watermark = watermarks.boundedOutOfOrderness(0);
    p.read(pubsub.topic<number>("in", { watermark }))
      .windowInto(fixedWindows(10))
      .keyBy((n) => n)
      .combinePerKey(sum())
      .write(firestore.collection("out", { id: (r) => String(r.key) }));
  }),
  { shards: 2 },
);
const [source = "", group = ""] = plan.stages.map(({ id }) => id);

/** A world with a launched job whose clock is moved by hand. */
class Tracked {
  nowMs = 1_000_000;
  readonly unit: UnitWorld = unitWorld({
    clock: { nowMs: () => this.nowMs, sleep: async () => {} },
  });
  #versions = new Map<number, number>();

  async launched(job: Partial<Job> = {}): Promise<this> {
    await this.unit.store.commitJob({
      previousVersion: undefined,
      job: { version: 1, text: JSON.stringify({ ...newJob("tracked", plan.hash, 0), ...job }) },
      registersToPut: [],
      registersToDelete: [],
    });
    return this;
  }

  async register(register: Partial<Register>): Promise<void> {
    const whole: Register = {
      stage: source,
      producer: "i1",
      index: 0,
      confirmed: -1,
      sends: [[group, 0, 0, at(10)]],
      observed: { minTime: at(10), maxTime: at(10) },
      metrics: { messages: 1, elementsOut: 1, deadLetters: 0 },
      atMs: this.nowMs,
      ...register,
    };
    await this.unit.store.putRegister({ id: registerId(whole), text: JSON.stringify(whole) });
  }

  async head(shard: number, progress: Partial<ShardProgress>): Promise<void> {
    const previousVersion = this.#versions.get(shard);
    const version = (previousVersion ?? 0) + 1;
    this.#versions.set(shard, version);
    const text = JSON.stringify({ ...newProgress(), ...progress });
    await this.unit.store.commitHead({
      shard: { stage: group, shard },
      previousVersion,
      head: { version, progress: text, body: "{}" },
      partsToPut: [],
      partsToDelete: [],
      sinkDocuments: [],
    });
  }

  /** Ticks once, with ticks of its own so that each call for a next one shows. */
  async tick(): Promise<{ told: OutgoingMessage[]; wakes: number }> {
    const { world, published, wakes } = this.unit;
    published.length = 0;
    wakes.length = 0;
    const options = optionsOf();
    await tick({ plan, world, options, ticks: ticksOf(plan, world, options) });
    return { told: [...published], wakes: wakes.length };
  }

  async registers(): Promise<string[]> {
    return (await this.unit.store.snapshot()).registers.map(({ id }) => id).sort();
  }

  async job(): Promise<Job> {
    return JSON.parse((await this.unit.store.readJob())?.text ?? "null");
  }
}

const received = (...sequences: number[]): Partial<ShardProgress> => ({
  received: { i1: [sequences.flatMap((s) => [s, s]), 0] },
});

test("an idle mesh is not called again, and nothing is written (Y3)", async () => {
  const tracked = await new Tracked().launched();
  await tracked.tick();
  const { commits } = tracked.unit.store.counts;
  expect(await tracked.tick()).toEqual({ told: [], wakes: 0 });
  expect(tracked.unit.store.counts.commits).toBe(commits);
});

test("a register leaves when everything in it has arrived, with its counts; one more tick follows", async () => {
  const tracked = await new Tracked().launched();
  await tracked.register({
    confirmed: 0,
    sends: [
      [group, 0, 0, at(10)],
      [group, 1, 0, at(10)],
    ],
  });
  await tracked.head(0, received(0));
  expect((await tracked.tick()).wakes).toBe(1);
  expect(await tracked.registers()).toEqual(["i1-0"]);
  await tracked.head(1, received(0));
  expect((await tracked.tick()).wakes).toBe(1);
  expect(await tracked.registers()).toEqual([]);
  expect((await tracked.job()).ingest[source]).toMatchObject({ messages: 1 });
  expect((await tracked.tick()).wakes).toBe(0);
});

test("what has arrived and is not confirmed stays: its messages may come again, and count then", async () => {
  const tracked = await new Tracked().launched();
  await tracked.register({});
  await tracked.head(0, received(0));
  expect((await tracked.tick()).wakes).toBe(1);
  expect(await tracked.registers()).toEqual(["i1-0"]);
  expect((await tracked.job()).watermarks[group]).toEqual([10, 10]);
  tracked.nowMs += 90_001;
  await tracked.tick();
  expect(await tracked.registers()).toEqual([]);
  expect((await tracked.job()).ingest[source]).toBeUndefined();
});

test("what a register observed counts in the commit that removes it", async () => {
  const tracked = await new Tracked().launched();
  await tracked.register({ confirmed: 0, observed: { minTime: at(3), maxTime: at(70) } });
  await tracked.head(0, received(0));
  await tracked.tick();
  expect(await tracked.registers()).toEqual([]);
  expect((await tracked.job()).watermarks[source]).toEqual([70, 70]);
});

test("an unconfirmed register is dropped after the timeout, a confirmed one never", async () => {
  const tracked = await new Tracked().launched();
  await tracked.register({ producer: "lost" });
  await tracked.register({ producer: "sure", confirmed: 0 });
  tracked.nowMs += 89_000;
  await tracked.tick();
  expect(await tracked.registers()).toEqual(["lost-0", "sure-0"]);
  tracked.nowMs += 600 * minuteMs;
  await tracked.tick();
  expect(await tracked.registers()).toEqual(["sure-0"]);
  expect((await tracked.job()).watermarks[group]).toEqual([10, 10]);
});

test("a later register that has arrived still confirms the earlier one that has not", async () => {
  const tracked = await new Tracked().launched();
  await tracked.register({ index: 0, sends: [[group, 1, 0, at(10)]] });
  await tracked.register({ index: 1, confirmed: 0, sends: [[group, 0, 0, at(50)]] });
  await tracked.head(0, received(0));
  await tracked.tick();
  tracked.nowMs += 60 * minuteMs;
  await tracked.tick();
  expect(await tracked.registers()).toContain("i1-0");
  expect((await tracked.job()).watermarks[group]).toEqual([10, 10]);
  await tracked.head(1, received(0));
  await tracked.tick();
  expect(await tracked.registers()).toEqual([]);
});

test("what has arrived of an open register stays arrived when its shard forgets the producer", async () => {
  const tracked = await new Tracked().launched();
  const sends = [
    [group, 0, 0, at(10)],
    [group, 1, 0, at(10)],
  ] as const;
  await tracked.register({ confirmed: 0, sends });
  await tracked.head(0, received(0));
  for (let minute = 0; minute < 59; minute++) {
    tracked.nowMs += minuteMs;
    await tracked.tick();
  }
  await tracked.head(0, {}); // Forgotten after an hour of silence (activation.ts).
  await tracked.head(1, received(0));
  await tracked.tick();
  expect(await tracked.registers()).toEqual([]);
});

test("only shards with a timer that is due are told, and once", async () => {
  const tracked = await new Tracked().launched({ state: "DRAINING" });
  await tracked.head(0, { nextTimer: at(9), hold: at(9) });
  await tracked.head(1, {});
  const { told, wakes } = await tracked.tick();
  expect(told.map(({ orderingKey }) => orderingKey)).toEqual(["0"]);
  expect(decodeEnvelope(told[0]!.data, plan.hash).body).toMatchObject({ kind: "advance" });
  expect(wakes).toBe(1);
  expect((await tracked.tick()).told).toEqual([]);
  tracked.nowMs += 10_001;
  expect((await tracked.tick()).told).toHaveLength(1);
});

test("a mailbox that refuses is no sink: the tick is tried again (SE1)", async () => {
  const tracked = await new Tracked().launched({ state: "DRAINING" });
  await tracked.head(0, { nextTimer: at(9), hold: at(9) });
  tracked.unit.world.mailboxes.publish = async () => {
    throw new MeshError("ERR_SINK", "Permission 'pubsub.topics.publish' denied.");
  };
  const refused = tracked.tick();
  await expect(refused).rejects.toMatchObject({ code: "ERR_UNAVAILABLE" });
  await expect(refused).rejects.toThrow("Permission 'pubsub.topics.publish' denied.");
});

test("a shard is told what is stored, and not more (Y1)", async () => {
  const tracked = await new Tracked().launched({ state: "DRAINING" });
  await tracked.head(0, { nextTimer: at(9), hold: at(9) });
  const { told } = await tracked.tick();
  const { body } = decodeEnvelope(told[0]!.data, plan.hash);
  const stored = (await tracked.job()).watermarks;
  expect(body.kind === "advance" && body.watermarks[group]).toEqual(stored[group]);
});

test("a job of another plan is ERR_PLAN_MISMATCH, and no job at all is nothing to do", async () => {
  expect(await codeOf(() => new Tracked().tick())).toBeUndefined();
  const other = await new Tracked().launched({ plan: "other" });
  expect(await codeOf(() => other.tick())).toBe("ERR_PLAN_MISMATCH");
});

test("a register is read back as it was written", async () => {
  const tracked = await new Tracked().launched();
  await tracked.register({ index: 4 });
  const [record] = (await tracked.unit.store.snapshot()).registers;
  expect(registerId(decodeRegister(record!.text))).toBe(record!.id);
});
