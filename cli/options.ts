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

function wholeNumber(text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
  throw new InvalidArgumentError(`Give a whole number ${range}.`);
}
