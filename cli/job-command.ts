/**
 * Job command: what the commands that change a running job have in common.
 *
 * Owns: their argument and options, and how an outcome is told. Does not own: the steps
 * (functions/control/).
 */
import type { Command } from "commander";
import type { JobControl } from "../functions/control/job-control.ts";
import type { Job } from "../functions/job.ts";
import { ticksOf } from "../functions/stage-handler.ts";
import type { Connection, ConnectionFlags } from "./connection.ts";
import { print } from "./output.ts";

/** Options of each of them. */
export interface JobFlags extends ConnectionFlags {
  readonly json?: boolean;
}

/** Adds a command for one job to the program. */
export function jobCommand(
  program: Command,
  name: string,
  summary: string,
  description: string,
): Command {
  return program
    .command(name)
    .summary(summary)
    .description(description)
    .argument("<pipeline>", "name of a pipeline that was launched")
    .option("--project <id>", "project (default: GOOGLE_CLOUD_PROJECT)")
    .option("--database <id>", "Firestore database (default: (default))")
    .option("--json", "print the outcome as one JSON object and nothing else");
}

/** Returns what a job's control works with. */
export function controlOf({ deployment, world }: Connection): JobControl {
  const ticks = ticksOf(deployment.plan, world, deployment.options);
  return { deployment, world, subscriptions: world.subscriptions, ticks };
}

/** Tells how a job stands now. */
export function tell(
  { pipeline, state }: Job,
  { json }: JobFlags,
  words: string,
  more: Readonly<Record<string, unknown>> = {},
): void {
  print(json === true ? JSON.stringify({ pipeline, state, ...more }) : `${pipeline} ${words}`);
}
