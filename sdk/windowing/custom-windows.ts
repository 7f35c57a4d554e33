/**
 * What the author writes for windows of their own, and the check of what their functions give.
 *
 * What is wrong with it is thrown as a plain Error: the engine knows the transform, and makes an
 * ERR_USER_CODE of it that names it.
 *
 * @see https://beam.apache.org/documentation/programming-guide/#provided-windowing-functions
 */
import type { Json } from "../coders/coder.ts";
import { MeshError } from "../model/errors.ts";
import { type Timestamp, type TimestampLike, toTimestamp } from "../model/time.ts";
import { intervalWindow, maxTimestamp, type Window } from "../model/window.ts";
import type {
  AssignContext,
  CustomWindowCode,
  CustomWindows,
  WindowFn,
  WindowLike,
  WindowMerge,
} from "./window-fn-spec.ts";

/** Windows of an author's own. Its functions must be deterministic. */
export interface CustomWindowOptions<T> {
  /** Stands for the functions, which can't be compared, in plans and updates. */
  readonly name: string;
  /** What else tells this window function from others of its name: plain JSON. */
  readonly parameters?: Json;
  /** Returns the windows of an element, which must end after it. */
  readonly assign: (context: AssignContext<T>) => Iterable<WindowLike>;
  /** Whether windows of one key may become one; true if there is a `merge`. */
  readonly isMerging?: boolean;
  /** Returns what to merge of a key's windows; by default those that intersect, by label. */
  readonly merge?: (windows: readonly Window[]) => Iterable<WindowMerge>;
}

/**
 * Returns windows by the author's own functions. What they throw, and what is no window, makes the
 * element a dead letter.
 *
 * @throws ERR_OPTION if the name is empty, or there is a `merge` though `isMerging` is false
 * @example
 * customWindows<Shift>({
 *   name: "shifts",
 *   assign: ({ element }) => [{ start: element.begin, end: element.end, label: element.team }],
 * })
 */
export function customWindows<T>(options: CustomWindowOptions<T>): WindowFn<T> {
  const { name, parameters = null, assign, merge, isMerging = merge !== undefined } = options;
  if (name.trim() === "") {
    throw new MeshError("ERR_OPTION", "customWindows: give a name; plans know the windows by it.");
  }
  if (merge !== undefined && !isMerging) {
    throw new MeshError(
      "ERR_OPTION",
      `customWindows "${name}": there is a merge, but isMerging is false.`,
    );
  }
  const code = Object.freeze({ assign: assign as CustomWindowCode["assign"], merge });
  return Object.freeze({ kind: "custom", name, isMerging, parameters, code });
}

/** Returns the function that runs the author's `assign` and checks what it gives. */
export function customAssigner(
  spec: CustomWindows,
): (timestamp: Timestamp, element: unknown, window: Window) => readonly Window[] {
  const { code } = spec;
  return (timestamp, element, window) => {
    const given = code?.assign({ element, timestamp, window });
    return Array.from(listOf(given, spec, "assign"), (like) => {
      const assigned = toWindow(like, spec);
      if (maxTimestamp(assigned) >= timestamp) return assigned;
      throw new Error(
        `custom windows "${spec.name}": assign gave a window that ends before its element`,
      );
    });
  };
}

/** Returns what an author gave as a list. @throws Error if it is none */
export function listOf<T>(
  given: Iterable<T> | undefined,
  { name }: CustomWindows,
  what: string,
): Iterable<T> {
  if (typeof given === "object" && given !== null && Symbol.iterator in given) return given;
  throw new Error(`custom windows "${name}": ${what} must give a list, and gave ${typeof given}`);
}

/** Returns what an author gave as a window. @throws Error if it is none */
export function toWindow(like: WindowLike, { name }: CustomWindows): Window {
  const { start: startLike, end: endLike, label } = (like ?? {}) as Partial<WindowLike>;
  const start = timeOf(startLike, name);
  const end = timeOf(endLike, name);
  if (start >= end) throw new Error(`custom windows "${name}": a window ends before it starts`);
  if (label !== undefined && typeof label !== "string") {
    throw new Error(`custom windows "${name}": the label of a window must be text`);
  }
  const window = intervalWindow(start, end);
  return label === undefined ? window : { ...window, label };
}

function timeOf(like: TimestampLike | undefined, name: string): Timestamp {
  try {
    return toTimestamp(like ?? Number.NaN);
  } catch (cause) {
    throw new Error(`custom windows "${name}": a window needs a start and an end that are times`, {
      cause,
    });
  }
}
