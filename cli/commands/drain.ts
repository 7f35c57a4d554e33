/**
 * `tidemark drain PIPELINE`: a job takes no more input, fires what is open, and ends.
 */
import type { Command } from "commander";
import { type MeshStatus, statusOf } from "../../functions/status.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import type { Connection } from "../connection.ts";
import { formatCount } from "../format.ts";
import { controlOf, type JobFlags, jobCommand, tell } from "../job-command.ts";
import { countOption } from "../options.ts";
import { printAside } from "../output.ts";
import type { Outcome } from "../program.ts";
import { startProgress } from "../progress.ts";

interface DrainFlags extends JobFlags {
  readonly takeBacklog?: number | true;
  readonly timeout: number;
}

const TIMEOUT_SECONDS = 600;
const BACKLOG_SECONDS = 10;
const POLL_MS = 250;
/** So long after its deadline a drain must have ended: what is given up then still takes its way. */
const GRACE_MS = 120_000;

/** Adds `drain` to the program. */
export function addDrainCommand(program: Command, outcome: Outcome): void {
  jobCommand(
    program,
    "drain",
    "end a job in order: no more input, and all that is open fires",
    "Stops the sources, lets what is on its way finish, fires all that is open (windows with what they\n" +
      "have so far), and waits until the job is DONE. What is published meanwhile stays in the sources'\n" +
      "subscriptions for the next job. A drain goes on if this command is ended.",
  )
    .option(
      "--take-backlog [seconds]",
      "first take what waits in the sources' subscriptions, until nothing came for so long (default: 10)",
      countOption,
    )
    .option(
      "--timeout <seconds>",
      "then give up sinks that still refuse: what they should have had becomes dead letters",
      countOption,
      TIMEOUT_SECONDS,
    )
    .addHelpText(
      "after",
      "\nExit code 1 if anything was set aside, or the job is not DONE in time.",
    )
    .action(async (pipeline: string, flags: DrainFlags) => {
      const { withJob } = await import("../connection.ts");
      await withJob(pipeline, flags, async (connection) => {
        outcome.exitCode = await drain(connection, flags);
      });
    });
}

async function drain(connection: Connection, flags: DrainFlags): Promise<number> {
  const { drainJob } = await import("../../functions/control/drain.ts");
  const { takeBacklog, timeout, json } = flags;
  const { job } = connection;
  const { pipeline } = job;
  if (job.state === "DONE") {
    tell(job, flags, "was DONE already.");
    return 0;
  }
  const before = deadLettersOf(await status(connection));
  const backlogSeconds = takeBacklog === true ? BACKLOG_SECONDS : takeBacklog;
  const takeBacklogMs = backlogSeconds === undefined ? undefined : backlogSeconds * 1_000;
  if (json !== true) printAside(`${pipeline}: stopping the sources`);
  await drainJob(controlOf(connection), { takeBacklogMs, timeoutMs: timeout * 1_000 });
  const last = await untilDone(connection, timeout * 1_000 + GRACE_MS, json === true);
  const setAside = deadLettersOf(last) - before;
  const words =
    setAside === 0
      ? "is DONE; nothing was set aside."
      : `is DONE; ${formatCount(setAside)} became dead letters on the way.`;
  tell({ ...job, state: "DONE" }, flags, words, { deadLetters: setAside });
  return setAside === 0 ? 0 : 1;
}

/** @throws ERR_UNAVAILABLE if the job is not DONE in time */
async function untilDone(
  connection: Connection,
  timeoutMs: number,
  isSilent: boolean,
): Promise<MeshStatus> {
  const { clock } = connection.world;
  const { pipeline } = connection.job;
  const endMs = clock.nowMs() + timeoutMs;
  const progress = startProgress({ label: `${pipeline} drains`, unit: "elements out", isSilent });
  try {
    for (;;) {
      const now = await status(connection);
      progress.update(now.stages.reduce((sum, { elementsOut }) => sum + elementsOut, 0));
      if (now.state === "DONE") return now;
      if (now.state !== "DRAINING") {
        throw new MeshError("ERR_OPTION", `Somebody else took over: ${pipeline} is ${now.state}.`);
      }
      if (clock.nowMs() > endMs) throw notDone(pipeline, now);
      await clock.sleep(POLL_MS);
    }
  } finally {
    progress.stop();
  }
}

function notDone(pipeline: string, { stages }: MeshStatus): MeshError {
  const open = stages.filter(({ bundlesInFlight }) => bundlesInFlight > 0);
  const where = open.map(({ stage, bundlesInFlight: n }) => `${stage} (${n} bundles)`).join(", ");
  return new MeshError(
    "ERR_UNAVAILABLE",
    `Pipeline ${pipeline} is still DRAINING${where === "" ? "" : `; on their way to ${where}`}. ` +
      `It goes on by itself; to stop it: tidemark cancel ${pipeline}`,
  );
}

async function status({ deployment, world }: Connection): Promise<MeshStatus> {
  const { plan, options } = deployment;
  return statusOf(plan, await world.store.snapshot(), world.clock.nowMs(), options);
}

function deadLettersOf({ stages }: MeshStatus): number {
  return stages.reduce((sum, { deadLetters }) => sum + deadLetters, 0);
}
