/**
 * `npm run nexmark -- [--query N] [--events N] [--world WORLD] [--mode MODE] [--json]`.
 *
 * Owns: running the queries one after the other, the output and the exit code: 0 all is well; 1 a run
 * failed or lost events; 2 the command line can't be understood; 130 it was stopped.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMeshError } from "../../sdk/model/errors.ts";
import { type NexmarkOptions, readOptions } from "./options.ts";
import { lossesOf, type Outcome } from "./outcome.ts";
import type { NexmarkQuery } from "./queries/nexmark-query.ts";
import { type RunOf, reportOf, TABLE_HEAD, tableRow } from "./report.ts";
import { runInMemory } from "./run-memory.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());
process.env["METADATA_SERVER_DETECTION"] ??= "none";

const exitCode = await main(process.argv.slice(2));
// What was written goes out first; then nothing that a library keeps open may hold the process.
await new Promise((resolve) => process.stdout.write("", resolve));
process.exit(exitCode);

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = readOptions(args);
    return options === undefined ? 0 : await runAll(options);
  } catch (error) {
    if (stop.signal.aborted) return EXIT_INTERRUPTED;
    const words = isMeshError(error) ? `${error.code}: ${error.message}` : String(error);
    process.stderr.write(`error ${words}\n`);
    return isMeshError(error) && error.code === "ERR_OPTION" ? EXIT_USAGE : EXIT_FAILED;
  }
}

async function runAll(options: NexmarkOptions): Promise<number> {
  const { queries, world, mode, isJson } = options;
  let isSound = true;
  if (!isJson) print(`${mode}, ${world} world\n\n${TABLE_HEAD}`);
  for (const query of queries) {
    const run: RunOf = { world, mode, events: options.events ?? query.events };
    const outcome = await runOne(query, run);
    const report = reportOf(query, run, outcome);
    print(isJson ? JSON.stringify(report) : tableRow(report));
    const losses = lossesOf(outcome);
    isSound &&= losses.length === 0;
    for (const loss of losses) process.stderr.write(`query ${query.query}: ${loss}\n`);
  }
  return isSound ? 0 : EXIT_FAILED;
}

async function runOne(query: NexmarkQuery, { world, mode, events }: RunOf): Promise<Outcome> {
  stop.signal.throwIfAborted();
  const folder = await mkdtemp(join(tmpdir(), "tidemark-nexmark-"));
  try {
    const settings = { config: { events }, mode, folder };
    if (world === "memory") return await runInMemory(query, settings);
    // Google's clients take a second to load.
    const { runEmbedded } = await import("./run-embedded.ts");
    return await runEmbedded(query, settings, stop.signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
