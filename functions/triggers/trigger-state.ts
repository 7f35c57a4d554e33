/**
 * Trigger state: what a trigger remembers of one key and window.
 *
 * Owns: which of a trigger's parts have finished, and the one number that a part may keep (a count,
 * a time). Parts are known by their place in the tree, counted from 0 in the order of reading.
 */

/** `[places of what has finished, place and number of each part that keeps one, in turn]`. */
export type TriggerJson = readonly [finished: readonly number[], numbers: readonly number[]];

/** The place of the trigger as a whole. */
const ROOT_PLACE = 0;

/** What a trigger remembers of one key and window. */
export class TriggerState {
  readonly #finished: Set<number>;
  readonly #numbers: Map<number, number>;

  private constructor(finished: Iterable<number>, numbers: Iterable<readonly [number, number]>) {
    this.#finished = new Set(finished);
    this.#numbers = new Map(numbers);
  }

  /** Returns the state of a trigger that has seen nothing. */
  static empty(): TriggerState {
    return new TriggerState([], []);
  }

  /** Returns all that is left to know of a trigger that has finished: that it has. */
  static closed(): TriggerState {
    return new TriggerState([ROOT_PLACE], []);
  }

  /** Returns the state that `toJson` gave. */
  static fromJson([finished, flat]: TriggerJson): TriggerState {
    const numbers: [number, number][] = [];
    for (let i = 0; i < flat.length; i += 2) numbers.push([flat[i] ?? 0, flat[i + 1] ?? 0]);
    return new TriggerState(finished, numbers);
  }

  toJson(): TriggerJson {
    return [[...this.#finished], [...this.#numbers].flat()];
  }

  copy(): TriggerState {
    return new TriggerState(this.#finished, this.#numbers);
  }

  /** Whether the trigger as a whole has finished: its window is closed. */
  get isClosed(): boolean {
    return this.#finished.has(ROOT_PLACE);
  }

  isFinished(place: number): boolean {
    return this.#finished.has(place);
  }

  setFinished(place: number, isFinished: boolean): void {
    if (isFinished) this.#finished.add(place);
    else this.#finished.delete(place);
  }

  numberAt(place: number): number | undefined {
    return this.#numbers.get(place);
  }

  setNumber(place: number, value: number): void {
    this.#numbers.set(place, value);
  }

  clearNumber(place: number): void {
    this.#numbers.delete(place);
  }
}
