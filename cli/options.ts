/**
 * Options: values of command-line options, read and checked.
 *
 * Owns: what an option takes. A value that can't be one is a usage error, exit code 2.
 */
import { InvalidArgumentError } from "commander";
import { type PublishRequest, parsePublish } from "./publish-input.ts";

const SHARDS_MAX = 1_024;
const PORT_MAX = 65_535;

/** Reads `--shards`. */
export function shardsOption(text: string): number {
  return wholeNumber(text, 1, SHARDS_MAX);
}

/** Reads a port to listen on. */
export function portOption(text: string): number {
  return wholeNumber(text, 1, PORT_MAX);
}

/** Reads a count of 1 or more. */
export function countOption(text: string): number {
  return wholeNumber(text, 1, Number.MAX_SAFE_INTEGER);
}

/** Reads one more `--publish TOPIC=FILE`. */
export function publishOption(
  text: string,
  before: readonly PublishRequest[],
): readonly PublishRequest[] {
  const request = parsePublish(text);
  if (request === undefined) {
    throw new InvalidArgumentError("Give TOPIC=FILE, as in flights=flights.ndjson.");
  }
  return [...before, request];
}

/** Reads one more value of an option that may come several times. */
export function manyOption(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

/** Reads a moment: so long ago (`30min`, `1h`, `2d`), or a date. */
export function momentOption(text: string): number {
  const ago = /^(\d+)\s*(s|min|m|h|d)$/.exec(text);
  if (ago !== null) return Date.now() - Number(ago[1]) * (unitMs[ago[2] ?? ""] ?? 0);
  const timeMs = Date.parse(text);
  if (!Number.isNaN(timeMs)) return timeMs;
  throw new InvalidArgumentError("Give 30min, 1h, 2d, or a date as 2026-01-31T12:00:00Z.");
}

/** Reads a span of time, in ms: `500ms`, `10s`, `1min`. */
export function spanOption(text: string): number {
  const [, count, unit = ""] = /^(\d+)\s*(ms|s|min|m|h|d)$/.exec(text) ?? [];
  const spanMs = Number(count) * (unit === "ms" ? 1 : (unitMs[unit] ?? 0));
  if (spanMs > 0) return spanMs;
  throw new InvalidArgumentError("Give 500ms, 10s, 1min, or the like.");
}

const unitMs: Readonly<Record<string, number>> = {
  s: 1_000,
  min: 60_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

function wholeNumber(text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
  throw new InvalidArgumentError(`Give a whole number ${range}.`);
}
