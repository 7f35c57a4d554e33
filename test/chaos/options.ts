/**
 * Options: the command line of `npm run chaos`, read and checked.
 *
 * Owns: what the options take, and their defaults. Does not own: running.
 */
import { Command, Option } from "commander";
import { readFlags } from "../../bench/read-flags.ts";
import { countOption } from "../../cli/options.ts";
import type { ChaosOptions } from "./chaos-run.ts";

interface Flags extends Pick<ChaosOptions, "world" | "events" | "kills" | "seed"> {
  readonly pipeline: ChaosOptions["shape"];
  readonly perMessage?: number;
  readonly deadline?: number;
  readonly json?: boolean;
}

/**
 * Flights in a message. Google's Pub/Sub keeps two pushes outstanding and takes about 50 ms for one,
 * so that 100,000 messages would take more than an hour.
 */
const PER_MESSAGE = { embedded: 1, google: 200 } as const;

/** A run that makes no headway on a busy machine is given up after this. */
const DEADLINE_S_LEAST = 300;
const DEADLINE_S_OF_KILL = 10;
const DEADLINE_S_OF_EVENT = 0.01;

/**
 * Reads a command line; undefined if it asked for help, which has been printed.
 *
 * @param args - without `node` and the script
 * @throws ERR_OPTION if it can't be understood
 */
export function readOptions(
  args: readonly string[],
): (ChaosOptions & { readonly isJson: boolean }) | undefined {
  const flags = readFlags<Flags>(newCommand(), args);
  if (flags === undefined) return undefined;
  const { world, events, kills, seed, pipeline: shape, json: isJson = false } = flags;
  const seconds =
    flags.deadline ?? DEADLINE_S_LEAST + kills * DEADLINE_S_OF_KILL + events * DEADLINE_S_OF_EVENT;
  const eventsPerMessage = flags.perMessage ?? PER_MESSAGE[world];
  const deadlineMs = seconds * 1_000;
  return { world, shape, events, kills, seed, eventsPerMessage, deadlineMs, isJson };
}

function newCommand(): Command {
  return new Command("npm run chaos --")
    .description("Kills processes and cuts connections of a mesh, and looks for lost events.")
    .addOption(
      new Option("--world <world>", "whose Pub/Sub and Firestore")
        .choices(["embedded", "google"])
        .default("embedded"),
    )
    .addOption(
      new Option("--pipeline <name>", "delays: combines; rushes: sessions and state")
        .choices(["delays", "rushes"])
        .default("delays"),
    )
    .option("--events <n>", "how many flights", countOption, 20_000)
    .option("--kills <n>", "how many processes are killed at least", countOption, 20)
    .option("--seed <n>", "of the flights, the moments and the choices", countOption, 2_026)
    .option("--per-message <n>", "flights in a message (default: 1; google: 200)", countOption)
    .option("--deadline <s>", "give up after so many seconds (default: by the load)", countOption)
    .option("--json", "print one JSON object and nothing else");
}
