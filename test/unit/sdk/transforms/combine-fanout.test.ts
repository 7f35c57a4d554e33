/**
 * Fan-out: the same totals as without, on more shards, whatever the windowing (HF1, HF2).
 */
import { expect, test } from "vitest";
import {
  afterCount,
  compile,
  count,
  type Fanout,
  fixedWindows,
  type KV,
  kv,
  mean,
  type PCollection,
  pipeline,
  pubsub,
  type Root,
  repeatedly,
  sessions,
  sum,
  toList,
  type WindowOptions,
} from "../../../../sdk/index.ts";
import type { GraphNode, ParDoNode } from "../../../../sdk/model/graph.ts";
import { NO_FIRING } from "../../../../sdk/model/pane.ts";
import { GLOBAL_WINDOW } from "../../../../sdk/model/window.ts";
import type { ProcessContext } from "../../../../sdk/transforms/do-fn.ts";
import { at } from "../../../support/builders.ts";
import { type Elements, elementsOf, SMALL_BUNDLES, timedTopic } from "../../../support/elements.ts";
import { meshErrorOf } from "../errors.ts";

const numbers = Array.from({ length: 40 }, (_, i) => kv(i % 4 === 0 ? "cold" : "hot", i));
const totals = [kv("cold", { n: 10, all: 180 }), kv("hot", { n: 30, all: 600 })];

const fanouts: [string, Fanout<string>][] = [
  ["3 parts", 3],
  ["parts for one key", (key) => (key === "hot" ? 4 : 1)],
  ["1 part", 1],
  ["1 part for each key", () => 1],
];

test.each(fanouts)("%s give the same totals", async (_, fanout) => {
  const { sorted } = await elementsOf(
    (p) => p.create(numbers).combinePerKey({ n: count(), all: sum() }, { fanout }),
    SMALL_BUNDLES,
  );
  expect(sorted).toEqual(totals);
});

test("of nothing there is nothing; but globally, with a default, the empty fold", async () => {
  const none = await elementsOf((p) =>
    p.create<KV<string, number>>([]).combinePerKey(sum(), { fanout: 3 }),
  );
  expect(none.out).toEqual([]);
  const global = await elementsOf((p) =>
    p.create<number>([]).combineGlobally(sum(), { fanout: 3 }),
  );
  expect(global.sorted).toEqual([0]);
});

test("combineGlobally with a fan-out gives the same total, in windows too", async () => {
  const values = numbers.map(({ value }) => value);
  const all = await elementsOf(
    (p) => p.create(values).combineGlobally(sum(), { fanout: 5 }),
    SMALL_BUNDLES,
  );
  expect(all.sorted).toEqual([780]);
  const windowed = await elementsOf(
    (p) =>
      p
        .create(values, { timestamp: (n) => n })
        .windowInto(fixedWindows(10))
        .combineGlobally(count(), { fanout: 3, withoutDefaults: true }),
    SMALL_BUNDLES,
  );
  expect(windowed.sorted).toEqual([10, 10, 10, 10]);
});

const modes: WindowOptions[] = [
  { accumulation: "discarding" },
  { accumulation: "accumulating" },
  { accumulation: "accumulating", timestampCombiner: "earliest" },
  { accumulation: "discarding", timestampCombiner: "latest", closing: "fireAlways" },
];

test.each(modes)("late panes are those of a combine without fan-out, with %j", async (mode) => {
  const input = [
    { at: 1, v: 1 },
    { at: 2, v: 2 },
    { at: 100, v: 100 },
    ...[4, 8, 16, 32, 64, 128].map((v) => ({ at: 3, v })),
  ];
  const run = (fanout: Fanout<string>) =>
    elementsOf(
      (p) =>
        p
          .read(timedTopic<number>("in"))
          .map(({ v }) => kv("k", v))
          .windowInto(fixedWindows(10), { allowedLateness: { minutes: 1 }, ...mode })
          .combinePerKey(sum(), { fanout }),
      { portion: 1, input: { in: input } },
    );
  // The time of a late pane goes by how much of the watermark a shard has heard.
  const view = ({ out }: Elements<KV<string, number>>): unknown[] =>
    out.map(({ timestamp, ...rest }) => [rest, rest.pane.timing === "LATE" || timestamp]);
  const plain = await run(1);
  expect(plain.out.length).toBeGreaterThan(5);
  for (const fanout of [2, (): number => 3]) expect(view(await run(fanout))).toEqual(view(plain));
});

