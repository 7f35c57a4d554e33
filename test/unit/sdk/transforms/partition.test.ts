/** partition: each element in exactly one part. */
import { expect, test } from "vitest";
import { flatten, kv, partition } from "../../../../sdk/index.ts";
import { elementsOf, SMALL_BUNDLES } from "../../../support/elements.ts";
import { meshErrorOf } from "../errors.ts";

test("each element goes into the part whose number its function gives", async () => {
  const { sorted } = await elementsOf((p) => {
    const parts = p.create([1, 2, 3, 4, 5, 6, 7]).apply(partition(3, (n) => n % 3));
    const marked = parts.map((part, i) => part.map((n) => kv(i, n)));
    return p.flatten(marked);
  }, SMALL_BUNDLES);
  expect(sorted).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => kv(n % 3, n)).sort(byKeyAndValue));
});

function byKeyAndValue(a: { key: number; value: number }, b: typeof a): number {
  return a.key - b.key || a.value - b.value;
}

test("its function is asked once for each element, so that none is in two parts or in none", async () => {
  const asked: number[] = [];
  const { sorted } = await elementsOf((p) => {
    const [even, odd] = p.create([0, 1, 2, 3]).apply(
      partition(2, (n) => {
        asked.push(n);
        return asked.length % 2;
      }),
    );
    return flatten(even, odd);
  });
  expect(sorted).toEqual([0, 1, 2, 3]);
  expect(asked).toHaveLength(4);
});

test("of nothing, every part is empty", async () => {
  const { out } = await elementsOf((p) =>
    p.flatten(p.create<number>([]).apply(partition(4, () => 0))),
  );
  expect(out).toEqual([]);
});

test.each([2, -1, 0.5, Number.NaN])(
  "an element for which it gives %d is a dead letter, and the rest goes on",
  async (wrong) => {
    const { sorted, dead } = await elementsOf((p) =>
      p.flatten(p.create(["a", "bad", "c"]).apply(partition(2, (x) => (x === "bad" ? wrong : 1)))),
    );
    expect(sorted).toEqual(["a", "c"]);
    expect(dead).toMatchObject([{ element: "bad", error: { code: "ERR_USER_CODE" } }]);
    expect(dead[0]?.error.message).toContain(`its function gave ${wrong}; give 0 to 1.`);
    expect(dead[0]?.error.message).toContain("partition/parDo (");
  },
);

test.each([0, -1, 1.5, Number.NaN])("partition(%d) is refused", (n) => {
  expect(meshErrorOf(() => partition(n, () => 0)).code).toBe("ERR_OPTION");
});
