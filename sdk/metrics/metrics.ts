/**
 * Metrics: what user code counts while a pipeline runs.
 *
 * Owns: the objects that user code calls. Does not own: keeping and adding up (functions/metrics).
 *
 * A metric counts for the transform whose code calls it. Outside of a running pipeline a call does
 * nothing. What a bundle counts becomes *committed* with the bundle's effects, and so once, however
 * often it is run; *attempted* holds what failed tries counted as well.
 *
 * @see https://beam.apache.org/documentation/programming-guide/#metrics
 */
import { MeshError } from "../model/errors.ts";
import { metricsHook } from "./hook.ts";

/** The kinds of metric, by the letter that a key begins with. */
export const METRIC_LETTERS = {
  counter: "c",
  distribution: "d",
  gauge: "g",
  stringSet: "s",
} as const;

/** What a metric is. */
export type MetricKind = keyof typeof METRIC_LETTERS;

/** A sum. */
export interface Counter {
  /** Adds `n`, which may be negative; 1 where left out. */
  add(n?: number): void;
}

/** Sum, count, smallest and largest of some numbers. */
export interface Distribution {
  /** Takes one number in. */
  update(value: number): void;
}

/** The latest of some numbers. */
export interface Gauge {
  /** Sets the value of now. */
  set(value: number): void;
}

/** The different ones of some texts. */
export interface StringSet {
  /** Adds texts. */
  add(...texts: readonly string[]): void;
}

const NAME_CHARS_MAX = 100;
const DEFAULT_NAMESPACE = "user";

type Names = [name: string] | [namespace: string, name: string];

/**
 * Returns a counter.
 *
 * @param names - namespace and name; in the namespace `user` where only the name is given
 * @throws ERR_OPTION if one of them is empty or too long, or the namespace contains a slash
 * @example
 * const dropped = metrics.counter("orders", "dropped");
 * orders.filter((order) => order.total > 0 || void dropped.add());
 */
function counter(...names: Names): Counter {
  const key = keyOf("counter", names);
  return Object.freeze({ add: (n = 1) => update(key, n) });
}

/**
 * Returns a distribution.
 *
 * @throws ERR_OPTION as `metrics.counter`
 * @example metrics.distribution("orders", "items")
 */
function distribution(...names: Names): Distribution {
  const key = keyOf("distribution", names);
  return Object.freeze({ update: (value: number) => update(key, value) });
}

/**
 * Returns a gauge.
 *
 * @throws ERR_OPTION as `metrics.counter`
 * @example metrics.gauge("cache", "entries")
 */
function gauge(...names: Names): Gauge {
  const key = keyOf("gauge", names);
  return Object.freeze({ set: (value: number) => update(key, value) });
}

/**
 * Returns a set of texts. It is for few and short ones: what a shard keeps is bounded.
 *
 * @throws ERR_OPTION as `metrics.counter`
 * @example metrics.stringSet("orders", "currencies")
 */
function stringSet(...names: Names): StringSet {
  const key = keyOf("stringSet", names);
  return Object.freeze({
    add(...texts: readonly string[]) {
      const step = currentStep();
      if (step !== undefined) for (const text of texts) step.update(key, text);
    },
  });
}

function update(key: string, value: number): void {
  const step = currentStep();
  if (step === undefined) return;
  if (!Number.isFinite(value))
    throw new RangeError(`metric ${key.slice(2)}: not a number: ${value}`);
  step.update(key, value);
}

function currentStep(): ReturnType<NonNullable<typeof metricsHook.continued>> {
  return metricsHook.current ?? metricsHook.continued?.();
}

function keyOf(kind: MetricKind, names: Names): string {
  const [namespace, name] = names.length === 1 ? [DEFAULT_NAMESPACE, names[0]] : names;
  for (const word of [namespace, name]) {
    if (word.trim() === "" || word.length > NAME_CHARS_MAX) {
      throw new MeshError(
        "ERR_OPTION",
        `metrics.${kind}: ${JSON.stringify(word)} can't be a name. Give 1 to ${NAME_CHARS_MAX} characters.`,
      );
    }
  }
  if (namespace.includes("/")) {
    throw new MeshError("ERR_OPTION", `metrics.${kind}: a namespace has no "/": ${namespace}.`);
  }
  metricsHook.isUsed = true;
  return `${METRIC_LETTERS[kind]}:${namespace}/${name}`;
}

/**
 * Metrics of one's own: make them once, at the top of a module, and call them in any function of a
 * pipeline.
 *
 * @example const dropped = metrics.counter("orders", "dropped")
 */
export const metrics: {
  /** A sum. */
  readonly counter: typeof counter;
  /** Sum, count, smallest and largest. */
  readonly distribution: typeof distribution;
  /** The latest value. */
  readonly gauge: typeof gauge;
  /** Different texts, a few. */
  readonly stringSet: typeof stringSet;
} = { counter, distribution, gauge, stringSet };