test("a CombineFn whose accumulators are no JSON, and one with compact, go through the parts", async () => {
  const compacting = {
    ...mean(),
    compact: ([all, n]: [number, number]): [number, number] => [all, n],
  };
  const { sorted } = await elementsOf(
    (p) => p.create([kv("a", 1), kv("a", 3)]).combinePerKey(compacting, { fanout: 2 }),
    SMALL_BUNDLES,
  );
  expect(sorted).toEqual([kv("a", 2)]);
  const lists = await elementsOf(
    (p) => p.create([kv("a", 1n), kv("a", 3n)]).combinePerKey(toList(), { fanout: 2 }),
    SMALL_BUNDLES,
  );
  expect(lists.sorted[0]?.value.sort()).toEqual([1n, 3n]);
});

test.each([0, -1, 1.5, Number.NaN])("a fan-out of %d is refused", async (fanout) => {
  const error = meshErrorOf(() =>
    pipeline("refused", (p) => p.create([kv("a", 1)]).combinePerKey(sum(), { fanout })),
  );
  expect(error.code).toBe("ERR_OPTION");
  const { dead, sorted } = await elementsOf((p) =>
    p.create([kv("a", 1), kv("b", 2)]).combinePerKey(sum(), {
      fanout: (key) => (key === "a" ? fanout : 2),
    }),
  );
  expect(sorted).toEqual([kv("b", 2)]);
  expect(dead).toMatchObject([{ error: { code: "ERR_USER_CODE" } }]);
});

/** The parts that a spread gives to these elements, one bundle. */
async function partsOf(
  read: (p: Root) => PCollection<number>,
  elements: readonly (readonly [value: number, time: number])[],
): Promise<unknown[]> {
  const { graph } = pipeline("spread", (p) => {
    read(p)
      .keyBy(() => "hot")
      .windowInto(fixedWindows(10))
      .combinePerKey(count(), { fanout: 1_000 });
  });
  const node = graph.nodes.find((n): n is ParDoNode => n.kind === "parDo") as ParDoNode;
  await node.fn.startBundle?.();
  const parts: unknown[] = [];
  for (const [value, time] of elements) {
    const output = (pair: unknown): void =>
      void parts.push((pair as KV<[string, number], number>).key[1]);
    const context = { timestamp: at(time), window: GLOBAL_WINDOW, pane: NO_FIRING, output };
    await node.fn.process(kv("hot", value), context as unknown as ProcessContext<unknown>);
  }
  return parts;
}

test("a message that comes again goes to the same part, and others to others (HF2)", async () => {
  const topic = (p: Root): PCollection<number> => p.read(pubsub.topic<number>("in"));
  const messages = Array.from({ length: 50 }, (_, i) => [i % 5, i] as const);
  const first = await partsOf(topic, messages);
  expect(await partsOf(topic, messages)).toEqual(first);
  expect(new Set(first).size).toBeGreaterThan(40);
  // One bundle of what is folded before the shuffle takes one part; the next may take another.
  const create = (p: Root): PCollection<number> => p.create<number>([]);
  const bundles = await Promise.all(Array.from({ length: 20 }, () => partsOf(create, messages)));
  expect(bundles.map((parts) => new Set(parts).size)).toEqual(bundles.map(() => 1));
  expect(new Set(bundles.flat()).size).toBeGreaterThan(10);
});

