/**
 * Merging: which windows of one key become one.
 *
 * Owns: the rule for windows that intersect, and the check of an author's own rule. Does not own:
 * what is kept in the windows (functions/grouping/).
 *
 * MG1. Windows that meet at an instant only do not intersect, and stay apart.
 * MG2. The result does not depend on the order of the windows.
 */
import { type Window, windowKey } from "../model/window.ts";
import { listOf, toWindow } from "./custom-windows.ts";
import type { CustomWindows, WindowFnSpec, WindowMerge } from "./window-fn-spec.ts";

/** Windows that become one: `into` is one of them, or a new one. */
export interface MergedWindows {
  readonly windows: readonly Window[];
  readonly into: Window;
}

/** Returns what to merge of different windows; windows that stay as they are are left out. */
export type MergeWindows = (windows: readonly Window[]) => readonly MergedWindows[];

/**
 * Returns the function that merges windows of one key.
 *
 * @throws Error, when it runs, if the author's own function gives what is no merge
 */
export function mergerOf(spec: WindowFnSpec): MergeWindows {
  if (spec.kind !== "custom") return mergeIntersecting;
  const merge = spec.code?.merge;
  if (merge === undefined) return mergeIntersecting;
  return (windows) => checked(listOf(merge(windows), spec, "merge"), windows, spec);
}

/** Joins windows of one label that intersect. */
function mergeIntersecting(windows: readonly Window[]): MergedWindows[] {
  const [only] = windows;
  if (only === undefined || windows.length === 1) return [];
  const groups: { windows: Window[]; into: Window }[] = [];
  for (const ofLabel of Map.groupBy(windows, ({ label }) => label).values()) {
    let group: { windows: Window[]; into: Window } | undefined;
    for (const window of ofLabel.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
      if (group === undefined || window.start >= group.into.end) {
        group = { windows: [window], into: window };
        groups.push(group);
      } else {
        group.windows.push(window);
        if (window.end > group.into.end) group.into = { ...group.into, end: window.end };
      }
    }
  }
  return groups.filter((group) => group.windows.length > 1);
}

function checked(
  merges: Iterable<WindowMerge>,
  windows: readonly Window[],
  spec: CustomWindows,
): MergedWindows[] {
  const given = new Map(windows.map((window) => [windowKey(window), window]));
  const taken = new Set<string>();
  return Array.from(merges, (merge) => {
    const into = toWindow(merge.into, spec);
    const intoKey = windowKey(into);
    const keys = Array.from(merge.windows, windowKey);
    const isNew = !keys.includes(intoKey);
    if (isNew && (given.has(intoKey) || taken.has(intoKey))) throw mergeError(spec);
    for (const key of isNew ? [...keys, intoKey] : keys) {
      if (taken.has(key) || (key !== intoKey && !given.has(key))) throw mergeError(spec);
      taken.add(key);
    }
    return { windows: keys.flatMap((key) => given.get(key) ?? []), into };
  });
}

function mergeError({ name }: CustomWindows): Error {
  return new Error(
    `custom windows "${name}": each window that merge was given may stand in one merge, and a ` +
      "result must be one of its own windows or a new one",
  );
}
