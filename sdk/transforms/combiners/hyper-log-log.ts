/**
 * HyperLogLog: how many different texts there were, in a few kilobytes.
 *
 * Owns: the registers, their form as data, and the estimate. Does not own: the CombineFn
 * (approximate-distinct.ts).
 *
 * A text's hash chooses one of 2^p registers, which keeps the largest rank it has seen: the place of
 * the first 1 in the hash's other lane. So a text that comes again changes nothing, and the sketch of
 * a union is the larger rank of each register, in any order. Few registers are kept as a map, for most
 * keys see few elements.
 *
 * HL1. Equal sets of texts give equal registers, in whatever split and order, and in every process.
 *
 * @see Flajolet et al., HyperLogLog: the analysis of a near-optimal cardinality estimation algorithm (2007)
 * @see Ertl, New cardinality estimation algorithms for HyperLogLog sketches (2017), https://arxiv.org/abs/1702.01284
 */
import type { Coder, Json } from "../../coders/coder.ts";
import { base64ToBytes, bytesToBase64 } from "../../coders/json-tags.ts";
import { MeshError } from "../../model/errors.ts";
import { hashLanes } from "../../model/text-hash.ts";

/** The ranks that are not 0, by register; or the ranks of all registers. */
export interface Registers {
  few: Map<number, number> | undefined;
  all: Uint8Array | undefined;
}

/** A hash's lane has 32 bits, so that a rank is at most 33. */
const RANK_MAX = 33;
/** A map is larger than the array from about this part of its length on. */
const FEW_PART = 16;
/** In the encoded form of few: `register * RANK_BASE + rank`. */
const RANK_BASE = 64;

/** A HyperLogLog of one precision. */
export class HyperLogLog {
  readonly #precision: number;
  readonly #size: number;
  /** How accumulators cross an edge: a list of numbers while they are few, then base64. */
  readonly coder: Coder<Registers>;

  /** @param precision - 4 to 16: the number of registers is 2 to this power */
  constructor(precision: number) {
    this.#precision = precision;
    this.#size = 2 ** precision;
    this.coder = {
      name: `hyperLogLog ${precision}`,
      encode: encodeRegisters,
      decode: (json) => decodeRegisters(json, this.#size),
    };
  }

  empty(): Registers {
    return { few: new Map(), all: undefined };
  }

  add(registers: Registers, text: string): Registers {
    const [high, low] = hashLanes(text);
    this.#raise(registers, low >>> (32 - this.#precision), Math.clz32(high) + 1);
    return registers;
  }

  merge(registers: Registers, { few, all }: Registers): Registers {
    for (const [register, rank] of few ?? []) this.#raise(registers, register, rank);
    for (const [register, rank] of all?.entries() ?? []) {
      if (rank > 0) this.#raise(registers, register, rank);
    }
    return registers;
  }

  /** Returns the estimate of how many different texts were added, as a whole number. */
  estimate({ few, all }: Registers): number {
    const counts = new Array<number>(RANK_MAX + 1).fill(0);
    counts[0] = few === undefined ? 0 : this.#size - few.size;
    for (const rank of few?.values() ?? all ?? []) counts[rank] = (counts[rank] ?? 0) + 1;
    return Math.round(estimate(counts, this.#size));
  }

  #raise(registers: Registers, register: number, rank: number): void {
    const { few, all } = registers;
    if (all !== undefined) {
      if (rank > (all[register] ?? 0)) all[register] = rank;
      return;
    }
    if (few === undefined || rank <= (few.get(register) ?? 0)) return;
    few.set(register, rank);
    if (few.size * FEW_PART <= this.#size) return;
    registers.all = new Uint8Array(this.#size);
    registers.few = undefined;
    for (const [at, value] of few) registers.all[at] = value;
  }
}

/**
 * Ertl's estimator, which needs no correction for few or many elements: `counts` holds how many
 * registers have each rank.
 */
function estimate(counts: readonly number[], size: number): number {
  let z = size * tau(1 - (counts[RANK_MAX] ?? 0) / size);
  for (let rank = RANK_MAX - 1; rank >= 1; rank--) z = 0.5 * (z + (counts[rank] ?? 0));
  z += size * sigma((counts[0] ?? 0) / size);
  return (size * size) / (2 * Math.LN2 * z);
}

/** What the empty registers add. Infinite where all are empty, so that the estimate is 0. */
function sigma(empty: number): number {
  if (empty === 1) return Number.POSITIVE_INFINITY;
  let x = empty;
  let weight = 1;
  let sum = empty;
  for (let before = Number.NaN; sum !== before; weight += weight) {
    before = sum;
    x *= x;
    sum += x * weight;
  }
  return sum;
}

/** What the registers with the largest rank take away. */
function tau(notFull: number): number {
  if (notFull === 0 || notFull === 1) return 0;
  let x = notFull;
  let weight = 1;
  let sum = 1 - notFull;
  for (let before = Number.NaN; sum !== before; ) {
    before = sum;
    x = Math.sqrt(x);
    weight /= 2;
    sum -= (1 - x) ** 2 * weight;
  }
  return sum / 3;
}

function encodeRegisters({ few, all }: Registers): Json {
  if (all !== undefined) return bytesToBase64(all);
  return [...(few ?? [])]
    .map(([register, rank]) => register * RANK_BASE + rank)
    .sort((a, b) => a - b);
}

function decodeRegisters(json: Json, size: number): Registers {
  if (typeof json === "string") {
    const all = base64ToBytes(json);
    if (all.length === size) return { few: undefined, all };
  } else if (Array.isArray(json)) {
    const packed = json as readonly number[];
    const few = new Map(packed.map((n) => [Math.floor(n / RANK_BASE), n % RANK_BASE]));
    return { few, all: undefined };
  }
  throw new MeshError("ERR_DECODE", `approximateDistinct: ${size} registers were expected.`);
}
