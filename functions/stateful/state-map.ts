/**
 * Map and set state: an entry for each key, `[value]`, and for each member, `1`.
 */
import { decodeKey } from "../../sdk/coders/key-coder.ts";
import type { MapState, SetState } from "../../sdk/state/state-types.ts";
import type { Live } from "./key-cells.ts";
import type { StateSlot } from "./state-slot.ts";

const ABSENT = Symbol("absent");

/** Values by key at hand. */
export class LiveMap implements MapState<unknown, unknown>, Live {
  readonly #slot: StateSlot;
  /** What was read or changed, by the texts of keys. */
  readonly #known = new Map<string, unknown>();
  readonly #changed = new Set<string>();

  constructor(slot: StateSlot) {
    this.#slot = slot;
  }

  get(key: unknown): unknown {
    const value = this.#read(this.#slot.codec.keyText(key));
    return value === ABSENT ? undefined : value;
  }

  has(key: unknown): boolean {
    return this.#read(this.#slot.codec.keyText(key)) !== ABSENT;
  }

  put(key: unknown, value: unknown): void {
    this.#write(this.#slot.codec.keyText(key), value);
  }

  putIfAbsent(key: unknown, value: unknown): unknown {
    const text = this.#slot.codec.keyText(key);
    const before = this.#read(text);
    if (before !== ABSENT) return before;
    this.#write(text, value);
    return undefined;
  }

  remove(key: unknown): void {
    this.#write(this.#slot.codec.keyText(key), ABSENT);
  }

  keys(): readonly unknown[] {
    return this.#present().map(decodeKey);
  }

  values(): readonly unknown[] {
    return this.#present().map((text) => this.#read(text));
  }

  entries(): readonly (readonly [unknown, unknown])[] {
    return this.#present().map((text) => [decodeKey(text), this.#read(text)]);
  }

  isEmpty(): boolean {
    return this.#present().length === 0;
  }

  clear(): void {
    for (const text of this.#present()) this.#write(text, ABSENT);
  }

  seal(): void {
    for (const text of this.#changed) {
      const value = this.#known.get(text);
      this.#slot.set(text, value === ABSENT ? undefined : `[${this.#slot.codec.encode(value)}]`);
    }
    this.#changed.clear();
  }

  #read(keyText: string): unknown {
    if (this.#known.has(keyText)) return this.#known.get(keyText);
    const text = this.#slot.get(keyText);
    const value = text === undefined ? ABSENT : this.#slot.codec.decode(JSON.parse(text)[0]);
    this.#known.set(keyText, value);
    return value;
  }

  #write(keyText: string, value: unknown): void {
    this.#known.set(keyText, value);
    this.#changed.add(keyText);
    this.#slot.noteChanged(this);
  }

  /** Texts of the keys that have a value, stored ones first. */
  #present(): string[] {
    const texts = new Set([...this.#slot.parts(), ...this.#changed]);
    return [...texts].filter((text) => this.#known.get(text) !== ABSENT);
  }
}

/** A set at hand: a map without values. */
export class LiveSet implements SetState<unknown>, Live {
  readonly #slot: StateSlot;
  readonly #changed = new Map<string, boolean>();

  constructor(slot: StateSlot) {
    this.#slot = slot;
  }

  add(value: unknown): void {
    this.#write(this.#slot.codec.keyText(value), true);
  }

  addIfAbsent(value: unknown): boolean {
    const text = this.#slot.codec.keyText(value);
    if (this.#has(text)) return false;
    this.#write(text, true);
    return true;
  }

  has(value: unknown): boolean {
    return this.#has(this.#slot.codec.keyText(value));
  }

  remove(value: unknown): void {
    this.#write(this.#slot.codec.keyText(value), false);
  }

  read(): readonly unknown[] {
    return this.#members().map(decodeKey);
  }

  isEmpty(): boolean {
    return this.#members().length === 0;
  }

  clear(): void {
    for (const text of this.#members()) this.#write(text, false);
  }

  seal(): void {
    for (const [text, isIn] of this.#changed) this.#slot.set(text, isIn ? "1" : undefined);
    this.#changed.clear();
  }

  #has(text: string): boolean {
    return this.#changed.get(text) ?? this.#slot.get(text) !== undefined;
  }

  #write(text: string, isIn: boolean): void {
    this.#changed.set(text, isIn);
    this.#slot.noteChanged(this);
  }

  #members(): string[] {
    const texts = new Set([...this.#slot.parts(), ...this.#changed.keys()]);
    return [...texts].filter((text) => this.#has(text));
  }
}
