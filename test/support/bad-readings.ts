/**
 * Bad readings: input for the pipeline of pipelines/readings.ts, most of it good, and what must
 * become of the rest.
 */
import { expect } from "vitest";
import type { Reading } from "./pipelines/readings.ts";

/** What a dead letter says, as far as the tests look. */
export interface Letter {
  readonly pipeline: string;
  readonly stage: string;
  readonly attempts: number;
  readonly element?: unknown;
  /** Base64. */
  readonly data?: string;
  readonly error: { readonly code: string; readonly message: string; readonly stack?: string };
}

/** A message that can't be processed, and the dead letter that it must become. */
interface BadMessage {
  readonly what: string;
  readonly data: Uint8Array;
  readonly code: string;
  /** The transform that the message must name. */
  readonly transform: string;
  /** Stands in the dead letter, as element or as the message's own bytes. */
  readonly holds: string;
}

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 0, 1);
const SENSORS = ["a", "b", "c", "d", "e"];
const GOOD_COUNT = 400;

/** Text of an element that is too big to cross a shuffle: at most 675,000 bytes may. */
const LONG_NOTE = "x".repeat(800_000);

function goodReading(i: number): Reading {
  const at = new Date(START_MS + i * 60_000).toISOString();
  return { sensor: SENSORS[i % SENSORS.length] ?? "", at, value: i };
}

const GOOD: readonly Reading[] = Array.from({ length: GOOD_COUNT }, (_, i) => goodReading(i));

function bytes(value: unknown): Uint8Array {
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
}

const good = goodReading(7);

/** Bad messages of every kind. */
export const BAD: readonly BadMessage[] = [
  {
    what: "not JSON",
    data: bytes('{"sensor": "a",'),
    code: "ERR_DECODE",
    transform: "readings",
    holds: '{"sensor": "a",',
  },
  {
    what: "not UTF-8",
    data: Uint8Array.of(0xff, 0xfe, 0x41),
    code: "ERR_DECODE",
    transform: "readings",
    holds: "A",
  },
  { what: "null", data: bytes("null"), code: "ERR_DECODE", transform: "readings", holds: "null" },
  {
    what: "a date that is none",
    data: bytes({ ...good, at: "yesterday" }),
    code: "ERR_TIMESTAMP",
    transform: "readings",
    holds: "yesterday",
  },
  {
    what: "a DoFn that throws",
    data: bytes({ ...good, value: -1 }),
    code: "ERR_USER_CODE",
    transform: "check",
    holds: '"value":-1',
  },
  {
    what: "too big",
    data: bytes({ ...good, note: LONG_NOTE }),
    code: "ERR_ELEMENT_TOO_BIG",
    transform: "by sensor",
    holds: "xxx",
  },
  {
    what: "a map that throws behind the shuffle",
    data: bytes({ ...good, sensor: "cursed" }),
    code: "ERR_USER_CODE",
    transform: "add up",
    holds: "cursed",
  },
];

/** All messages, the bad ones among the good. */
export const MESSAGES: readonly Uint8Array[] = mix();

function mix(): Uint8Array[] {
  const messages = GOOD.map(bytes);
  for (const [i, { data }] of BAD.entries()) messages.splice((i + 1) * 40, 0, data);
  return messages;
}

/** Checks that each bad message became one dead letter that says all. */
export function checkLetters(letters: readonly Letter[]): void {
  const found = letters.map(({ error }) => error.code).sort();
  expect(found).toEqual(BAD.map(({ code }) => code).sort());
  for (const { what, code, transform, holds } of BAD) {
    const letter = letters.find(
      (each) => each.error.code === code && contentOf(each).includes(holds),
    );
    expect(letter, what).toBeDefined();
    expect(letter?.error.message, what).toContain(transform);
    expect(letter?.pipeline, what).toBe("readings");
    expect(letter?.stage, what).toBeTruthy();
    // One that stands in a bundle with another's failure is run as often as that one.
    expect(letter?.attempts, what).toBeGreaterThanOrEqual(code === "ERR_USER_CODE" ? 3 : 1);
  }
}

function contentOf({ element, data }: Letter): string {
  return data === undefined ? JSON.stringify(element) : Buffer.from(data, "base64").toString();
}

/** Checks that every good reading was counted, and no other. */
export function checkSums(documents: ReadonlyMap<string, Readonly<Record<string, unknown>>>): void {
  const expected = new Map<string, { sensor: string; readings: number; sum: number }>();
  for (const { sensor, at, value } of GOOD) {
    const id = `${sensor}-${Math.floor(Date.parse(at) / HOUR_MS) * HOUR_MS}`;
    const before = expected.get(id) ?? { sensor, readings: 0, sum: 0 };
    expected.set(id, { sensor, readings: before.readings + 1, sum: before.sum + value });
  }
  expect(new Map(documents)).toEqual(expected);
}
