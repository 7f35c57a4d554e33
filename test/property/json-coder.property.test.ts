import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json } from "../../sdk/coders/coder.ts";
import { anyCoder } from "../../sdk/coders/json-coder.ts";
import { anyValue } from "./arbitrary-values.ts";

function throughText(json: Json): Json {
  return JSON.parse(JSON.stringify(json)) as Json;
}

test("decode(encode(x)) equals x for every value that is data, through text too", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      expect(isDeepStrictEqual(anyCoder.decode(anyCoder.encode(value)), value)).toBe(true);
      const back = anyCoder.decode(throughText(anyCoder.encode(value)));
      expect(isDeepStrictEqual(back, value)).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

test("encoding leaves the value as it was, and decoding the data", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const before = structuredClone(value);
      const json = anyCoder.encode(value);
      const text = JSON.stringify(json);
      anyCoder.decode(json);
      expect(JSON.stringify(json)).toBe(text);
      // structuredClone gives bare objects a prototype, so compare what is in them.
      expect(value).toEqual(before);
    }),
  );
});

test("a plain JSON tree without a field $ is not copied", () => {
  const json = fc.jsonValue().filter((x) => !JSON.stringify(x).includes('"$"'));
  fc.assert(
    fc.property(json, (value) => {
      // JSON.parse gives no -0 where JSON.stringify wrote it as 0.
      const plain: unknown = JSON.parse(JSON.stringify(value));
      expect(Object.is(anyCoder.encode(plain), plain)).toBe(true);
      expect(Object.is(anyCoder.decode(plain as Json), plain)).toBe(true);
    }),
  );
});
