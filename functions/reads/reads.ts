/**
 * Reads: what a shard has still to read, from one activation to the next.
 *
 * Owns: which reads wait, and until when. Does not own: running one (run-reads.ts).
 *
 * RS1. A read waits here, or is on its way to its first shard, until all of it is committed: its
 *      watermark holds the stage's.
 */
import { earlier, MAX_TIMESTAMP, type Timestamp } from "../../sdk/model/time.ts";
import type { Keeper } from "../keeper.ts";
import type { ShardState } from "../state.ts";
import type { Read } from "./read.ts";

/** A read that waits; as in the state. */
interface Waiting {
  readonly read: Read;
  /** Processing time before which it does not go on, in ms; undefined: it goes on at once. */
  readonly dueMs?: number;
}

const PREFIX = "r ";

/** What a shard has still to read. */
export class Reads implements Keeper {
  /** Whether the shard was told of a drain. */
  isDraining: boolean;
  readonly #state: ShardState;
  /** By number, the one that waits longest first. */
  readonly #waiting: Map<number, Waiting>;
  readonly #changed = new Set<number>();
  #next = 0;

  constructor(state: ShardState, isDraining: boolean) {
    this.#state = state;
    this.isDraining = isDraining;
    const stored: [number, Waiting][] = [];
    for (const [id, text] of state.entries()) {
      if (!id.startsWith(PREFIX)) continue;
      stored.push([Number.parseInt(id.slice(PREFIX.length), 36), JSON.parse(text)]);
    }
    this.#waiting = new Map(stored.sort(([a], [b]) => a - b));
    for (const number of this.#waiting.keys()) this.#next = number + 1;
  }

  /** Adds a read behind all others; it waits until `dueMs`, or goes on at once. */
  add(read: Read, dueMs?: number): void {
    this.#changed.add(this.#next);
    this.#waiting.set(this.#next++, { read, ...(dueMs !== undefined && { dueMs }) });
  }

  /** Returns the numbers of all that go on now; none of them waits for any time any more. */
  due(nowMs: number): number[] {
    const due: number[] = [];
    for (const [number, { read, dueMs }] of this.#waiting) {
      const isToBeCut = this.isDraining && read.isTruncated !== true;
      if (dueMs !== undefined && dueMs > nowMs && !isToBeCut) continue;
      due.push(number);
      if (dueMs === undefined) continue;
      this.#waiting.set(number, { read });
      this.#changed.add(number);
    }
    return due;
  }

  /** Takes a read out: what is left of it must be added anew. */
  take(number: number): Read | undefined {
    const taken = this.#waiting.get(number)?.read;
    this.#waiting.delete(number);
    this.#changed.add(number);
    return taken;
  }

  /** Whether a read goes on at once. */
  hasDue(): boolean {
    for (const { dueMs } of this.#waiting.values()) if (dueMs === undefined) return true;
    return false;
  }

  hold(): Timestamp {
    let hold = MAX_TIMESTAMP;
    for (const { read } of this.#waiting.values()) hold = earlier(hold, read.watermark);
    return hold;
  }

  nextTimer(): Timestamp {
    return MAX_TIMESTAMP;
  }

  /** Those that go on at once have a message on its way. */
  nextProcessingMs(): number {
    let next: number = MAX_TIMESTAMP;
    for (const { dueMs } of this.#waiting.values()) next = Math.min(next, dueMs ?? next);
    return next;
  }

  nextSynchronizedMs(): number {
    return MAX_TIMESTAMP;
  }

  settle(): void {
    for (const number of this.#changed) {
      const waiting = this.#waiting.get(number);
      const id = PREFIX + number.toString(36);
      if (waiting === undefined) this.#state.delete(id);
      else this.#state.put(id, JSON.stringify(waiting));
    }
    this.#changed.clear();
  }
}
