/**
 * View: the elements of a side input's window → the value that a DoFn reads.
 *
 * Owns: the form of each kind of view, and what may not be: two elements of a singleton, two values
 * of one key in a map. Does not own: which elements there are (side-views.ts).
 *
 * An element of a singleton or a map comes as `[pane index, element]`: the newest pane wins, and only
 * what one pane holds twice is an error.
 */
import { encodeKey } from "../../sdk/coders/key-coder.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import type { AnyKV } from "../../sdk/model/graph.ts";
import type { NamedSideInput } from "../../sdk/transforms/side-input.ts";

/**
 * Returns the value of a view.
 *
 * @param where - names the ParDo that reads it, in errors
 * @throws ERR_USER_CODE if the elements are not what the kind of view allows
 */
export function viewOf(side: NamedSideInput, elements: readonly unknown[], where: string): unknown {
  switch (side.kind) {
    case "singleton":
      return singleton(side, elements as readonly Versioned[], where);
    case "map":
      return map(side, elements as readonly Versioned[], where);
    case "multimap":
      return multimap(elements as readonly AnyKV[]);
    default:
      return elements;
  }
}

type Versioned = readonly [paneIndex: number, element: unknown];

function singleton(side: NamedSideInput, elements: readonly Versioned[], where: string): unknown {
  const newest = Math.max(...elements.map(([index]) => index));
  const [first, second] = elements.filter(([index]) => index === newest);
  if (second !== undefined) {
    throw new MeshError(
      "ERR_USER_CODE",
      `${where}: the side input "${side.name}" is a singleton, but its window holds more than one element. Combine it to one first, or use asList().`,
    );
  }
  if (first !== undefined) return first[1];
  if (side.fallback !== undefined) return side.fallback.value;
  throw new MeshError(
    "ERR_USER_CODE",
    `${where}: the side input "${side.name}" is a singleton, but its window is empty. Give asSingleton({ fallback }), or use asList().`,
  );
}

function map(side: NamedSideInput, elements: readonly Versioned[], where: string): unknown {
  const entries = new KeyedMap<readonly [index: number, value: unknown]>();
  for (const [index, element] of elements) {
    const { key, value } = element as AnyKV;
    const before = entries.get(key);
    if (before !== undefined && before[0] === index) {
      throw new MeshError(
        "ERR_USER_CODE",
        `${where}: the side input "${side.name}" is a map, but has two values for the key ${JSON.stringify(key)}. Combine it by key first, or use asMultimap().`,
      );
    }
    if (before === undefined || before[0] < index) entries.put(key, [index, value]);
  }
  return entries.mapValues(([, value]) => value);
}

function multimap(elements: readonly AnyKV[]): unknown {
  const lists = new KeyedMap<unknown[]>();
  for (const { key, value } of elements) {
    const list = lists.get(key);
    if (list === undefined) lists.put(key, [value]);
    else list.push(value);
  }
  return lists;
}

/** A map whose keys are equal by value: by their canonical text, as everywhere in the mesh. */
class KeyedMap<V> implements ReadonlyMap<unknown, V> {
  readonly #entries = new Map<string, readonly [key: unknown, value: V]>();

  get size(): number {
    return this.#entries.size;
  }

  get(key: unknown): V | undefined {
    return this.#entries.get(encodeKey(key))?.[1];
  }

  has(key: unknown): boolean {
    return this.#entries.has(encodeKey(key));
  }

  put(key: unknown, value: V): void {
    this.#entries.set(encodeKey(key), [key, value]);
  }

  mapValues<W>(fn: (value: V) => W): KeyedMap<W> {
    const mapped = new KeyedMap<W>();
    for (const [key, value] of this) mapped.put(key, fn(value));
    return mapped;
  }

  forEach(visit: (value: V, key: unknown, map: ReadonlyMap<unknown, V>) => void): void {
    for (const [key, value] of this) visit(value, key, this);
  }

  *entries(): MapIterator<[unknown, V]> {
    for (const [key, value] of this.#entries.values()) yield [key, value];
  }

  *keys(): MapIterator<unknown> {
    for (const [key] of this.#entries.values()) yield key;
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.#entries.values()) yield value;
  }

  [Symbol.iterator](): MapIterator<[unknown, V]> {
    return this.entries();
  }
}
