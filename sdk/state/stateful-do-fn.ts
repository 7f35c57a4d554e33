/**
 * Stateful DoFn: user code with state and timers for each key and window.
 *
 * Owns: what an author writes for it, its types, and the check of its names. Does not own: running
 * it (functions/stateful/).
 *
 * @see https://beam.apache.org/documentation/programming-guide/#state-and-timers
 */
import { type Duration, toMsOrInfinity } from "../model/duration.ts";
import { MeshError } from "../model/errors.ts";
import type { AnyKV } from "../model/graph.ts";
import type { KeyOf } from "../model/kv.ts";
import { callerPlace, formatPlace } from "../model/place.ts";
import type { Timestamp } from "../model/time.ts";
import type { Window } from "../model/window.ts";
import type { BundleFinalizer } from "../transforms/bundle-finalizer.ts";
import type { DoFn, None, ProcessContext } from "../transforms/do-fn.ts";
import type { StateSpec } from "./state-specs.ts";
import type { TimerSpec } from "./timers.ts";

/** Declared states, by name. */
export type StateSpecs = Readonly<Record<string, StateSpec>>;

/** Declared timers, by name. */
export type TimerSpecs = Readonly<Record<string, TimerSpec>>;

/** What a DoFn sees of what it declared. */
export type Handles<S extends StateSpecs | TimerSpecs> = {
  readonly [N in keyof S]: S[N] extends { readonly handle?: infer H } ? NonNullable<H> : never;
};

/**
 * What a stateful DoFn emits and reads without an element at hand. An output's `timestamp` must not
 * lie before the context's own (ERR_TIMESTAMP).
 */
type Outputs<O, Tags, Sides> = Pick<
  ProcessContext<O, Tags, Sides>,
  "output" | "outputTo" | "sideInput"
>;

/** What a stateful DoFn knows of the element at hand. */
export interface StatefulContext<
  O,
  S extends StateSpecs,
  T extends TimerSpecs,
  Tags = None,
  Sides = None,
> extends ProcessContext<O, Tags, Sides> {
  readonly state: Handles<S>;
  readonly timers: Handles<T>;
}

/** What a stateful DoFn knows when one of its timers fires. */
export interface OnTimerContext<
  K,
  O,
  S extends StateSpecs,
  T extends TimerSpecs,
  Tags = None,
  Sides = None,
> extends Outputs<O, Tags, Sides> {
  readonly key: K;
  readonly window: Window;
  /** The timer's output timestamp: what is emitted gets it. +∞ if the timer may emit nothing. */
  readonly timestamp: Timestamp;
  /** The time for which the timer was set, in its time domain. */
  readonly fireTimestamp: Timestamp;
  /** Which timer of a family; empty otherwise. */
  readonly tag: string;
  readonly state: Handles<S>;
  readonly timers: Handles<T>;
  readonly bundleFinalizer: BundleFinalizer;
}

/** What a stateful DoFn knows when a window expires. It can set no timer any more. */
export interface OnWindowExpirationContext<K, O, S extends StateSpecs, Tags = None, Sides = None>
  extends Outputs<O, Tags, Sides> {
  readonly key: K;
  readonly window: Window;
  /** The window's largest timestamp: what is emitted gets it. */
  readonly timestamp: Timestamp;
  readonly state: Handles<S>;
  readonly bundleFinalizer: BundleFinalizer;
}

type Returned = void | Promise<void>;

type OnTimers<K, O, S extends StateSpecs, T extends TimerSpecs, Tags, Sides> = {
  readonly [N in keyof T]: (context: OnTimerContext<K, O, S, T, Tags, Sides>) => Returned;
};

type LifeCycle<O> = Pick<DoFn<never, O>, "setup" | "startBundle" | "finishBundle" | "teardown">;

/** What an author writes for a stateful DoFn over pairs `I` with outputs `O`. */
export type StatefulDefinition<
  I extends AnyKV,
  O,
  S extends StateSpecs,
  T extends TimerSpecs,
  Tags = None,
  Sides = None,
> = LifeCycle<O> & {
  readonly state?: S;
  readonly timers?: T;
  /**
   * Called for each element, one after the other; elements of one key in the order in which they
   * came. May be asynchronous.
   */
  readonly process: (element: I, context: StatefulContext<O, S, T, Tags, Sides>) => Returned;
  /**
   * Called once for each key and window that saw an element, when the window has expired and
   * before its state is cleared. Holds the output watermark until then.
   */
  readonly onWindowExpiration?: (
    context: OnWindowExpirationContext<KeyOf<I>, O, S, Tags, Sides>,
  ) => Returned;
  /**
   * Elements come in the order of their timestamps, each once the input watermark has passed it by
   * the allowed lateness. What comes later than that is dropped.
   */
  readonly requiresTimeSortedInput?: boolean;
  /**
   * How far before its input an output may lie; 0 by default, Infinity for any. What lies before may
   * be late, unless a timer holds the watermark for it.
   */
  readonly allowedTimestampSkew?: Duration;
} & (keyof T extends never
    ? { readonly onTimer?: Readonly<Record<string, never>> }
    : { readonly onTimer: OnTimers<KeyOf<I>, O, S, NoInfer<T>, Tags, Sides> });

