/**
 * Options: the command line of `npm run nexmark`, read and checked.
 *
 * Owns: what the options take. Does not own: running queries.
 */
import { Command, InvalidArgumentError, Option } from "commander";
import { readFlags } from "../read-flags.ts";
import { nexmarkQueries, queryOf } from "./queries/all.ts";
import type { NexmarkMode, NexmarkQuery } from "./queries/nexmark-query.ts";

/** Where a query runs. */
export type NexmarkWorld = "memory" | "embedded";

/** What was asked for. */
export interface NexmarkOptions {
  readonly queries: readonly NexmarkQuery[];
  /** Undefined: as many as each query has by default. */
  readonly events: number | undefined;
  readonly world: NexmarkWorld;
  readonly mode: NexmarkMode;
  readonly isJson: boolean;
}

interface Flags {
  readonly query?: number;
  readonly events?: number;
  readonly world: NexmarkWorld;
  readonly mode: NexmarkMode;
  readonly json?: boolean;
}

/**
 * Reads a command line; undefined if it asked for help, which has been printed.
 *
 * @param args - without `node` and the script
 * @throws ERR_OPTION if it can't be understood
 */
export function readOptions(args: readonly string[]): NexmarkOptions | undefined {
  const flags = readFlags<Flags>(newCommand(), args);
  if (flags === undefined) return undefined;
  const { query, events, world, mode, json = false } = flags;
  const queries = query === undefined ? nexmarkQueries : [queryOf(query)];
  return { queries, events, world, mode, isJson: json };
}

function newCommand(): Command {
  return new Command("npm run nexmark --")
    .description("Runs Nexmark's queries 0 to 12, and counts what they give.")
    .option("--query <n>", "one query, 0 to 12 (default: all)", wholeNumber)
    .option("--events <n>", "how many (default: 100000; queries 4, 6 and 9: 10000)", countOf)
    .addOption(
      new Option("--world <world>", "memory: in this process; embedded: functions in processes")
        .choices(["memory", "embedded"])
        .default("memory"),
    )
    .addOption(
      new Option("--mode <mode>", "whether the source of events has an end")
        .choices(["batch", "streaming"])
        .default("streaming"),
    )
    .option("--json", "print a JSON line for each query");
}

function countOf(text: string): number {
  const count = wholeNumber(text);
  if (count >= 1) return count;
  throw new InvalidArgumentError("Give at least 1.");
}

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Give a whole number.");
}
