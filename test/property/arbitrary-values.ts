/**
 * Arbitraries that several properties share.
 */
import fc from "fast-check";

const awkwardNames = fc.constantFrom("$", "v", "__proto__", "constructor", "toJSON", "", "0");

/** Any value that the default coder takes. */
export const anyValue: fc.Arbitrary<unknown> = fc.anything({
  key: fc.oneof(fc.string({ unit: "binary" }), awkwardNames),
  values: [
    fc.boolean(),
    fc.integer(),
    fc.double(),
    fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
    fc.string({ unit: "binary" }),
    fc.constant(null),
    fc.constant(undefined),
    fc.bigInt(),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array(),
  ],
  withNullPrototype: true,
  withMap: true,
  withSet: true,
  maxDepth: 4,
});

/** Any value that can be a key, with no -0, which comes back as 0. */
export const anyKey: fc.Arbitrary<unknown> = fc.anything({
  key: fc.oneof(fc.string({ unit: "binary" }), awkwardNames),
  values: [
    fc.boolean(),
    fc.integer(),
    fc.double().map((n) => n + 0),
    fc.string({ unit: "binary" }),
    fc.constant(null),
    fc.constant(undefined),
    fc.bigInt(),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array(),
  ],
  maxDepth: 3,
});
