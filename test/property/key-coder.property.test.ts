import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeKey, encodeKey, hashKey } from "../../sdk/coders/key-coder.ts";
import { anyKey } from "./arbitrary-values.ts";

/** Returns an equal key whose objects have their fields in another order. */
function reordered(key: unknown): unknown {
  if (Array.isArray(key)) return key.map(reordered);
  if (typeof key !== "object" || key === null) return key;
  const prototype: unknown = Object.getPrototypeOf(key);
  if (prototype !== Object.prototype) return key;
  const copy = {};
  for (const [name, value] of Object.entries(key).reverse()) {
    Object.defineProperty(copy, name, { value: reordered(value), enumerable: true });
  }
  return copy;
}

test("a key comes back from its text equal to what it was", () => {
  fc.assert(
    fc.property(anyKey, (key) => {
      expect(isDeepStrictEqual(decodeKey(encodeKey(key)), key)).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

test("equal keys have equal texts, whatever the order of their fields", () => {
  fc.assert(
    fc.property(anyKey, (key) => {
      expect(encodeKey(reordered(key))).toBe(encodeKey(key));
    }),
  );
});

test("keys have equal texts only if they are equal, also as UTF-8 bytes", () => {
  fc.assert(
    fc.property(anyKey, anyKey, (a, b) => {
      const bytesA = Buffer.from(encodeKey(a), "utf8");
      const bytesB = Buffer.from(encodeKey(b), "utf8");
      expect(bytesA.equals(bytesB)).toBe(isDeepStrictEqual(a, b));
    }),
  );
});

test("the text of a key is well-formed, so that no two keys share their UTF-8 bytes", () => {
  fc.assert(
    fc.property(anyKey, (key) => {
      expect(encodeKey(key).isWellFormed()).toBe(true);
    }),
  );
});

test("the hash is a whole number of 32 bits", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const hash = hashKey(text);
      expect(hash >>> 0).toBe(hash);
    }),
  );
});