test("early panes hold all so far, or what is new, and each part is handed on once (HF1)", async () => {
  const input = [1, 2, 4, 8, 16, 32].map((v) => ({ at: 1, v }));
  for (const accumulation of ["accumulating", "discarding"] as const) {
    const { out } = await elementsOf(
      (p) =>
        p
          .read(timedTopic<number>("in"))
          .map(({ v }) => kv("k", v))
          .windowInto(fixedWindows(10), {
            trigger: repeatedly(afterCount(1)),
            accumulation,
            allowedLateness: { minutes: 1 },
          })
          .combinePerKey(sum(), { fanout: 2 }),
      { portion: 1, input: { in: input } },
    );
    const early = out.filter(({ pane }) => pane.timing === "EARLY");
    const values = early.map(({ element }) => element.value);
    expect(values).toEqual(
      accumulation === "accumulating" ? [1, 3, 7, 15, 31, 63] : [1, 2, 4, 8, 16, 32],
    );
  }
});

test("sessions whose elements lie in different parts are merged", async () => {
  const input = [1, 5, 9, 12, 40, 44].map((time) => ({ at: time, v: time }));
  const run = (fanout: number) =>
    elementsOf(
      (p) =>
        p
          .create(input, { timestamp: ({ at }) => at })
          .map(({ v }) => kv("k", v))
          .windowInto(sessions(6))
          .combinePerKey(sum(), { fanout }),
      SMALL_BUNDLES,
    );
  const { out } = await run(16);
  expect(out.map(({ element, window }) => [element.value, window.start, window.end])).toEqual(
    expect.arrayContaining([
      [27, 1, 18],
      [84, 40, 50],
    ]),
  );
  expect(out).toHaveLength(2);
});

test("messages that are all delivered twice count once", async () => {
  const input = numbers.map(({ value }) => ({ at: 1, v: value % 3 }));
  const { out } = await elementsOf(
    (p) =>
      p
        .read(timedTopic<number>("in"))
        .keyBy(() => "hot")
        .windowInto(fixedWindows(10))
        .combinePerKey(count(), { fanout: 8 }),
    {
      ...SMALL_BUNDLES,
      input: { in: input },
      wrapDeliver: (deliver) => async (message) => {
        await deliver(message);
        await deliver(message);
      },
    },
  );
  expect(out.map(({ element }) => element)).toEqual([kv("hot", numbers.length)]);
});

function build(mode: WindowOptions, fanout: Fanout<string> | undefined): readonly GraphNode[] {
  return pipeline("built", (p) =>
    p
      .create([kv("a", 1)])
      .windowInto(fixedWindows(10), mode)
      .combinePerKey(sum(), { name: "Total", ...(fanout !== undefined && { fanout }) })
      .write(pubsub.topic("out")),
  ).graph.nodes;
}

test("the parts are discarding, and the last combine is as the author has it (HF1)", () => {
  const mode = { accumulation: "accumulating", closing: "fireAlways" } as const;
  const combines = build(mode, 4).filter(({ kind }) => kind === "combinePerKey");
  expect(combines.map(({ id, windowing }) => [id, windowing.accumulation])).toEqual([
    ["Total/parts", "discarding"],
    ["Total/merge", "accumulating"],
  ]);
  expect(combines[0]?.windowing).toMatchObject({ closing: "fireIfNonEmpty" });
  expect(combines[1]?.windowing).toMatchObject(mode);
});

test("without a fan-out, or with 1, the plan is the same", () => {
  const hash = (fanout: number | undefined): string =>
    compile(
      pipeline("hashed", (p) =>
        p
          .create([kv("a", 1)])
          .combinePerKey(sum(), fanout === undefined ? {} : { fanout })
          .write(pubsub.topic("out")),
      ),
    ).hash;
  expect(hash(1)).toBe(hash(undefined));
  expect(hash(2)).not.toBe(hash(undefined));
});
