/**
 * Bag and multimap state: lists in chunks, `[value, …]`, that are written once and never again.
 *
 * BG1. Adding reads nothing and writes no older entry again.
 * BG2. The chunks of a list are numbered from 0 without a gap.
 */
import { decodeKey } from "../../sdk/coders/key-coder.ts";
import type { BagState, MultimapState } from "../../sdk/state/state-types.ts";
import type { Live } from "./key-cells.ts";
import { chunksOf, type StateSlot } from "./state-slot.ts";

/** A list at hand. */
export class LiveBag implements BagState<unknown>, Live {
  readonly #slot: StateSlot;
  readonly #partOf: (chunk: number) => string;
  /** Decoded values of the stored chunks; undefined: not read yet. */
  #stored: unknown[] | undefined;
  #isCleared = false;
  #added: unknown[] = [];

  constructor(slot: StateSlot, partOf: (chunk: number) => string = (chunk) => chunk.toString(36)) {
    this.#slot = slot;
    this.#partOf = partOf;
  }

  add(value: unknown): void {
    this.#added.push(value);
    this.#slot.noteChanged(this);
  }

  read(): readonly unknown[] {
    this.#stored ??= this.#isCleared ? [] : this.#load();
    return [...this.#stored, ...this.#added];
  }

  isEmpty(): boolean {
    if (this.#added.length > 0) return false;
    return this.#isCleared || this.#slot.get(this.#partOf(0)) === undefined;
  }

  clear(): void {
    this.#isCleared = true;
    this.#stored = [];
    this.#added = [];
    this.#slot.noteChanged(this);
  }

  seal(): void {
    const { codec } = this.#slot;
    let count = this.#count();
    if (this.#isCleared) {
      while (count > 0) this.#slot.set(this.#partOf(--count), undefined);
      this.#isCleared = false;
    }
    for (const { text } of chunksOf(this.#added, (value) => codec.encode(value))) {
      this.#slot.set(this.#partOf(count++), text);
    }
    this.#stored?.push(...this.#added);
    this.#added = [];
  }

  #load(): unknown[] {
    const { codec } = this.#slot;
    const values: unknown[] = [];
    for (let chunk = 0; ; chunk++) {
      const text = this.#slot.get(this.#partOf(chunk));
      if (text === undefined) return values;
      for (const json of JSON.parse(text) as unknown[]) values.push(codec.decode(json));
    }
  }

  #count(): number {
    let count = 0;
    while (this.#slot.get(this.#partOf(count)) !== undefined) count++;
    return count;
  }
}

/** Lists by key at hand, each a bag of its own: the parts are `chunk key`. */
export class LiveMultimap implements MultimapState<unknown, unknown> {
  readonly #slot: StateSlot;
  readonly #bags = new Map<string, LiveBag>();

  constructor(slot: StateSlot) {
    this.#slot = slot;
  }

  put(key: unknown, value: unknown): void {
    this.#bag(this.#slot.codec.keyText(key)).add(value);
  }

  get(key: unknown): readonly unknown[] {
    return this.#bag(this.#slot.codec.keyText(key)).read();
  }

  has(key: unknown): boolean {
    return !this.#bag(this.#slot.codec.keyText(key)).isEmpty();
  }

  remove(key: unknown): void {
    this.#bag(this.#slot.codec.keyText(key)).clear();
  }

  keys(): readonly unknown[] {
    return this.#keyTexts().map(decodeKey);
  }

  entries(): readonly (readonly [unknown, readonly unknown[]])[] {
    return this.#keyTexts().map((text) => [decodeKey(text), this.#bag(text).read()]);
  }

  isEmpty(): boolean {
    return this.#keyTexts().length === 0;
  }

  clear(): void {
    for (const text of this.#keyTexts()) this.#bag(text).clear();
  }

  #keyTexts(): string[] {
    const stored = this.#slot
      .parts()
      .flatMap((part) => (part.startsWith("0 ") ? part.slice(2) : []));
    const known = new Set([...stored, ...this.#bags.keys()]);
    return [...known].filter((text) => !this.#bag(text).isEmpty());
  }

  #bag(keyText: string): LiveBag {
    let bag = this.#bags.get(keyText);
    if (bag === undefined) {
      bag = new LiveBag(this.#slot, (chunk) => `${chunk.toString(36)} ${keyText}`);
      this.#bags.set(keyText, bag);
    }
    return bag;
  }
}
