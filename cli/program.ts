/**
 * Program: the commands of `tidemark`, and how each ends.
 *
 * Owns: exit codes and the help's frame. Does not own: what a command does (commands/).
 *
 * Exit codes: 0 all is well; 1 the pipeline or its file failed, or left dead letters; 2 usage.
 */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { addCancelCommand } from "./commands/cancel.ts";
import { addCostCommand } from "./commands/cost.ts";
import { addDeadLettersCommand } from "./commands/dead-letters.ts";
import { addDevCommand } from "./commands/dev.ts";
import { addDrainCommand } from "./commands/drain.ts";
import { addInitCommand } from "./commands/init.ts";
import { addPauseCommand } from "./commands/pause.ts";
import { addPlanCommand } from "./commands/plan.ts";
import { addRestoreCommand } from "./commands/restore.ts";
import { addResumeCommand } from "./commands/resume.ts";
import { addRunCommand } from "./commands/run.ts";
import { addSampleCommand } from "./commands/sample.ts";
import { addSnapshotCommand } from "./commands/snapshot.ts";
import { addStatusCommand } from "./commands/status.ts";
import { addUpdateCommand } from "./commands/update.ts";
import { errorReport } from "./error-report.ts";
import { printAside } from "./output.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** How a command ended, if it did not throw. */
export interface Outcome {
  exitCode: number;
}

/**
 * Runs a command line and returns its exit code.
 *
 * @param args - without `node` and the script
 */
export async function runProgram(args: readonly string[]): Promise<number> {
  const outcome: Outcome = { exitCode: 0 };
  const program = createProgram(outcome);
  try {
    await program.parseAsync(args, { from: "user" });
    return outcome.exitCode;
  } catch (error) {
    // Commander has written its own message; only help and version are no errors.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    printAside(errorReport(error, program.opts()["verbose"] === true));
    return EXIT_FAILED;
  }
}

function createProgram(outcome: Outcome): Command {
  const program = new Command("tidemark")
    .description("Apache Beam's model on Cloud Functions, Pub/Sub and Firestore; and here.")
    .version(packageVersion(), "-V, --version", "show the version")
    .helpOption("-h, --help", "show what a command takes")
    .option("--verbose", "show stacks and causes of errors, and every log line")
    .showHelpAfterError("(tidemark --help shows the commands and their options)")
    .addHelpText("after", helpEnd)
    .exitOverride();
  addInitCommand(program);
  addDevCommand(program);
  addRunCommand(program, outcome);
  addPlanCommand(program);
  addCostCommand(program);
  addStatusCommand(program);
  addSampleCommand(program);
  addDeadLettersCommand(program, outcome);
  addPauseCommand(program);
  addResumeCommand(program);
  addDrainCommand(program, outcome);
  addCancelCommand(program);
  addUpdateCommand(program, outcome);
  addSnapshotCommand(program);
  addRestoreCommand(program);
  return program;
}

const helpEnd = `
FILE is a TypeScript or JavaScript module that exports a pipeline as default; PIPELINE is the name of
one that was launched, found through Firestore.

Exit codes:
  0  all is well
  1  the pipeline or its file failed, or there are dead letters
  2  the command line can't be understood

Examples:
  tidemark init shop
  tidemark plan examples/flights.ts
  tidemark run examples/flights.ts --publish flights=flights.json
  tidemark dev examples/flights.ts
  tidemark pause flights
  tidemark drain flights --timeout 300`;

function packageVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}
