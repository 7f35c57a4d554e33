/** parseJson and toJson: texts ↔ values, and what is none. */
import { expect, test } from "vitest";
import { z } from "zod";
import { parseJson, toJson } from "../../../../sdk/index.ts";
import { elementsOf, sortedByJson } from "../../../support/elements.ts";

test("texts become values, and values texts", async () => {
  const values = [{ a: [1, null] }, "b", 3];
  const texts = await elementsOf((p) => p.create(values).apply(toJson()));
  expect(sortedByJson(texts.sorted)).toEqual(sortedByJson(values.map((v) => JSON.stringify(v))));
  const back = await elementsOf((p) => p.create(texts.sorted).apply(parseJson()));
  expect(back.sorted).toEqual(sortedByJson(values));
  const none = await elementsOf((p) => p.create<string>([]).apply(parseJson()).apply(toJson()));
  expect(none.out).toEqual([]);
});

test("a text that is no JSON is a dead letter, and its content is not in the message", async () => {
  const { sorted, dead } = await elementsOf((p) =>
    p.create(["1", "secret{"]).apply("Parsed", parseJson()),
  );
  expect(sorted).toEqual([1]);
  expect(dead).toMatchObject([{ element: "secret{", error: { code: "ERR_DECODE" } }]);
  expect(dead[0]?.error.message).toBe(
    "Parsed/parseJson/map: an element of 7 characters is not JSON.",
  );
});

test("a schema makes the element of the value, or a dead letter", async () => {
  const schema = z.object({ at: z.coerce.date() });
  const { sorted, dead } = await elementsOf((p) =>
    p.create(['{"at":"2001-01-01"}', "{}"]).apply(parseJson(schema)),
  );
  expect(sorted).toEqual([{ at: new Date("2001-01-01") }]);
  expect(dead).toMatchObject([{ element: "{}", error: { code: "ERR_SCHEMA" } }]);
});

test.each([[undefined], [1n], [() => 1]])("%s has no JSON", async (value) => {
  const { out, dead } = await elementsOf((p) => p.create([value]).apply(toJson()));
  expect(out).toEqual([]);
  expect(dead).toMatchObject([{ error: { code: "ERR_ENCODE" } }]);
  expect(dead[0]?.error.message).toContain("toJson/map: an element has no JSON");
});
