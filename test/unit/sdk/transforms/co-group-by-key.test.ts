/**
 * CoGroupByKey and joins: which values meet, by key, window and pane.
 */
import { expect, test } from "vitest";
import {
  coGroupByKey,
  compile,
  fixedWindows,
  fullJoin,
  innerJoin,
  type KV,
  kv,
  leftJoin,
  type PCollection,
  pipeline,
  pubsub,
  type Root,
  rightJoin,
  sessions,
} from "../../../../sdk/index.ts";
import { elementsOf, SMALL_BUNDLES, sortedByJson, timedTopic } from "../../../support/elements.ts";
import { meshErrorOf } from "../errors.ts";

type Pairs = readonly (readonly [key: string, value: number, at?: number])[];

/** Keyed numbers in windows of 10 ms. */
function keyed(p: Root, pairs: Pairs): PCollection<KV<string, number>> {
  return p
    .create(pairs, { timestamp: ([, , at = 0]) => at })
    .map(([key, value]) => kv(key, value))
    .windowInto(fixedWindows(10));
}

const lefts: Pairs = [
  ["a", 1],
  ["a", 2],
  ["b", 3],
  ["a", 4, 15],
];
const rights: Pairs = [
  ["a", 10],
  ["c", 30],
  ["a", 40, 15],
  ["a", 50, 15],
];

test("the values of each tag meet by key and window", async () => {
  const { out } = await elementsOf(
    (p) => coGroupByKey({ lefts: keyed(p, lefts), rights: keyed(p, rights) }),
    SMALL_BUNDLES,
  );
  const groups = out.map(({ element: { key, value }, window }) => ({
    key,
    start: window.start,
    lefts: [...value.lefts].sort(),
    rights: [...value.rights].sort(),
  }));
  expect(sortedByJson(groups)).toEqual([
    { key: "a", start: 0, lefts: [1, 2], rights: [10] },
    { key: "a", start: 10, lefts: [4], rights: [40, 50] },
    { key: "b", start: 0, lefts: [3], rights: [] },
    { key: "c", start: 0, lefts: [], rights: [30] },
  ]);
});

test("one input alone, and three, group as well; tags may have any name", async () => {
  const { sorted } = await elementsOf((p) =>
    coGroupByKey({
      one: keyed(p, [["a", 1]]),
      ["__proto__"]: keyed(p, [["a", 2]]),
      "the third": keyed(p, []),
    }),
  );
  const [group] = sorted;
  expect(Object.entries(group?.value ?? {})).toEqual([
    ["one", [1]],
    ["__proto__", [2]],
    ["the third", []],
  ]);
  const alone = await elementsOf((p) => coGroupByKey({ one: keyed(p, [["a", 1]]) }));
  expect(alone.sorted).toEqual([kv("a", { one: [1] })]);
});

test("in sessions the values of all tags merge into one session", async () => {
  const { out } = await elementsOf((p) => {
    const read = (times: readonly number[]): PCollection<KV<string, number>> =>
      p
        .create(times, { timestamp: (time) => time })
        .map((time) => kv("k", time))
        .windowInto(sessions(5));
    return coGroupByKey({ lefts: read([1, 9]), rights: read([5, 30]) });
  }, SMALL_BUNDLES);
  const groups = out.map(({ element: { value }, window }) => [
    window.start,
    window.end,
    [...value.lefts].sort(),
    value.rights,
  ]);
  expect(sortedByJson(groups)).toEqual([
    [1, 14, [1, 9], [5]],
    [30, 35, [], [30]],
  ]);
});

test("without elements there is no group", async () => {
  const { out } = await elementsOf((p) =>
    coGroupByKey({ lefts: keyed(p, []), rights: keyed(p, []) }),
  );
  expect(out).toEqual([]);
});

test("without an input, or with inputs that are windowed differently, it is refused", () => {
  const none = meshErrorOf(() => coGroupByKey({}));
  expect(none.code).toBe("ERR_PIPELINE");
  expect(none.message).toMatch(/co-group-by-key\.test\.ts:\d+:\d+/);

  const differing = meshErrorOf(() =>
    compile(
      pipeline("differing", (p) => {
        const plain = p.create([kv("a", 1)]);
        const hourly = plain.windowInto(fixedWindows({ hours: 1 }));
        coGroupByKey({ plain, hourly }).write(pubsub.topic("out"));
      }),
    ),
  );
  expect(differing.code).toBe("ERR_PIPELINE");
  expect(differing.message).toContain('"coGroupByKey/tag plain/map"');
  expect(differing.message).toContain('"coGroupByKey/tag hourly/map"');
  expect(differing.message).toContain("windowFn");
});

