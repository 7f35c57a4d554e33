/**
 * `tidemark update FILE`: a running job goes on under a changed pipeline, with its state.
 */
import { resolve } from "node:path";
import type { Command } from "commander";
import type { UpdateInput } from "../../functions/control/update.ts";
import { loadPipeline } from "../../infra/load-pipeline.ts";
import { comparePlans, type PlanComparison } from "../../sdk/compile/compatibility.ts";
import { compile } from "../../sdk/compile/compile.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import { compareTable } from "../compare-table.ts";
import type { Connection, ConnectionFlags } from "../connection.ts";
import { controlOf } from "../job-command.ts";
import { countOption, manyOption, shardsOption } from "../options.ts";
import { outputColumns, print } from "../output.ts";
import type { Outcome } from "../program.ts";

interface UpdateFlags extends ConnectionFlags {
  readonly rename: readonly string[];
  readonly drop: readonly string[];
  readonly shards?: number;
  readonly timeout: number;
  readonly dryRun?: boolean;
  readonly finish?: boolean;
  readonly abort?: boolean;
  readonly json?: boolean;
}

/** Adds `update` to the program. */
export function addUpdateCommand(program: Command, outcome: Outcome): void {
  program
    .command("update")
    .summary("let a running job go on under a changed pipeline, with its state")
    .description(
      "Compares the file's plan with the one that runs, stage by stage, and refuses what would not fit\n" +
        "the stored state, before anything has changed. Then the job comes to rest, its state is moved,\n" +
        "and it goes on: at once on a local mesh; in the cloud when the new functions are deployed and\n" +
        "`tidemark update FILE --finish` has run.",
    )
    .argument("<file>", "module that exports the pipeline as default")
    .option(
      "--rename <old=new>",
      "a transform that was renamed; may be given again",
      manyOption,
      [],
    )
    .option(
      "--drop <name>",
      "a transform whose state is given up; may be given again",
      manyOption,
      [],
    )
    .option("--shards <n>", "shards of each stage from now on (default: as before)", shardsOption)
    .option("--timeout <seconds>", "how long the job may take to come to rest", countOption, 120)
    .option("--dry-run", "compare, and change nothing")
    .option("--finish", "in the cloud: the new functions stand, the job may go on")
    .option("--abort", "take back an update that was begun and is not finished")
    .option("--project <id>", "project (default: GOOGLE_CLOUD_PROJECT)")
    .option("--database <id>", "Firestore database (default: (default))")
    .option("--json", "print the comparison as one JSON object and nothing else")
    .action((file: string, flags: UpdateFlags) => update(file, flags, outcome));
}

async function update(file: string, flags: UpdateFlags, outcome: Outcome): Promise<void> {
  const { pipeline } = await loadPipeline(file);
  const { withJob } = await import("../connection.ts");
  await withJob(pipeline.name, flags, async (connection) => {
    const { deployment } = connection;
    if (flags.finish === true || flags.abort === true) return end(connection, flags);
    const { shards = deployment.compile.shards } = flags;
    const compiling = shards === undefined ? {} : { shards };
    const plan = compile(pipeline, compiling);
    const names = { renames: renamesOf(flags.rename), drops: flags.drop };
    const comparison = comparePlans(deployment.plan, plan, names);
    show(comparison, flags);
    if (!comparison.isCompatible) outcome.exitCode = 1;
    if (!comparison.isCompatible || flags.dryRun === true) return;
    const timeoutMs = flags.timeout * 1_000;
    const input = { ...names, timeoutMs, deployment: { ...deployment, plan, compile: compiling } };
    await begin(file, connection, input, flags);
  });
}

async function begin(
  file: string,
  connection: Connection,
  { deployment, ...input }: UpdateInput,
  { json }: UpdateFlags,
): Promise<void> {
  const { updater, compile: compiling } = deployment;
  if (updater !== undefined) {
    const { askToUpdate } = await import("../update-server.ts");
    await askToUpdate(updater, { ...input, ...compiling, file: resolve(file) });
    if (json !== true) print("\nUpdated, state kept: it runs on.");
    return;
  }
  const { prepareUpdate } = await import("../../functions/control/update.ts");
  await prepareUpdate(controlOf(connection), { ...input, deployment });
  if (json === true) return;
  print(
    "\nThe state is moved, and the job waits. Now deploy the new functions, and then run\n" +
      `  tidemark update ${file} --finish`,
  );
}

async function end(connection: Connection, flags: UpdateFlags): Promise<void> {
  const { abortUpdate, finishUpdate } = await import("../../functions/control/update.ts");
  const step = flags.finish === true ? finishUpdate : abortUpdate;
  const { pipeline, state } = await step(controlOf(connection));
  print(flags.json === true ? JSON.stringify({ pipeline, state }) : `${pipeline} is ${state}.`);
}

function show(comparison: PlanComparison, { json }: UpdateFlags): void {
  print(json === true ? JSON.stringify(comparison) : compareTable(comparison, outputColumns()));
}

/** @throws ERR_OPTION for one that is not OLD=NEW */
export function renamesOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [old = "", next = "", ...more] = text.split("=");
      if (old !== "" && next !== "" && more.length === 0) return [old, next];
      throw new MeshError("ERR_OPTION", `--rename: give "OLD=NEW", not ${JSON.stringify(text)}.`);
    }),
  );
}
