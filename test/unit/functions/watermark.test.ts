/**
 * Watermark: the formula, case by case, and W1 to W3 for any snapshot.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { newProgress, type ShardProgress } from "../../../functions/head.ts";
import { type Job, newJob, type StageWatermarks } from "../../../functions/job.ts";
import { bundlesInFlight, computeWatermarks, type MeshView } from "../../../functions/watermark.ts";
import {
  compile,
  firestore,
  fixedWindows,
  type MeshPlan,
  pipeline,
  pubsub,
  sum,
} from "../../../sdk/index.ts";
import { MAX_TIMESTAMP, MIN_TIMESTAMP, type Timestamp } from "../../../sdk/model/time.ts";
import { at } from "../../support/builders.ts";

const plan: MeshPlan = compile(
  pipeline("chain", (p) => {
    p.read(pubsub.topic<number>("in"))
      .windowInto(fixedWindows(10))
      .keyBy((n) => n)
      .combinePerKey(sum(), { name: "first" })
      .combinePerKey(sum(), { name: "second" })
      .write(firestore.collection("out", { id: (r) => String(r.key) }));
  }),
  { shards: 2 },
);
const [source = "", first = "", second = ""] = plan.stages.map(({ id }) => id);
const job: Job = newJob("chain", plan.hash, 0);

function viewOf(
  watermark: number,
  heads: Readonly<Record<string, Partial<ShardProgress>>> = {},
  registers: MeshView["registers"] = [],
): MeshView {
  const all = Object.entries(heads).map(
    ([key, head]) => [key, { ...newProgress(), ...head }] as const,
  );
  return { plan, heads: new Map(all), registers, sources: { [source]: at(watermark) } };
}

function register(sends: [string, number, number, number][]): MeshView["registers"][number] {
  return {
    stage: source,
    producer: "i1",
    index: 0,
    confirmed: -1,
    sends: sends.map(([stage, shard, sequence, minTime]) => [stage, shard, sequence, at(minTime)]),
    observed: undefined,
    metrics: { messages: 1, elementsOut: 1, deadLetters: 0 },
    atMs: 0,
  };
}

const sent = (target: string, next: number, ranges: [number, number, number][]) => ({
  sent: {
    [target]: {
      next,
      ranges: ranges.map(([a, b, t]) => [a, b, at(t)] as [number, number, Timestamp]),
    },
  },
});

test("nothing in flight and nothing held: the source's watermark goes through", () => {
  expect(computeWatermarks(viewOf(7), job)).toEqual({
    [source]: [7, 7],
    [first]: [7, 7],
    [second]: [7, 7],
  });
});

test("a hold keeps the output back and not the input, and so everything downstream", () => {
  const view = viewOf(100, { [`${first}/1`]: { hold: at(40) } });
  expect(computeWatermarks(view, job)).toMatchObject({ [first]: [100, 40], [second]: [40, 40] });
});

test("a register protects what it planned until it is received", () => {
  const open = [register([[first, 0, 0, 30]])];
  expect(computeWatermarks(viewOf(100, {}, open), job)[first]).toEqual([30, 30]);
  const received = {
    [`${first}/0`]: { received: { i1: [[0, 0], 5] } satisfies ShardProgress["received"] },
  };
  expect(computeWatermarks(viewOf(100, received, open), job)[first]).toEqual([100, 100]);
});

test("a range protects what is in flight between shards until all of it is received", () => {
  const target = `${second}/0`;
  const view = (intervals: number[]): MeshView =>
    viewOf(100, {
      [`${first}/0`]: sent(target, 3, [
        [0, 1, 20],
        [2, 2, 60],
      ]),
      [target]: { received: { [`${first}/0`]: [intervals, 0] } },
    });
  expect(computeWatermarks(view([]), job)[second]).toEqual([20, 20]);
  expect(computeWatermarks(view([0, 0]), job)[second]).toEqual([20, 20]);
  expect(computeWatermarks(view([0, 1]), job)[second]).toEqual([60, 60]);
  expect(computeWatermarks(view([0, 0, 2, 2]), job)[second]).toEqual([20, 20]);
  expect(computeWatermarks(view([0, 2]), job)[second]).toEqual([100, 100]);
  expect(bundlesInFlight(view([0, 0, 2, 2])).get(second)).toBe(1);
});

test("what a stage's shards send to each other holds its output, though its input has passed it", () => {
  // A part of a read that another shard shall take: all of the stage's input has long arrived.
  const passed: Job = { ...job, watermarks: { [first]: [MAX_TIMESTAMP, at(5)] } };
  const to = `${first}/0`;
  const view = (intervals: number[]): MeshView =>
    viewOf(MAX_TIMESTAMP, {
      [`${first}/1`]: sent(to, 1, [[0, 0, 5]]),
      [to]: { received: { [`${first}/1`]: [intervals, 0] } },
    });
  expect(computeWatermarks(view([]), passed)).toMatchObject({
    [first]: [MAX_TIMESTAMP, 5],
    [second]: [5, 5],
  });
  expect(computeWatermarks(view([0, 0]), passed)[first]).toEqual([MAX_TIMESTAMP, MAX_TIMESTAMP]);
});

test("late bundles in flight are counted though no range protects them any more", () => {
  const view = viewOf(100, { [`${first}/0`]: sent(`${second}/0`, 2, []) });
  expect(computeWatermarks(view, job)[second]).toEqual([100, 100]);
  expect(bundlesInFlight(view).get(second)).toBe(2);
});

test("neither watermark ever goes back (W1)", () => {
  const watermarks: StageWatermarks = { [first]: [at(50), at(45)], [second]: [at(45), at(45)] };
  const view = viewOf(10, { [`${first}/0`]: { hold: at(5) } });
  expect(computeWatermarks(view, { ...job, watermarks })).toMatchObject({
    [first]: [50, 45],
    [second]: [45, 45],
  });
});

test("at the end of all sources with nothing open every watermark is +∞", () => {
  const all = Object.values(computeWatermarks(viewOf(MAX_TIMESTAMP), job)).flat();
  expect(new Set(all)).toEqual(new Set([MAX_TIMESTAMP]));
});

test("before the source has said anything all stand at -∞", () => {
  const view = { ...viewOf(0), sources: {} };
  expect(new Set(Object.values(computeWatermarks(view, job)).flat())).toEqual(
    new Set([MIN_TIMESTAMP]),
  );
});

test("W1 to W3 hold for any sequence of snapshots", () => {
  const time = fc.nat(100);
  const snapshot = fc.record({ source: time, hold: time, registered: time, range: time });
  fc.assert(
    fc.property(fc.array(snapshot, { maxLength: 10 }), (snapshots) => {
      let before: Job = job;
      for (const { source: watermark, hold, registered, range } of snapshots) {
        const heads = {
          [`${first}/0`]: { hold: at(hold), ...sent(`${second}/1`, 1, [[0, 0, range]]) },
        };
        const view = viewOf(watermark, heads, [register([[first, 1, 0, registered]])]);
        const watermarks = computeWatermarks(view, before);
        for (const [stage, [input, output]] of Object.entries(watermarks)) {
          const [inputBefore, outputBefore] = before.watermarks[stage] ?? [
            MIN_TIMESTAMP,
            MIN_TIMESTAMP,
          ];
          expect(input).toBeGreaterThanOrEqual(inputBefore);
          expect(output).toBeGreaterThanOrEqual(outputBefore);
          expect(output).toBeLessThanOrEqual(input);
        }
        const inputOf = (stage: string): number => watermarks[stage]?.[0] ?? 0;
        const wasAt = (stage: string): number => before.watermarks[stage]?.[0] ?? MIN_TIMESTAMP;
        expect(inputOf(first)).toBeLessThanOrEqual(Math.max(wasAt(first), registered));
        expect(inputOf(second)).toBeLessThanOrEqual(Math.max(wasAt(second), range));
        expect(inputOf(second)).toBeLessThanOrEqual(watermarks[first]?.[1] ?? 0);
        before = { ...before, watermarks };
      }
    }),
  );
});
