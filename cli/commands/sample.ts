/**
 * `tidemark sample STAGE`: elements on their way to a stage of a running job, or its last failures.
 */
import type { Command } from "commander";
import type { Connection } from "../connection.ts";
import { countOption } from "../options.ts";
import { outputColumns, print, printAside } from "../output.ts";
import { stopSignal } from "../stop-signal.ts";

interface SampleFlags {
  readonly pipeline?: string;
  readonly count: number;
  readonly seconds: number;
  readonly errors?: boolean;
  readonly json?: boolean;
  readonly project?: string;
  readonly database?: string;
}

const COUNT_DEFAULT = 10;
const SECONDS_DEFAULT = 30;

/** Adds `sample` to the program. */
export function addSampleCommand(program: Command): void {
  program
    .command("sample")
    .summary("show elements on their way to a stage of a running job, or its last failures")
    .description(
      "Shows elements on their way to a stage of a running job: what is published to it from now on.\n" +
        "It subscribes beside the stage, which still takes every element, and deletes the subscription\n" +
        "in the end. This prints the content of elements. With --errors it shows the stage's last\n" +
        "failures by cause instead, also those that a retry mended, and no content.",
    )
    .argument("<stage>", "a stage's id, its beginning, or the name of a transform in it")
    .option("--pipeline <name>", "pipeline (default: the only one of the database)")
    .option(
      "--count <n>",
      `elements at most (default: ${COUNT_DEFAULT})`,
      countOption,
      COUNT_DEFAULT,
    )
    .option(
      "--seconds <n>",
      `how long to wait for them (default: ${SECONDS_DEFAULT})`,
      countOption,
      SECONDS_DEFAULT,
    )
    .option("--errors", "show the stage's last failures by cause")
    .option("--json", "print a JSON object a line")
    .option("--project <id>", "Google Cloud project (default: GOOGLE_CLOUD_PROJECT)")
    .option("--database <id>", "Firestore database (default: (default))")
    .action(sample);
}

async function sample(word: string, flags: SampleFlags): Promise<void> {
  // Google's clients take half a second to load, which the other commands need not wait for.
  const { onlyPipeline, withJob } = await import("../connection.ts");
  const pipeline = flags.pipeline ?? (await onlyPipeline(flags));
  await withJob(pipeline, flags, (connection) =>
    flags.errors === true
      ? showFailures(word, connection, flags)
      : showElements(word, connection, flags),
  );
}

async function showFailures(
  word: string,
  connection: Connection,
  { json }: SampleFlags,
): Promise<void> {
  const { findStage } = await import("../find-stage.ts");
  const { lookAt } = await import("../status-look.ts");
  const { failureLines } = await import("../status-report.ts");
  const { wrapLine } = await import("../format.ts");
  const { id } = findStage(connection.deployment.plan, word);
  const { status, nowMs } = await lookAt(connection, false);
  const stages = status.stages.filter(({ stage }) => stage === id);
  if (json === true) {
    for (const { failures } of stages) for (const each of failures) print(JSON.stringify(each));
    return;
  }
  const lines = failureLines(stages, nowMs);
  if (lines.length === 0) return print(`Nothing has failed in ${id} so far.`);
  print(lines.flatMap((line) => wrapLine(line, outputColumns())).join("\n"));
}

async function showElements(
  word: string,
  { deployment, project }: Connection,
  { count, seconds, json }: SampleFlags,
): Promise<void> {
  const { findStage } = await import("../find-stage.ts");
  const { sampleStage } = await import("../sampler.ts");
  const { sampleText } = await import("../sample-text.ts");
  const { plan } = deployment;
  const stage = findStage(plan, word);
  printAside(
    `Content of elements on their way to ${stage.id}: up to ${count}, for at most ${seconds} s.`,
  );
  const taken = await sampleStage({
    project,
    plan,
    stage,
    countMax: count,
    durationMs: seconds * 1_000,
    stopped: stopSignal(),
    onElement: (each) => print(json === true ? JSON.stringify(each) : sampleText(each)),
  });
  if (taken === 0) printAside("None came.");
}
