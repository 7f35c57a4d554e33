import { describe, expect, it } from "vitest";
import { parseFilter } from "../../../../emulators/pubsub/filter.ts";

const matching: [filter: string, attributes: Record<string, string>, isMatch: boolean][] = [
  ["", {}, true],
  ["attributes:domain", { domain: "com" }, true],
  ["attributes:domain", { other: "com" }, false],
  ['attributes:"iana.org/language_tag"', { "iana.org/language_tag": "en" }, true],
  ['attributes.domain = "com"', { domain: "com" }, true],
  ['attributes.domain = "com"', { domain: "COM" }, false],
  ['attributes.domain="com"', { domain: "com" }, true],
  ['attributes.domain != "com"', { domain: "org" }, true],
  ['attributes.domain != "com"', { domain: "com" }, false],
  // F1: a comparison needs the key.
  ['attributes.domain != "com"', {}, false],
  ['NOT attributes.domain = "com"', {}, true],
  ['-attributes.domain = "com"', { domain: "com" }, false],
  ['hasPrefix(attributes.domain, "co")', { domain: "com" }, true],
  ['hasPrefix(attributes.domain, "co")', { domain: "org" }, false],
  ['hasPrefix(attributes.domain, "")', {}, false],
  ['attributes:a AND attributes.b = "1"', { a: "", b: "1" }, true],
  ['attributes:a AND attributes.b = "1"', { a: "" }, false],
  ["attributes:a OR attributes:b OR attributes:c", { c: "" }, true],
  ["attributes:a AND (attributes:b OR NOT attributes:c)", { a: "" }, true],
  ["NOT (attributes:a OR attributes:b)", { b: "" }, false],
  // A key may hold hyphens, and may look like a word of the language.
  ['attributes.ce-type = "x"', { "ce-type": "x" }, true],
  ["attributes:AND AND attributes:NOT", { AND: "", NOT: "" }, true],
  ['attributes.a = "say \\"hi\\" \\u00e9"', { a: 'say "hi" é' }, true],
];

const broken = [
  "attributes",
  "attributes.a",
  "attributes.a = 1",
  "attributes.a = 'x'",
  'attributes.a == "x"',
  'attributes.a > "x"',
  'data = "x"',
  "attributes:a AND",
  "AND attributes:a",
  "(attributes:a",
  "attributes:a)",
  "attributes:a attributes:b",
  'hasPrefix(attributes.a "x")',
  'hasSuffix(attributes.a, "x")',
  'attributes.a = "unfinished',
  "attributes:a and attributes:b",
  "NOT NOT attributes:a",
];

describe("a subscription filter", () => {
  it.each(matching)("%s over %o gives %s", (source, attributes, isMatch) => {
    expect(parseFilter(source)(attributes)).toBe(isMatch);
  });

  it.each(broken)("refuses %s", (source) => {
    expect(() => parseFilter(source)).toThrow(/INVALID_ARGUMENT: Invalid filter/);
  });

  it("refuses AND beside OR without parentheses", () => {
    expect(() => parseFilter("attributes:a AND attributes:b OR attributes:c")).toThrow(
      /parentheses/,
    );
  });

  it("is at most 256 bytes long", () => {
    const filter = (bytes: number): string => `attributes:${"k".repeat(bytes - 11)}`;
    expect(() => parseFilter(filter(256))).not.toThrow();
    expect(() => parseFilter(filter(257))).toThrow(/longer than 256 bytes/);
  });
});
