/**
 * Splittable reads as authors write them: what is refused, and what becomes of them in a plan.
 */
import { expect, test } from "vitest";
import {
  compile,
  explainPlan,
  firestore,
  generateSequence,
  kv,
  OffsetRangeTracker,
  ProcessContinuation,
  periodicImpulse,
  periodicSequence,
  pipeline,
  type Root,
  type Source,
  type Splittable,
  splittable,
  watermarkEstimators,
} from "../../../../sdk/index.ts";
import { meshErrorOf } from "../errors.ts";

type Numbers = Splittable<number, { from: number; to: number }, number>;

const numbers = (changes: Partial<Numbers> = {}): Source<number> =>
  splittable({
    name: "numbers",
    bounded: true,
    initialRestriction: () => ({ from: 0, to: 3 }),
    newTracker: (range) => new OffsetRangeTracker(range),
    process: () => ProcessContinuation.stop(),
    ...changes,
  });

const written = (read: (p: Root) => Source<number>) =>
  pipeline("written", (p) =>
    p
      .read(read(p))
      .map((n) => kv(n, n))
      .write(firestore.collection("out", { id: (r) => String(r.key) })),
  );

test("a read needs a name, and an unbounded one a watermark estimator", () => {
  expect(meshErrorOf(() => numbers({ name: " " })).code).toBe("ERR_OPTION");
  const error = meshErrorOf(() => numbers({ bounded: false }));
  expect(error.code).toBe("ERR_OPTION");
  expect(error.message).toContain('"numbers" is unbounded');
  const each = (): unknown =>
    pipeline("each", (p) => {
      const start = { start: 0, interval: 1 };
      p.create([start]).readEach({ ...periodicSequence(), name: "" });
    });
  expect(meshErrorOf(each).code).toBe("ERR_OPTION");
});

test("a stop says nothing more, a resume when to go on", () => {
  expect(ProcessContinuation.stop()).toEqual({ shouldResume: false, resumeDelayMs: 0 });
  expect(ProcessContinuation.resume()).toEqual({ shouldResume: true, resumeDelayMs: 0 });
  const resumed = ProcessContinuation.resume({ delay: { seconds: 2 } });
  expect(resumed).toEqual({ shouldResume: true, resumeDelayMs: 2_000 });
  expect(meshErrorOf(() => ProcessContinuation.resume({ delay: -1 })).code).toBe("ERR_DURATION");
});

test("it becomes a read stage, which is told of a drain if that cuts it short", () => {
  const planOf = (changes: Partial<Numbers>) => compile(written(() => numbers(changes))).stages[0];
  const bounded = planOf({});
  expect(bounded).toMatchObject({ kind: "read", shards: 4, connectors: ["firestore"] });
  expect(bounded?.read).toEqual({ bounded: true, truncates: false });
  expect(planOf({ truncate: () => undefined })?.read).toEqual({ bounded: true, truncates: true });
  const watermark = watermarkEstimators.manual();
  const unbounded = planOf({ bounded: false, watermark });
  expect(unbounded).toMatchObject({ kind: "read", read: { bounded: false, truncates: true } });
});

test("a plan in words says how far a read goes", () => {
  const bounded = written(() => numbers());
  expect(explainPlan(compile(bounded), bounded.graph)).toContain("reads     to its end");
  const impulse = written(() => periodicImpulse({ start: 0, interval: 1 }));
  expect(explainPlan(compile(impulse), impulse.graph)).toContain(
    "reads     without end, by its watermark estimator; a drain cuts it short",
  );
});

test("what stands behind an unbounded read is unbounded: a grouping needs windows", () => {
  const grouped = (source: Source<number>) =>
    pipeline("grouped", (p) => {
      p.read(source)
        .keyBy((n) => n)
        .groupByKey()
        .write(firestore.collection("out", { id: (r) => String(r.key) }));
    });
  const rate = { elements: 1, per: 1_000 };
  expect(meshErrorOf(() => compile(grouped(generateSequence({ rate })))).code).toBe("ERR_PIPELINE");
  compile(grouped(generateSequence({ rate, to: 5 })));
  compile(grouped(generateSequence({ rate, maxReadTime: 5 })));
});

test.each([
  [{}, "it must have an end"],
  [{ to: 5, maxReadTime: 5 }, "no maxReadTime"],
  [{ from: 0.5, to: 2 }, "from is no such number"],
  [{ rate: { elements: 0, per: 1 } }, "rate.elements is no such number"],
])("generateSequence refuses %o", (options, words) => {
  const error = meshErrorOf(() => generateSequence(options));
  expect(error.code).toBe("ERR_OPTION");
  expect(error.message).toContain(words);
});

test("periodicImpulse refuses an interval of 0 and a start that is no time", () => {
  expect(meshErrorOf(() => periodicImpulse({ start: 0, interval: 0 })).code).toBe("ERR_OPTION");
  expect(meshErrorOf(() => periodicImpulse({ start: NaN, interval: 1 })).code).toBe(
    "ERR_TIMESTAMP",
  );
});
