/** Regex transforms: which texts go through, and what is taken of them. */
import { expect, test } from "vitest";
import {
  type Composite,
  kv,
  regexFind,
  regexFindAll,
  regexFindKV,
  regexMatches,
  regexReplaceAll,
  regexReplaceFirst,
  regexSplit,
} from "../../../../sdk/index.ts";
import { elementsOf } from "../../../support/elements.ts";
import { meshErrorOf } from "../errors.ts";

async function apply<U>(texts: readonly string[], composite: Composite<string, U>): Promise<U[]> {
  const { out, dead } = await elementsOf((p) => p.create(texts).apply(composite), { shards: 1 });
  expect(dead).toEqual([]);
  return out.map(({ element }) => element);
}

test("regexMatches takes texts that match as a whole", async () => {
  expect(await apply(["SFO-12", "SFO-12x", "x SFO-12"], regexMatches(/[A-Z]{3}-\d+/))).toEqual([
    "SFO-12",
  ]);
  expect(await apply(["SFO-12", "12"], regexMatches(/([A-Z]{3})-\d+/, 1))).toEqual(["SFO"]);
  expect(await apply(["k=v"], regexMatches(/(?<key>\w)=(?<value>\w)/, "value"))).toEqual(["v"]);
});

test("a whole match is one of the whole text: by any alternative, over several lines", async () => {
  expect(await apply(["ab"], regexMatches(/a|ab/))).toEqual(["ab"]);
  expect(await apply(["a\nb", "a"], regexMatches(/^a$/m))).toEqual(["a"]);
  expect(await apply(["AA", "ab"], regexMatches(/(a)\1/i))).toEqual(["AA"]);
});

test("regexFind takes the first match of each text that has one", async () => {
  expect(await apply(["a1b22", "none", "3"], regexFind(/\d+/))).toEqual(["1", "3"]);
  expect(await apply(["a1b22"], regexFind(/b(\d+)/, 1))).toEqual(["22"]);
  expect(await apply(["b"], regexFind(/(a)?b/, 1))).toEqual([""]);
});

test("regexFindKV makes a pair of two groups", async () => {
  expect(await apply(["x a=1 b=2", "none"], regexFindKV(/(\w)=(\d)/, 1, 2))).toEqual([
    kv("a", "1"),
  ]);
});

test("regexFindAll gives one list for each text", async () => {
  expect(await apply(["#a and #b", "none"], regexFindAll(/#(\w)/, 1))).toEqual([["a", "b"], []]);
});

test("regexReplaceAll and regexReplaceFirst replace, with groups", async () => {
  expect(await apply(["a-b-c"], regexReplaceAll(/-/, "+"))).toEqual(["a+b+c"]);
  expect(await apply(["a-b-c"], regexReplaceFirst(/-/g, "+"))).toEqual(["a+b-c"]);
  expect(await apply(["ab"], regexReplaceAll(/(\w)/, "<$1>"))).toEqual(["<a><b>"]);
});

test("regexSplit gives what stands between matches, empty parts only if asked for", async () => {
  expect(await apply(["a, b,,c"], regexSplit(/,\s*/))).toEqual(["a", "b", "c"]);
  expect(await apply([",a,"], regexSplit(/,/, { outputEmpty: true }))).toEqual(["", "a", ""]);
  expect(await apply(["a1b2c"], regexSplit(/(\d)/))).toEqual(["a", "b", "c"]);
  expect(await apply(["abc"], regexSplit(/(?:)/))).toEqual(["a", "b", "c"]);
  expect(await apply(["abc"], regexSplit(/x/))).toEqual(["abc"]);
});

test.each<[string, Composite<string, unknown>]>([
  ["regexMatches", regexMatches(/a/)],
  ["regexFind", regexFind(/a/)],
  ["regexFindKV", regexFindKV(/a/, 0, 0)],
  ["regexFindAll", regexFindAll(/a/)],
  ["regexReplaceAll", regexReplaceAll(/a/, "b")],
  ["regexReplaceFirst", regexReplaceFirst(/a/, "b")],
  ["regexSplit", regexSplit(/a/)],
])("%s of nothing gives nothing", async (_, composite) => {
  expect(await apply([], composite)).toEqual([]);
});

test("an expression with memory gives the same for each text", async () => {
  const sticky = /a/gy;
  sticky.lastIndex = 1;
  expect(await apply(["a", "a", "ba"], regexFind(sticky))).toEqual(["a", "a", "a"]);
  expect(await apply(["a", "a"], regexMatches(/a/g))).toEqual(["a", "a"]);
});

test.each([[1], [-1], [0.5], ["name"]])("a group that is not there is refused: %s", (group) => {
  for (const make of [regexMatches, regexFind, regexFindAll]) {
    expect(meshErrorOf(() => make(/a|b/, group)).code).toBe("ERR_OPTION");
  }
  const pair = meshErrorOf(() => regexFindKV(/(?<key>a)/, "key", group === 1 ? 2 : group));
  expect(pair.message).toContain("regexFindKV: the expression /(?<key>a)/ has no group");
});
