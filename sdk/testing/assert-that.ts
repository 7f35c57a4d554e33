/**
 * assertThat: what a test says about a PCollection, inside of the pipeline.
 *
 * Owns: the words of an assertion. Does not own: comparing (checks.ts), or recording the elements
 * and running the checks when the run has ended (emulators/testing).
 *
 * An assertion is a sink: elements reach it with timestamp, window and pane, in every world. An
 * empty PCollection gives it nothing, and its checks run all the same.
 *
 * @see https://beam.apache.org/documentation/pipelines/test-your-pipeline/
 */
import type { TransformOptions } from "../graph-builder.ts";
import type { AssertSinkSpec } from "../io/sink-spec.ts";
import type { KV } from "../model/kv.ts";
import { callerPlace, formatPlace } from "../model/place.ts";
import type { PCollection } from "../pcollection.ts";
import { Assertion, type Reified } from "./assertion.ts";
import {
  compareEqual,
  compareInAnyOrder,
  compareMultimaps,
  compareSize,
  mapOf,
  theOnly,
  toMap,
  toMultimap,
} from "./checks.ts";
import {
  EVERYTHING,
  type PaneName,
  type Selection,
  selectionOf,
  type WindowLike,
} from "./selection.ts";
import { equalityText } from "./show.ts";

/** A user's check of some elements: throws, or rejects, if they are not as they should be. */
export type Satisfies<A, T> = (actual: A, elements: readonly Reified<T>[]) => unknown;

/** What all assertions share: choosing the elements by window and pane. */
abstract class Assert<T, Self> {
  readonly #assertion: Assertion;
  readonly #selection: Selection;

  /** @internal Use `assertThat` and its kind. */
  constructor(assertion: Assertion, selection: Selection) {
    this.#assertion = assertion;
    this.#selection = selection;
    assertion.begin(this, formatPlace(callerPlace()));
  }

  /** The elements of one window, of all its panes. */
  inWindow(window: WindowLike): Self {
    return this.#panes("all", window);
  }

  /** The elements of one window, which must have fired exactly once: more panes fail. */
  inOnlyPane(window: WindowLike): Self {
    return this.#panes("only", window);
  }

  /** The elements of a window's on-time pane. */
  inOnTimePane(window: WindowLike): Self {
    return this.#panes("onTime", window);
  }

  /** The elements of a window's early panes. */
  inEarlyPanes(window: WindowLike): Self {
    return this.#panes("early", window);
  }

  /** The elements of a window's late panes. */
  inLatePane(window: WindowLike): Self {
    return this.#panes("late", window);
  }

  /** The elements of the pane that was known to be a window's last. */
  inFinalPane(window: WindowLike): Self {
    return this.#panes("final", window);
  }

  /** The elements of a window's early panes and of its on-time pane. */
  inCombinedNonLatePanes(window: WindowLike): Self {
    return this.#panes("nonLate", window);
  }

  /** The elements of the global window's early panes. */
  inEarlyGlobalWindowPanes(): Self {
    return this.#panes("early");
  }

  /** Returns an assertion about the same PCollection that looks at other elements. */
  protected abstract like(assertion: Assertion, selection: Selection): Self;

  /** Adds a check; the assertion can go on with others. */
  protected check(term: string, run: (elements: readonly Reified<T>[]) => unknown): this {
    const { words, pick } = this.#selection;
    this.#assertion.use(this);
    this.#assertion.add({
      label: words === "" ? term : `${term}, ${words}`,
      where: formatPlace(callerPlace()),
      // The sink records what the PCollection holds, so the elements are of its type.
      run: (elements) => run(pick(elements) as readonly Reified<T>[]),
    });
    return this;
  }

  #panes(panes: PaneName, window?: WindowLike): Self {
    this.#assertion.use(this);
    return this.like(this.#assertion, selectionOf(panes, window));
  }
}

/** An assertion about the elements of a PCollection. */
export class IterableAssert<T> extends Assert<T, IterableAssert<T>> {
  /**
   * Checks that these are the elements, each as often as it stands here.
   *
   * @throws ERR_ENCODE if one of `expected` is no data
   */
  containsInAnyOrder(expected: Iterable<T>): this {
    const all = [...expected];
    for (const element of all) equalityText(element); // Refused here, where it is written.
    return this.check("containsInAnyOrder", (elements) =>
      compareInAnyOrder(all, valuesOf(elements)),
    );
  }

  /** Checks that there is no element. */
  isEmpty(): this {
    return this.check("isEmpty", (elements) => compareInAnyOrder([], valuesOf(elements)));
  }

  /** Checks how many elements there are. */
  hasSize(size: number): this {
    return this.check("hasSize", (elements) => compareSize(size, valuesOf(elements)));
  }

