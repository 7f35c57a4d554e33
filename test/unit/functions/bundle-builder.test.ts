/**
 * Bundle builder: every element in exactly one bundle (B1), every bundle within its limits (B2).
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Bundle, BundleBuilder, halve } from "../../../functions/bundle-builder.ts";
import type { WindowColumns } from "../../../functions/envelope.ts";
import { at, codeOf } from "../../support/builders.ts";

function columnsIn(bundles: readonly Bundle[]): WindowColumns[] {
  return bundles.flatMap(({ windowsText }) => JSON.parse(windowsText) as WindowColumns[]);
}

function countIn(bundle: Bundle): number {
  return columnsIn([bundle]).reduce((sum, { values }) => sum + values.length, 0);
}

test("every element is in exactly one bundle with its own key, time and id (B1)", () => {
  const element = fc.record({ window: fc.constantFrom("g", "0:a", "a:k"), time: fc.nat(100) });
  fc.assert(
    fc.property(
      fc.array(element, { maxLength: 50 }),
      fc.integer({ min: 1, max: 7 }),
      (elements, elementsMax) => {
        const builder = new BundleBuilder();
        for (const [i, { window, time }] of elements.entries()) {
          builder.add(window, i, at(time), `n${i}`, at(time), `id${i}`);
        }
        const bundles = builder.finish("s", 2, elementsMax);
        const seen = columnsIn(bundles).flatMap(({ window, values, keys, times, ids }) =>
          values.map((value, i) => [value, window, keys?.[i], times?.[i], ids?.[i]]),
        );
        const sent = elements.map(({ window, time }, i) => [i, window, `n${i}`, time, `id${i}`]);
        const byNumber = (a: unknown[], b: unknown[]): number => Number(a[0]) - Number(b[0]);
        expect(seen.sort(byNumber)).toEqual(sent);
        for (const bundle of bundles) {
          expect(bundle.count).toBe(countIn(bundle));
          expect(bundle.count).toBeLessThanOrEqual(elementsMax);
          for (const { times = [] } of columnsIn([bundle])) {
            for (const time of times) expect(bundle.minTime).toBeLessThanOrEqual(time);
          }
        }
      },
    ),
  );
});

test("elements of different panes stay apart", () => {
  const builder = new BundleBuilder();
  builder.add("g", 1, at(0), undefined, at(0), undefined, ["EARLY", 0, -1, true, false]);
  builder.add("g", 2, at(0), undefined, at(0), undefined, ["LATE", 1, 1, false, false]);
  expect(columnsIn(builder.finish("s", 0, 10)).map(({ pane }) => pane?.[0])).toEqual([
    "EARLY",
    "LATE",
  ]);
});

test.each([
  ["of one byte", "x"],
  ["of three bytes", "日"],
])(
  "a bundle of many large texts with characters %s is halved until it fits (B2)",
  (_what, char) => {
    const builder = new BundleBuilder();
    for (let i = 0; i < 700; i++)
      builder.add("g", char.repeat(1_000), at(i), `n${i}`, undefined, undefined);
    const bundles = builder.finish("s", 0, 1_000);
    for (const { windowsText } of bundles) {
      expect(Buffer.byteLength(windowsText)).toBeLessThanOrEqual(400_000);
    }
    expect(bundles.reduce((sum, { count }) => sum + count, 0)).toBe(700);
  },
);

test("one element may be larger than a bundle, but not than a document", async () => {
  const builder = new BundleBuilder();
  builder.add("g", "x".repeat(600_000), at(0), undefined, undefined, undefined);
  expect(builder.finish("s", 0, 10)).toHaveLength(1);
  const large = new BundleBuilder();
  large.add("g", "日".repeat(300_000), at(0), undefined, undefined, undefined);
  expect(await codeOf(() => large.finish("s", 0, 10))).toBe("ERR_ELEMENT_TOO_BIG");
});

test("halves hold the same elements in the same order, and their counts", () => {
  const windows: WindowColumns[] = [
    { window: "g", keys: ["n1"], values: [1], ids: ["a"] },
    { window: "0:a", keys: ["n2", "n3", "n4"], values: [2, 3, 4], ids: ["b", "c", "d"] },
  ];
  const halves = halve(windows, 4);
  expect(halves.map(({ count }) => count)).toEqual([2, 2]);
  expect(halves.map((half) => half.windows.flatMap(({ values }) => values))).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(halves[1]?.windows).toEqual([
    { window: "0:a", keys: ["n3", "n4"], values: [3, 4], ids: ["c", "d"] },
  ]);
});
