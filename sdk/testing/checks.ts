/**
 * Checks: what the terms of an assertion compare, and what they say when they fail. Pure.
 *
 * Owns: comparing by value. Does not own: which elements are looked at (selection.ts).
 */
import type { AnyKV } from "../model/graph.ts";
import { equalityText, show } from "./show.ts";

/** So many elements a message names at most. */
const SHOWN_MAX = 20;

/** A comparison that failed, in lines. */
function mismatch(...lines: readonly string[]): Error {
  return new Error(lines.join("\n"));
}

/** @throws Error that names what is missing and what is unexpected, each as often as it is */
export function compareInAnyOrder(expected: readonly unknown[], actual: readonly unknown[]): void {
  const counts = new Map<string, { count: number; readonly value: unknown }>();
  for (const value of expected) {
    const text = equalityText(value);
    const entry = counts.get(text);
    if (entry === undefined) counts.set(text, { count: 1, value });
    else entry.count++;
  }
  const unexpected = actual.filter((value) => {
    const entry = counts.get(equalityText(value));
    if (entry === undefined || entry.count === 0) return true;
    entry.count--;
    return false;
  });
  const missing = [...counts.values()].flatMap(({ count, value }) => Array(count).fill(value));
  if (missing.length === 0 && unexpected.length === 0) return;
  throw mismatch(
    `expected ${countWords(expected.length)}, got ${actual.length}`,
    ...listed("-", "missing", missing),
    ...listed("+", "unexpected", unexpected),
  );
}

/** @throws Error if there are more or fewer */
export function compareSize(expected: number, actual: readonly unknown[]): void {
  if (actual.length === expected) return;
  throw mismatch(
    `expected ${countWords(expected)}, got ${actual.length}`,
    ...listed(" ", "elements", actual),
  );
}

/** Returns the one element. @throws Error if there is none, or more than one */
export function theOnly(actual: readonly unknown[]): unknown {
  compareSize(1, actual);
  return actual[0];
}

/** @throws Error that shows both */
export function compareEqual(expected: unknown, actual: unknown): void {
  if (equalityText(expected) === equalityText(actual)) return;
  throw mismatch("not equal", `  - expected ${show(expected)}`, `  + got      ${show(actual)}`);
}

/** Returns pairs as a Map; equal keys must not come twice. @throws Error if one does */
export function toMap(pairs: readonly unknown[]): Map<unknown, unknown> {
  const several = [...toMultimap(pairs)].filter(([, values]) => values.length > 1);
  if (several.length === 0) return new Map(pairs.map((pair) => [keyIn(pair), valueIn(pair)]));
  throw mismatch(
    "a key has more than one value",
    ...several.map(([key, values]) => `    ${show(key)} → ${values.map(show).join(", ")}`),
  );
}

/** Returns pairs as a Map from each key to its values; keys are equal by value. */
export function toMultimap(pairs: readonly unknown[]): Map<unknown, unknown[]> {
  const byText = new Map<string, readonly [key: unknown, values: unknown[]]>();
  for (const pair of pairs) {
    const text = equalityText(keyIn(pair));
    const entry = byText.get(text);
    if (entry === undefined) byText.set(text, [keyIn(pair), [valueIn(pair)]]);
    else entry[1].push(valueIn(pair));
  }
  return new Map(byText.values());
}

/** @throws Error if the values of a key differ, in any order, or a key is missing or unexpected */
export function compareMultimaps(
  expected: ReadonlyMap<unknown, Iterable<unknown>>,
  actual: ReadonlyMap<unknown, Iterable<unknown>>,
): void {
  const pairsOf = (map: ReadonlyMap<unknown, Iterable<unknown>>): unknown[] =>
    [...map].flatMap(([key, values]) => [...values].map((value) => ({ key, value })));
  compareInAnyOrder(pairsOf(expected), pairsOf(actual));
}

/** Returns what a test wrote as a map: a Map, or an object whose fields are the keys. */
export function mapOf<V>(
  written: ReadonlyMap<unknown, V> | Readonly<Record<string, V>>,
): ReadonlyMap<unknown, V> {
  return written instanceof Map ? written : new Map(Object.entries(written));
}

function keyIn(pair: unknown): unknown {
  return (pair as AnyKV).key;
}

function valueIn(pair: unknown): unknown {
  return (pair as AnyKV).value;
}

function listed(sign: string, what: string, values: readonly unknown[]): string[] {
  if (values.length === 0) return [];
  const shown = values.slice(0, SHOWN_MAX).map((value) => `    ${sign} ${show(value)}`);
  const rest = values.length - shown.length;
  return [
    `  ${what} (${values.length}):`,
    ...shown,
    ...(rest > 0 ? [`    … and ${rest} more`] : []),
  ];
}

function countWords(count: number): string {
  return count === 1 ? "1 element" : `${count} elements`;
}
