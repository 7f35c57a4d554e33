/**
 * `tidemark run FILE`: a pipeline from beginning to end in this process: the direct runner.
 */
import type { Command } from "commander";
import type { Log } from "../../functions/ports.ts";
import { loadPipeline } from "../../infra/load-pipeline.ts";
import { compile } from "../../sdk/compile/compile.ts";
import { runInMemory } from "../memory-run.ts";
import { manyOption, publishOption, shardsOption } from "../options.ts";
import { outputColumns, print, printAside } from "../output.ts";
import type { Outcome } from "../program.ts";
import { startProgress } from "../progress.ts";
import { checkPublish, type PublishRequest, readPublish } from "../publish-input.ts";
import { runJson, runReport } from "../run-report.ts";

interface RunOptions {
  readonly shards?: number;
  readonly publish: readonly PublishRequest[];
  readonly collection: readonly string[];
  readonly json?: boolean;
}

/** Adds `run` to the program. */
export function addRunCommand(program: Command, outcome: Outcome): void {
  program
    .command("run")
    .summary("run a pipeline from beginning to end in this process")
    .description(
      "Runs a pipeline from beginning to end in this process: bounded sources until they are read,\n" +
        "reads without an end for a minute, topics until the messages of --publish are taken; then all\n" +
        "open windows fire. Processing time is virtual and begins at 2026-01-01, so that a run gives\n" +
        "the same result each time.",
    )
    .argument("<file>", "module that exports the pipeline as default")
    .option("--shards <n>", "shards of each stage (default: 4)", shardsOption)
    .option(
      "--publish <topic=file>",
      "messages for a topic that the pipeline reads: .json (an array), .ndjson (a value a line), or text (a line is a message); may come several times",
      publishOption,
      [],
    )
    .option(
      "--collection <name>",
      "show only this collection, with all its documents; may come several times",
      manyOption,
      [],
    )
    .option("--json", "print the whole result as one JSON object and nothing else")
    .addHelpText("after", "\nExit code 1 if any element became a dead letter.")
    .action(async (file: string, options: RunOptions) => {
      const isVerbose = program.opts()["verbose"] === true;
      outcome.exitCode = await run(file, options, isVerbose);
    });
}

async function run(file: string, options: RunOptions, isVerbose: boolean): Promise<number> {
  const { shards, collection, json = false } = options;
  const { pipeline } = await loadPipeline(file);
  const plan = compile(pipeline, shards === undefined ? {} : { shards });
  checkPublish(plan, options.publish);
  const inputs = await Promise.all(options.publish.map(readPublish));
  const isKnown = plan.stages.every(({ kind }) => kind !== "read");
  const total = inputs.reduce((sum, { messages }) => sum + messages.length, 0);
  const progress = startProgress({
    label: plan.pipeline,
    unit: "elements in",
    total: isKnown ? total : undefined,
    isSilent: json,
  });
  const onProgress = (count: number): void => progress.update(count);
  const log = isVerbose ? logAside : undefined;
  const running = runInMemory(pipeline, { shards, inputs, onProgress, log });
  const result = await running.finally(() => progress.stop());
  const width = outputColumns();
  print(json ? runJson(result, collection) : runReport(result, { collections: collection, width }));
  return result.deadLetters.length > 0 ? 1 : 0;
}

const logAside: Log = (severity, message, fields) => {
  printAside(`${severity} ${message} ${fields === undefined ? "" : JSON.stringify(fields)}`);
};