  /** Has `fn` check the elements, in any order; it also gets them with timestamp and pane. */
  satisfies(fn: Satisfies<readonly T[], T>): this {
    return this.check("satisfies", (elements) => fn(valuesOf(elements), elements));
  }

  protected override like(assertion: Assertion, selection: Selection): IterableAssert<T> {
    return new IterableAssert(assertion, selection);
  }
}

/** An assertion about one value that is made of the elements of a PCollection. */
export class ValueAssert<T, A, E> extends Assert<T, ValueAssert<T, A, E>> {
  readonly #form: Form<T, A, E>;

  /** @internal Use `assertThatSingleton` and its kind. */
  constructor(form: Form<T, A, E>, assertion: Assertion, selection: Selection) {
    super(assertion, selection);
    this.#form = form;
  }

  /** Checks that the value is this one. */
  isEqualTo(expected: E): this {
    const { make, compare } = this.#form;
    return this.check("isEqualTo", (elements) => compare(expected, make(valuesOf(elements))));
  }

  /** Has `fn` check the value; it also gets the elements with timestamp and pane. */
  satisfies(fn: Satisfies<A, T>): this {
    const { make } = this.#form;
    return this.check("satisfies", (elements) => fn(make(valuesOf(elements)), elements));
  }

  protected override like(assertion: Assertion, selection: Selection): ValueAssert<T, A, E> {
    return new ValueAssert(this.#form, assertion, selection);
  }
}

/** How elements become the value that is asserted about. */
interface Form<T, A, E> {
  readonly make: (values: readonly T[]) => A;
  readonly compare: (expected: E, actual: A) => void;
}

/** A map as a test writes it; an object's fields are keys of type string. */
export type MapLike<K, V> = ReadonlyMap<K, V> | (K extends string ? Readonly<Record<K, V>> : never);

/**
 * Returns an assertion about the elements of a PCollection; its checks run when the run has ended.
 * One that checks nothing fails the run.
 *
 * @example assertThat(counts).inWindow({ start: 0, end: 60_000 }).containsInAnyOrder([kv("a", 2)])
 */
export function assertThat<T>(
  actual: PCollection<T>,
  options: TransformOptions = {},
): IterableAssert<T> {
  return new IterableAssert<T>(record(actual, options, "assertThat"), EVERYTHING);
}

/**
 * Returns an assertion about the one element that a PCollection, or the selected pane, must have.
 *
 * @example assertThatSingleton(total).isEqualTo(42)
 */
export function assertThatSingleton<T>(
  actual: PCollection<T>,
  options: TransformOptions = {},
): ValueAssert<T, T, T> {
  const form: Form<T, T, T> = { make: (values) => theOnly(values) as T, compare: compareEqual };
  return new ValueAssert(form, record(actual, options, "assertThatSingleton"), EVERYTHING);
}

/**
 * Returns an assertion about key-value pairs as a map, in which no key stands twice.
 *
 * @example assertThatMap(counts).isEqualTo({ a: 2, b: 1 })
 */
export function assertThatMap<K, V>(
  actual: PCollection<KV<K, V>>,
  options: TransformOptions = {},
): ValueAssert<KV<K, V>, ReadonlyMap<K, V>, MapLike<K, V>> {
  const form: Form<KV<K, V>, ReadonlyMap<K, V>, MapLike<K, V>> = {
    make: (pairs) => toMap(pairs) as Map<K, V>,
    compare: (expected, map) => compareEqual(mapOf(expected), map),
  };
  return new ValueAssert(form, record(actual, options, "assertThatMap"), EVERYTHING);
}

/**
 * Returns an assertion about key-value pairs as a map from each key to its values, in any order.
 *
 * @example assertThatMultimap(visits).isEqualTo({ ann: ["/", "/buy"], bob: ["/"] })
 */
export function assertThatMultimap<K, V>(
  actual: PCollection<KV<K, V>>,
  options: TransformOptions = {},
): ValueAssert<KV<K, V>, ReadonlyMap<K, readonly V[]>, MapLike<K, Iterable<V>>> {
  const form: Form<KV<K, V>, ReadonlyMap<K, readonly V[]>, MapLike<K, Iterable<V>>> = {
    make: (pairs) => toMultimap(pairs) as Map<K, V[]>,
    compare: (expected, map) => compareMultimaps(mapOf(expected), map),
  };
  return new ValueAssert(form, record(actual, options, "assertThatMultimap"), EVERYTHING);
}

/** Adds the sink that records the elements. */
function record<T>(
  actual: PCollection<T>,
  { name }: TransformOptions,
  fallback: string,
): Assertion {
  const assertion = new Assertion();
  const sink: AssertSinkSpec = Object.freeze({ type: "assert", fallback, assertion });
  actual.write({ sink }, name === undefined ? {} : { name });
  return assertion;
}

function valuesOf<T>(elements: readonly Reified<T>[]): readonly T[] {
  return elements.map(({ value }) => value);
}
