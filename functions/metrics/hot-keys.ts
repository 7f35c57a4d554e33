/**
 * Hot keys: the keys that take the most of a shard's elements, as hashes.
 *
 * Owns: eight SpaceSaving counters for each shard. Pure but for its own memory.
 *
 * Of a bundle at most SAMPLE_MAX keys are looked at, each for all that were skipped: what a bundle
 * costs has a bound, and a key with a share worth telling of is met all the same.
 *
 * HK1. No key is kept: only its hash leaves a run.
 * HK2. A counter less its error is never above what was counted of its key.
 *
 * @see Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k Elements in Data Streams
 */
import { hashLanes } from "../../sdk/model/text-hash.ts";

/** `[all that was counted, hash, count, error, hash, count, error, …]`. */
export type HotKeysJson = readonly (number | string)[];

/** A key that takes much of its shard's elements. */
export interface HotKey {
  readonly hash: string;
  /** Of the shard's elements: at least this part of 1. */
  readonly share: number;
}

const COUNTERS = 8;
const SAMPLE_MAX = 32;
/** Halved from here on, so that what is hot now is told and not what once was. */
const TOTAL_MAX = 200_000;

interface Counter {
  /** The two halves of the key's hash. */
  readonly high: number;
  readonly low: number;
  count: number;
  error: number;
}

/** Counts the keys of one shard. */
export class HotKeys {
  #total: number;
  #counters: Counter[] = [];
  /** Begins elsewhere whenever the shard is opened, or equal bundles would give equal samples. */
  #step: number;

  constructor([total = 0, ...rest]: HotKeysJson = []) {
    this.#total = Number(total);
    this.#step = Math.imul(this.#total + 1, 2_654_435_761) >>> 0;
    for (let i = 0; i + 2 < rest.length; i += 3) {
      const [hash, count, error] = rest.slice(i, i + 3);
      const [high, low] = halvesOf(String(hash));
      this.#counters.push({ high, low, count: Number(count), error: Number(error) });
    }
  }

  /** Counts the keys of a bundle's column. */
  add(keys: readonly string[]): void {
    const { length } = keys;
    if (length <= SAMPLE_MAX) {
      for (const key of keys) this.#count(key, 1);
      return;
    }
    // Steps of changing length: keys that come in turns must not fall into step with the sample.
    const meanStep = length / SAMPLE_MAX;
    for (let at = 0; at < length; ) {
      this.#step = (Math.imul(this.#step, 1_664_525) + 1_013_904_223) >>> 0;
      const step = Math.max(1, Math.ceil((this.#step / 4_294_967_296) * 2 * meanStep));
      const weight = Math.min(step, length - at);
      this.#count(keys[at] ?? "", weight);
      at += step;
    }
  }

  toJson(): HotKeysJson {
    const counters = this.#counters.flatMap(({ high, low, count, error }) => [
      hex(high) + hex(low),
      count,
      error,
    ]);
    return [this.#total, ...counters];
  }

  #count(key: string, weight: number): void {
    const [high, low] = hashLanes(key);
    this.#total += weight;
    if (this.#total > TOTAL_MAX) this.#halve();
    let least = 0;
    let leastCount = Number.POSITIVE_INFINITY;
    for (const [i, counter] of this.#counters.entries()) {
      if (counter.low === low && counter.high === high) {
        counter.count += weight;
        return;
      }
      if (counter.count >= leastCount) continue;
      least = i;
      leastCount = counter.count;
    }
    if (this.#counters.length < COUNTERS) {
      this.#counters.push({ high, low, count: weight, error: 0 });
    } else {
      this.#counters[least] = { high, low, count: leastCount + weight, error: leastCount };
    }
  }

  #halve(): void {
    this.#total = Math.floor(this.#total / 2);
    for (const counter of this.#counters) {
      counter.count = Math.floor(counter.count / 2);
      counter.error = Math.ceil(counter.error / 2);
    }
  }
}

/** As textHash writes it. */
function hex(half: number): string {
  return half.toString(16).padStart(8, "0");
}

function halvesOf(hash: string): [high: number, low: number] {
  return [Number.parseInt(hash.slice(0, 8), 16), Number.parseInt(hash.slice(8), 16)];
}

/** Returns the keys that take at least `shareMin` of a shard's elements, the hottest first. */
export function hotKeysResult(json: HotKeysJson, shareMin: number): HotKey[] {
  const [total = 0, ...rest] = json;
  const keys: HotKey[] = [];
  for (let i = 0; i + 2 < rest.length; i += 3) {
    const share = (Number(rest[i + 1]) - Number(rest[i + 2])) / Math.max(1, Number(total));
    if (share >= shareMin) keys.push({ hash: String(rest[i]), share });
  }
  return keys.sort((a, b) => b.share - a.share);
}