/** What the author wrote, with its types forgotten. */
export interface StatefulCode extends LifeCycle<unknown> {
  process(element: AnyKV, context: unknown): Returned;
  readonly onTimer?: Readonly<Record<string, (context: unknown) => Returned>>;
  onWindowExpiration?(context: unknown): Returned;
  readonly requiresTimeSortedInput?: boolean;
}

/** A stateful DoFn over pairs `I` with outputs `O`: what `parDo` of a keyed PCollection takes. */
export interface StatefulDoFn<in I extends AnyKV, out O, in Tags = None, in Sides = None> {
  readonly kind: "statefulDoFn";
  readonly code: StatefulCode;
  readonly state: StateSpecs;
  readonly timers: TimerSpecs;
  readonly allowedTimestampSkewMs: number;
  /** Exists in types only: what the DoFn uses must be declared where it is applied. */
  readonly types?: (element: I, declared: { readonly tags: Tags; readonly sides: Sides }) => O;
}

/**
 * Makes a stateful DoFn. Where `I` and `O` don't follow from `parDo<O>(statefulDoFn({ … }))`, give
 * them in a call of their own: `statefulDoFn<KV<string, Order>, string>()({ … })`; the types of tagged
 * outputs and of side inputs follow there, as in `DoFn<I, O, Tags, Sides>`.
 *
 * @throws ERR_PIPELINE if a timer has no handler or a handler no timer, or a name can't be one
 * @throws ERR_DURATION if `allowedTimestampSkew` can't be read
 * @example
 * keyed.parDo<Order>(
 *   statefulDoFn({
 *     state: { seen: valueState<boolean>() },
 *     timers: { forget: processingTimer() },
 *     process({ value }, { state, timers, output }) {
 *       if (state.seen.read() !== true) output(value);
 *       state.seen.write(true);
 *       timers.forget.offset({ minutes: 10 }).setRelative();
 *     },
 *     onTimer: { forget: ({ state }) => state.seen.clear() },
 *   }),
 * );
 */
export function statefulDoFn<I extends AnyKV, O, Tags = None, Sides = None>(): <
  S extends StateSpecs = None,
  T extends TimerSpecs = None,
>(
  definition: StatefulDefinition<I, O, S, T, Tags, Sides>,
) => StatefulDoFn<I, O, Tags, Sides>;
export function statefulDoFn<
  I extends AnyKV,
  O,
  S extends StateSpecs = None,
  T extends TimerSpecs = None,
>(definition: StatefulDefinition<I, O, S, T>): StatefulDoFn<I, O>;
export function statefulDoFn(definition?: object): unknown {
  return definition === undefined ? make : make(definition as Draft);
}

interface Draft extends StatefulCode {
  readonly state?: StateSpecs;
  readonly timers?: TimerSpecs;
  readonly allowedTimestampSkew?: Duration;
}

function make(definition: Draft): StatefulDoFn<AnyKV, unknown> {
  const { state = {}, timers = {}, onTimer = {}, allowedTimestampSkew = 0 } = definition;
  requireNames([...Object.keys(state), ...Object.keys(timers)]);
  requireHandlers(Object.keys(timers), onTimer);
  const what = "statefulDoFn: allowedTimestampSkew";
  const allowedTimestampSkewMs = toMsOrInfinity(allowedTimestampSkew, what);
  const kind = "statefulDoFn";
  return Object.freeze({ kind, code: definition, state, timers, allowedTimestampSkewMs });
}

/** Returns whether a DoFn is a stateful one. */
export function isStateful(fn: object): fn is StatefulDoFn<AnyKV, unknown> {
  return (fn as { kind?: unknown }).kind === "statefulDoFn";
}

/** Names are part of the ids of what is stored, in which a space separates. */
function requireNames(names: readonly string[]): void {
  const broken = names.find((name) => !/^[A-Za-z_$][\w$-]{0,39}$/.test(name));
  if (broken === undefined) return;
  throw refused(
    `${JSON.stringify(broken)} can't be the name of a state or timer. Give 1 to 40 of letters, digits, _, $ and -, beginning with none of the digits.`,
  );
}

function requireHandlers(
  timers: readonly string[],
  onTimer: Readonly<Record<string, unknown>>,
): void {
  const unhandled = timers.find((name) => typeof onTimer[name] !== "function");
  if (unhandled !== undefined) {
    throw refused(
      `the timer "${unhandled}" has no handler. Add onTimer: { ${unhandled}(context) { … } }.`,
    );
  }
  const undeclared = Object.keys(onTimer).find((name) => !timers.includes(name));
  if (undeclared === undefined) return;
  throw refused(
    `onTimer has a handler "${undeclared}", but no timer of that name is declared. Add timers: { ${undeclared}: eventTimer() }.`,
  );
}

function refused(words: string): MeshError {
  return new MeshError("ERR_PIPELINE", `statefulDoFn at ${formatPlace(callerPlace())}: ${words}`);
}
