/**
 * windowInto: what a trigger asks for, what is inherited, and what a grouping makes of windowing.
 */
import { expect, test } from "vitest";
import {
  afterCount,
  afterProcessingTime,
  compile,
  count,
  customWindows,
  files,
  fixedWindows,
  globalWindow,
  type PCollection,
  pipeline,
  pubsub,
  repeatedly,
  sessions,
  sum,
  type WindowFn,
  type WindowOptions,
} from "../../../../sdk/index.ts";
import type { GraphNode } from "../../../../sdk/model/graph.ts";
import type { WindowingStrategy } from "../../../../sdk/windowing/windowing-strategy.ts";
import { meshErrorOf } from "../errors.ts";

const trigger = repeatedly(afterCount(10));

function windowingOf(
  build: (numbers: PCollection<number>) => unknown,
): readonly WindowingStrategy[] {
  const built = pipeline("test", (p) => {
    build(p.create([1]));
  });
  return built.graph.nodes.map(({ windowing }) => windowing);
}

function refused(options: object): ReturnType<typeof meshErrorOf> {
  return meshErrorOf(() =>
    windowingOf((numbers) => numbers.windowInto(fixedWindows(10), options as WindowOptions)),
  );
}

test("a trigger asks what later panes hold", () => {
  expect(refused({ trigger })).toMatchObject({
    code: "ERR_OPTION",
    message: expect.stringMatching(/a trigger, but no accumulation.*"discarding".*"accumulating"/),
  });
  expect(refused({ trigger, accumulation: "both" }).code).toBe("ERR_OPTION");
  expect(refused({ accumulation: "both" }).code).toBe("ERR_OPTION");
});

test("panes that take back what earlier ones said are not supported, by name", () => {
  expect(refused({ trigger, accumulation: "accumulatingAndRetracting" })).toMatchObject({
    code: "ERR_UNSUPPORTED",
    message: expect.stringContaining('"accumulatingAndRetracting"'),
  });
});

test("other windows keep the trigger, and panes, that were asked for before", () => {
  const [, , last] = windowingOf((numbers) =>
    numbers
      .windowInto(globalWindow(), { trigger, accumulation: "accumulating", closing: "fireAlways" })
      .windowInto(fixedWindows(10)),
  );
  expect(last).toMatchObject({
    windowFn: { kind: "fixed" },
    trigger,
    accumulation: "accumulating",
    closing: "fireAlways",
  });
});

test("behind a grouping windows are merged, and its trigger goes on", () => {
  const delay = repeatedly(afterProcessingTime({ delay: 1_000 }));
  const grouped = (
    group: (numbers: PCollection<number>) => unknown,
  ): WindowingStrategy | undefined =>
    windowingOf((numbers) =>
      group(numbers.windowInto(sessions(10), { trigger: delay, accumulation: "discarding" })),
    ).at(-1);
  const expected = {
    windowFn: { kind: "sessions", gapMs: 10 },
    merging: "done",
    trigger: { kind: "repeatedly", trigger: { kind: "afterSynchronizedProcessingTime" } },
    accumulation: "discarding",
  };
  expect(grouped((n) => n.keyBy((x) => x).groupByKey())).toMatchObject(expected);
  expect(
    grouped((n) =>
      n
        .keyBy((x) => x)
        .combinePerKey(count())
        .values(),
    ),
  ).toMatchObject(expected);
  expect(grouped((n) => n.combineGlobally(sum(), { withoutDefaults: true }))).toMatchObject(
    expected,
  );
  const twice = grouped((n) =>
    n
      .keyBy((x) => x)
      .groupByKey()
      .keyBy(({ key }) => key)
      .groupByKey(),
  );
  expect(twice).toMatchObject(expected);
  expect(grouped((n) => n.reshuffle())).toMatchObject({ merging: "needed", trigger: delay });
  const again = grouped((n) =>
    n
      .keyBy((x) => x)
      .groupByKey()
      .windowInto(sessions(20)),
  );
  expect(again).toMatchObject({ merging: "needed", windowFn: { gapMs: 20 } });
});

test("with a trigger of its own a combineGlobally can't have a default", () => {
  const error = meshErrorOf(() =>
    windowingOf((numbers) =>
      numbers
        .windowInto(globalWindow(), { trigger, accumulation: "discarding" })
        .combineGlobally(sum()),
    ),
  );
  expect(error.code).toBe("ERR_PIPELINE");
  expect(error.message).toMatch(/trigger may fire before all is there.*withoutDefaults/);
});

function shuffleOf(windowFn: WindowFn<number>, options: WindowOptions = {}) {
  const built = pipeline("test", (p) => {
    p.create([1])
      .windowInto(windowFn, options)
      .keyBy((x) => x)
      .combinePerKey(count())
      .write(files.ndjson("o"));
  });
  const plan = compile(built);
  return { plan, stage: plan.stages[1]!, edge: plan.edges[0]! };
}

test("a plan names an author's own windows and holds none of their functions", () => {
  const own = (parameters: number) =>
    customWindows<number>({ name: "own", parameters, assign: () => [], merge: () => [] });
  const { plan, stage } = shuffleOf(own(1));
  expect(JSON.parse(JSON.stringify(plan))).toEqual(JSON.parse(JSON.stringify(plan, null, 1)));
  expect(stage.shuffle?.windowing).toMatchObject({
    windowFn: { kind: "custom", name: "own", isMerging: true, parameters: 1 },
    merging: "needed",
  });
  expect(Object.keys(stage.shuffle?.windowing.windowFn ?? {})).not.toContain("code");
  // Names, parameters and triggers are what an update must not change.
  const prints = [
    stage,
    shuffleOf(own(2)).stage,
    shuffleOf(customWindows({ name: "other", assign: () => [], merge: () => [] })).stage,
    shuffleOf(own(1), { trigger, accumulation: "discarding" }).stage,
  ].map(({ fingerprint }) => fingerprint);
  expect(new Set(prints).size).toBe(4);
  expect(shuffleOf(own(1)).stage.fingerprint).toBe(stage.fingerprint);
});

test("a bundle is not folded where a trigger counts its elements", () => {
  const lift = (count: number) =>
    shuffleOf(fixedWindows(10), {
      trigger: repeatedly(afterCount(count)),
      accumulation: "discarding",
    }).edge.lift;
  expect([lift(1), lift(2)]).toEqual(["bundle", "element"]);
});

test("unbounded input in the global window may be grouped if its trigger fires early", () => {
  const compiled = (options: WindowOptions): readonly GraphNode[] => {
    const built = pipeline("test", (p) => {
      p.read(pubsub.topic<number>("n"))
        .windowInto(globalWindow(), options)
        .keyBy((x) => x)
        .groupByKey()
        .write(files.ndjson("o"));
    });
    compile(built);
    return built.graph.nodes;
  };
  expect(compiled({ trigger, accumulation: "discarding" }).length).toBeGreaterThan(3);
  const waiting = {
    trigger: repeatedly({ kind: "afterWatermark" }),
    accumulation: "discarding",
  } as const;
  const error = meshErrorOf(() => compiled(waiting));
  expect(error.code).toBe("ERR_PIPELINE");
  expect(error.message).toMatch(/would never emit.*trigger.*repeatedly\(afterCount\(100\)\)/);
});
