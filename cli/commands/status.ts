/**
 * `tidemark status [PIPELINE]`: how a running job stands, and why.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import type { Job } from "../../functions/job.ts";
import { isTerminal, outputColumns, print } from "../output.ts";
import type { StatusLook } from "../status-report.ts";

interface StatusFlags {
  readonly why?: boolean;
  readonly watch?: boolean;
  readonly json?: boolean;
  readonly project?: string;
  readonly database?: string;
}

/** How often `--watch` looks, in ms. */
const WATCH_MS = 2_000;

/** Adds `status` to the program. */
export function addStatusCommand(program: Command): void {
  program
    .command("status")
    .summary("show how a job stands: its stages, watermarks, failures; and why")
    .description(
      "Shows how a job stands: its stages, watermarks, latencies, hot keys and last failures.\n" +
        "Without a pipeline it lists the jobs of the database. It reads Firestore alone, so it works\n" +
        "for a local mesh (export the variables that tidemark dev prints) and for the cloud.",
    )
    .argument("[pipeline]", "name of the pipeline")
    .option("--why", "tell what holds each watermark that stands, and what to do")
    .option("--watch", "look again every 2 seconds, until Ctrl-C")
    .option("--json", "print one JSON object; with --watch one a line")
    .option("--project <id>", "Google Cloud project (default: GOOGLE_CLOUD_PROJECT)")
    .option("--database <id>", "Firestore database (default: (default))")
    .action((pipeline: string | undefined, flags: StatusFlags) =>
      pipeline === undefined ? list(flags) : show(pipeline, flags),
    );
}

async function list(flags: StatusFlags): Promise<void> {
  const { listJobs } = await import("../connection.ts");
  const { jobTable, listedJob } = await import("../job-list.ts");
  await repeat(flags, async () => {
    const nowMs = Date.now();
    const jobs = (await listJobs(flags)).map((job: Job) => listedJob(job, nowMs));
    return flags.json === true ? jsonText({ jobs }, flags) : jobTable(jobs, nowMs, outputColumns());
  });
}

async function show(pipeline: string, flags: StatusFlags): Promise<void> {
  // Google's clients take half a second to load, which the other commands need not wait for.
  const { withJob } = await import("../connection.ts");
  const { lookAt } = await import("../status-look.ts");
  const { statusReport } = await import("../status-report.ts");
  const { statusJson } = await import("../status-json.ts");
  await withJob(pipeline, flags, (connection) =>
    repeat(flags, async () => {
      const look: StatusLook = await lookAt(connection, flags.why === true);
      return flags.json === true
        ? jsonText(statusJson(look), flags)
        : statusReport(look, outputColumns());
    }),
  );
}

/** Prints once, or again and again in the same place. */
async function repeat(flags: StatusFlags, look: () => Promise<string>): Promise<void> {
  if (flags.watch !== true) return print(await look());
  const { createLogUpdate } = await import("log-update");
  const { stopSignal } = await import("../stop-signal.ts");
  const stopped = stopSignal();
  const update = isTerminal() && flags.json !== true ? createLogUpdate(process.stdout) : undefined;
  for (;;) {
    const text = await look();
    if (update === undefined) print(text);
    else update(text);
    const signal = await Promise.race([stopped, sleep(WATCH_MS)]);
    if (signal !== undefined) return update?.done();
  }
}

function jsonText(value: object, { watch }: StatusFlags): string {
  return JSON.stringify(value, undefined, watch === true ? undefined : 2);
}