test("a name keeps the grouping's id when the pipeline around it changes", () => {
  const idOf = (extra: boolean, name: string | undefined): string | undefined => {
    const { graph } = pipeline("named", (p) => {
      const left = p.create([kv("a", 1)]);
      const right = extra ? left.map((pair) => pair) : left;
      coGroupByKey({ left, right }, name === undefined ? {} : { name });
    });
    return graph.nodes.find(({ kind }) => kind === "groupByKey")?.id;
  };
  expect(idOf(false, "Both")).toBe("Both/groupByKey");
  expect(idOf(true, "Both")).toBe(idOf(false, "Both"));
  expect(idOf(true, undefined)).not.toBe(idOf(false, undefined));
});

type Join = (
  left: PCollection<KV<string, number>>,
  right: PCollection<KV<string, number>>,
) => PCollection<KV<string, { left: number | undefined; right: number | undefined }>>;

const matched = [
  ["a", 1, 10],
  ["a", 2, 10],
  ["a", 4, 40],
  ["a", 4, 50],
];
const leftAlone = ["b", 3, undefined];
const rightAlone = ["c", undefined, 30];

test.each<[string, Join, unknown[][]]>([
  ["innerJoin", innerJoin, matched],
  ["leftJoin", leftJoin, [...matched, leftAlone]],
  ["rightJoin", rightJoin, [...matched, rightAlone]],
  ["fullJoin", fullJoin, [...matched, leftAlone, rightAlone]],
])("%s gives each pair of one key and window, and what it keeps without", async (_, join, want) => {
  const { sorted } = await elementsOf(
    (p) => join(keyed(p, lefts), keyed(p, rights)),
    SMALL_BUNDLES,
  );
  const rows = sorted.map(({ key, value }) => [key, value.left, value.right]);
  expect(sortedByJson(rows)).toEqual(sortedByJson(want));
});

test.each<[string, Join, number]>([
  ["innerJoin", innerJoin, 0],
  ["leftJoin", leftJoin, 0],
  ["rightJoin", rightJoin, rights.length],
  ["fullJoin", fullJoin, rights.length],
])("%s of nothing with something keeps what that side keeps", async (_, join, count) => {
  const { out } = await elementsOf((p) => join(keyed(p, []), keyed(p, rights)));
  expect(out).toHaveLength(count);
});

test("a name of a join is the scope of all that it is made of", () => {
  const { graph } = pipeline("named", (p) => {
    const pairs = p.create([kv("a", 1)]);
    innerJoin(pairs, pairs, { name: "Self" });
  });
  expect(graph.nodes.slice(1).every(({ name }) => name.startsWith("Self/"))).toBe(true);
  expect(graph.nodes.map(({ id }) => id)).toContain("Self/coGroupByKey/groupByKey");
});

test("an accumulating join gives all pairs again when a late value comes", async () => {
  const { out } = await elementsOf(
    (p) => {
      const read = (topic: string): PCollection<KV<string, number>> =>
        p
          .read(timedTopic<number>(topic))
          .map(({ v }) => kv("k", v))
          .windowInto(fixedWindows(10), {
            allowedLateness: { minutes: 1 },
            accumulation: "accumulating",
          });
      return innerJoin(read("left"), read("right"));
    },
    {
      portion: 1,
      input: {
        // The watermark of each side goes by its own elements.
        left: [
          { at: 1, v: 1 },
          { at: 100, v: 2 },
        ],
        right: [
          { at: 2, v: 10 },
          { at: 100, v: 20 },
          { at: 3, v: 11 },
        ],
      },
    },
  );
  const panes = out
    .filter(({ window }) => window.start === 0)
    .map(({ element, pane }) => [pane.timing, element.value.left, element.value.right]);
  expect(panes).toEqual([
    ["ON_TIME", 1, 10],
    ["LATE", 1, 10],
    ["LATE", 1, 11],
  ]);
});
