/**
 * Value and combining state: one entry, `[value]`.
 */

import type { CombiningState, ValueState } from "../../sdk/state/state-types.ts";
import type { CombineFn } from "../../sdk/transforms/combine-fn.ts";
import type { Live } from "./key-cells.ts";
import type { StateSlot } from "./state-slot.ts";

/** One value at hand. */
export class LiveValue implements ValueState<unknown>, Live {
  readonly #slot: StateSlot;
  #isLoaded = false;
  #isPresent = false;
  #value: unknown;

  constructor(slot: StateSlot) {
    this.#slot = slot;
  }

  read(): unknown {
    this.#load();
    return this.#value;
  }

  get isPresent(): boolean {
    this.#load();
    return this.#isPresent;
  }

  write(value: unknown): void {
    this.#replace(true, value);
  }

  clear(): void {
    this.#replace(false, undefined);
  }

  seal(): void {
    this.#slot.set("", this.#isPresent ? `[${this.#slot.codec.encode(this.#value)}]` : undefined);
  }

  #replace(isPresent: boolean, value: unknown): void {
    this.#isLoaded = true;
    this.#isPresent = isPresent;
    this.#value = value;
    this.#slot.noteChanged(this);
  }

  #load(): void {
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    const text = this.#slot.get("");
    if (text === undefined) return;
    this.#isPresent = true;
    this.#value = this.#slot.codec.decode(JSON.parse(text)[0]);
  }
}

/** A fold at hand: its accumulator is a value. */
export class LiveCombining implements CombiningState<unknown, unknown> {
  readonly #accumulator: LiveValue;
  readonly #fn: CombineFn<unknown, unknown, unknown>;

  constructor(slot: StateSlot, fn: CombineFn<unknown, unknown, unknown>) {
    this.#accumulator = new LiveValue(slot);
    this.#fn = fn;
  }

  add(input: unknown): void {
    this.#accumulator.write(this.#fn.addInput(this.#current(), input));
  }

  read(): unknown {
    return this.#fn.extractOutput(this.#current());
  }

  isEmpty(): boolean {
    return !this.#accumulator.isPresent;
  }

  clear(): void {
    this.#accumulator.clear();
  }

  #current(): unknown {
    const { isPresent } = this.#accumulator;
    return isPresent ? this.#accumulator.read() : this.#fn.createAccumulator();
  }
}
