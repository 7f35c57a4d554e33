/**
 * Regex: transforms of texts by a regular expression.
 *
 * Owns: Beam's Regex transforms, as far as a `map` with JavaScript's own methods is not shorter. The
 * author's expression is copied, since one with the flag `g` remembers where it stopped.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Regex.html
 */
import { MeshError } from "../model/errors.ts";
import { type KV, kv } from "../model/kv.ts";
import type { Composite } from "./composite.ts";

/** A group of a regular expression: its number, 0 for the whole match, or its name. */
export type RegexGroup = number | string;

/**
 * The group of each text that matches as a whole; other texts are left out.
 *
 * @param group - 0, the whole text, where left out
 * @throws ERR_OPTION if the expression has no such group
 * @example ids.apply(regexMatches(/([A-Z]{3})-\d+/, 1)) // "SFO-12" gives "SFO"
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Regex.html
 */
export function regexMatches(pattern: RegExp, group: RegexGroup = 0): Composite<string, string> {
  const find = finder("regexMatches", pattern, [group], wholeOf(pattern));
  return (input) =>
    input.within("regexMatches", () =>
      input.flatMap((text) => find(text).map(([found = ""]) => found)),
    );
}

/**
 * The group of the first match in each text; texts without a match are left out.
 *
 * @param group - 0, the whole match, where left out
 * @throws ERR_OPTION if the expression has no such group
 * @example lines.apply(regexFind(/\d+/))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Regex.html
 */
export function regexFind(pattern: RegExp, group: RegexGroup = 0): Composite<string, string> {
  const find = finder("regexFind", pattern, [group]);
  return (input) =>
    input.within("regexFind", () =>
      input.flatMap((text) => find(text).map(([found = ""]) => found)),
    );
}

/**
 * A pair of two groups of the first match in each text; texts without a match are left out.
 *
 * @throws ERR_OPTION if the expression has no such group
 * @example lines.apply(regexFindKV(/(\w+)=(\w+)/, 1, 2))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Regex.html
 */
export function regexFindKV(
  pattern: RegExp,
  keyGroup: RegexGroup,
  valueGroup: RegexGroup,
): Composite<string, KV<string, string>> {
  const find = finder("regexFindKV", pattern, [keyGroup, valueGroup]);
  return (input) =>
    input.within("regexFindKV", () =>
      input.flatMap((text) => find(text).map(([key = "", value = ""]) => kv(key, value))),
    );
}

/**
 * The group of all matches in each text, as one list for each text, empty where there is none.
 *
 * @param group - 0, the whole match, where left out
 * @throws ERR_OPTION if the expression has no such group
 * @example lines.apply(regexFindAll(/#(\w+)/, 1)).flatMap((tags) => tags)
 * @see https://beam.apache.org/documentation/transforms/python/elementwise/regex/
 */
export function regexFindAll(
  pattern: RegExp,
  group: RegexGroup = 0,
): Composite<string, readonly string[]> {
  requireGroups("regexFindAll", pattern, [group]);
  const all = copyOf(pattern, "g");
  return (input) =>
    input.within("regexFindAll", () =>
      input.map((text) => [...text.matchAll(all)].map((match) => groupOf(match, group))),
    );
}

/**
 * Each text with every match replaced.
 *
 * @param replacement - as `String.replace` takes it: `$1` and `$<name>` stand for groups
 * @example lines.apply(regexReplaceAll(/\s+/, " "))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Regex.html
 */
export function regexReplaceAll(pattern: RegExp, replacement: string): Composite<string, string> {
  const all = copyOf(pattern, "g");
  return (input) =>
    input.within("regexReplaceAll", () => input.map((text) => text.replace(all, replacement)));
}

/**
 * Each text with its first match replaced.
 *
 * @param replacement - as `String.replace` takes it: `$1` and `$<name>` stand for groups
 * @example lines.apply(regexReplaceFirst(/^\s+/, ""))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Regex.html
 */
export function regexReplaceFirst(pattern: RegExp, replacement: string): Composite<string, string> {
  const first = copyOf(pattern, "");
  return (input) =>
    input.within("regexReplaceFirst", () => input.map((text) => text.replace(first, replacement)));
}

/**
 * What stands between the matches of each text, each part an element.
 *
 * @param options - `outputEmpty`: whether parts without a character are elements too; not where left out
 * @example lines.apply(regexSplit(/\W+/))
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Regex.Split.html
 */
export function regexSplit(
  pattern: RegExp,
  options: { readonly outputEmpty?: boolean } = {},
): Composite<string, string> {
  // Without groups, which `String.split` would put between the parts.
  const all = copyOf(pattern, "g");
  const { outputEmpty = false } = options;
  return (input) =>
    input.within("regexSplit", () =>
      input.flatMap((text) => split(text, all).filter((part) => outputEmpty || part !== "")),
    );
}

function split(text: string, pattern: RegExp): string[] {
  const parts: string[] = [];
  let from = 0;
  for (const { index, 0: found } of text.matchAll(pattern)) {
    // An empty match divides nothing at the ends, as in `String.split`.
    if (found === "" && (index === 0 || index === text.length)) continue;
    parts.push(text.slice(from, index));
    from = index + found.length;
  }
  parts.push(text.slice(from));
  return parts;
}

type Found = readonly string[];

/** Returns what gives the groups of the first match: one list of them, or none without a match. */
function finder(
  name: string,
  pattern: RegExp,
  groups: readonly RegexGroup[],
  first: RegExp = copyOf(pattern, ""),
): (text: string) => readonly Found[] {
  requireGroups(name, pattern, groups);
  return (text) => {
    const match = first.exec(text);
    return match === null ? [] : [groups.map((group) => groupOf(match, group))];
  };
}

/** A group that took no part in the match is an empty text. */
function groupOf(match: RegExpExecArray, group: RegexGroup): string {
  return (typeof group === "number" ? match[group] : match.groups?.[group]) ?? "";
}

function requireGroups(name: string, pattern: RegExp, groups: readonly RegexGroup[]): void {
  // An alternative of nothing matches every text, and shows which groups there are.
  const all = new RegExp(`${pattern.source}|`, pattern.flags).exec("");
  for (const group of groups) {
    const isThere =
      typeof group === "number"
        ? Number.isInteger(group) && group >= 0 && group < (all?.length ?? 0)
        : Object.hasOwn(all?.groups ?? {}, group);
    if (isThere) continue;
    throw new MeshError(
      "ERR_OPTION",
      `${name}: the expression ${pattern} has no group ${JSON.stringify(group)}.`,
    );
  }
}

/** The expression with the text's ends before and behind it, also where a line ends. */
function wholeOf(pattern: RegExp): RegExp {
  return new RegExp(`(?<![\\s\\S])(?:${pattern.source})(?![\\s\\S])`, flagsOf(pattern));
}

function copyOf(pattern: RegExp, flag: "g" | ""): RegExp {
  return new RegExp(pattern.source, flagsOf(pattern) + flag);
}

function flagsOf(pattern: RegExp): string {
  return pattern.flags.replace(/[gy]/g, "");
}
