/**
 * Mutations: valid input → input that somebody may have broken.
 *
 * Owns: the ways to break bytes and JSON, by a seed. Does not own: what takes the result.
 */
import { deflateSync } from "node:zlib";
import type { Random } from "../../functions/ports.ts";
import { TAG } from "../../sdk/coders/json-tags.ts";

const BOMB_BYTES = 64 << 20;
const DEEP = 20_000;

/** Made once: deflating zeros takes longer than the rest of an input. */
const bomb: Uint8Array = deflateSync(Buffer.alloc(BOMB_BYTES, " "), { level: 9 });

/** Values that code forgets to think of. */
const ODD: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  1e308,
  Number.MAX_SAFE_INTEGER + 2,
  -8.64e15,
  8.64e15,
  "",
  "__proto__",
  "constructor",
  "g",
  "zz:1",
  "\u0000\ud800",
  [],
  {},
  [[]],
  { [TAG]: "bigint", v: "tea" },
  { [TAG]: "no type" },
  JSON.parse('{"__proto__":{"isAdmin":true},"constructor":{"prototype":1}}'),
];

/** Breaks values by a seed. */
export class Mutations {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  below(limit: number): number {
    return Math.floor(this.#random.fraction() * limit);
  }

  one<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** Breaks bytes: cuts them, flips bits, doubles parts, or gives others. */
  bytes(data: Uint8Array): Uint8Array {
    const ways = [
      () => data.subarray(0, this.below(data.length)),
      () => this.#flipped(data),
      () => this.random(this.below(300)),
      () => Buffer.concat([data, data.subarray(this.below(data.length))]),
      () => Buffer.concat([Buffer.from([0x78]), this.random(this.below(100))]),
      () => (this.below(40) === 0 ? bomb : deflateSync(this.#flipped(data))),
      () => Buffer.from(this.below(2) === 0 ? "[".repeat(DEEP) : `{"plan":${"[".repeat(DEEP)}`),
    ];
    return this.one(ways)();
  }

  /** Breaks JSON at some place: another type, another value, gone, doubled, or nested deep. */
  json(value: unknown): unknown {
    const copy: unknown = structuredClone(value);
    const holders = holdersIn(copy);
    for (let i = 0; i <= this.below(3); i++) this.#breakOne(this.one(holders));
    return copy;
  }

  random(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  #breakOne(holder: Record<string, unknown>): void {
    const names = Object.keys(holder);
    const name = this.one(names);
    if (name === undefined) return;
    const value = holder[name];
    const way = this.below(6);
    if (way === 0 && !Array.isArray(holder)) delete holder[name];
    else if (way === 1 && Array.isArray(holder)) holder.push(value);
    else if (way === 2) holder[name] = holder[this.one(names)];
    else if (way === 3 && this.below(30) === 0) holder[name] = deep(DEEP);
    else if (way === 4 && typeof value === "number") holder[name] = value + this.one([1, -1, 1e9]);
    else if (way === 5 && typeof value === "string") holder[name] = value.slice(1);
    else holder[name] = this.one(ODD);
  }

  #flipped(data: Uint8Array): Uint8Array {
    const copy = Uint8Array.from(data);
    for (let i = 0; i <= this.below(4); i++) {
      const at = this.below(copy.length);
      copy[at] = (copy[at] ?? 0) ^ (1 << this.below(8));
    }
    return copy;
  }
}

/** Every list and object in a value. */
function holdersIn(value: unknown): Record<string, unknown>[] {
  if (typeof value !== "object" || value === null) return [];
  const inside = Object.values(value).flatMap(holdersIn);
  return [value as Record<string, unknown>, ...inside];
}

/** Nested so deep that `JSON.stringify` could not write it: it is put in as text. */
class Deep {
  readonly depth: number;

  constructor(depth: number) {
    this.depth = depth;
  }
}

function deep(depth: number): unknown {
  return new Deep(depth);
}

/** Returns JSON text, of what `json` gave. */
export function textOf(value: unknown): string {
  const marks: number[] = [];
  const text = JSON.stringify(value, (_, each: unknown) => {
    if (!(each instanceof Deep)) return each;
    marks.push(each.depth);
    return "deep-mark";
  });
  const nested = "[".repeat(marks[0] ?? 0) + "]".repeat(marks[0] ?? 0);
  return marks.length === 0 ? text : text.replaceAll('"deep-mark"', nested);
}
