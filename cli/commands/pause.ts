/**
 * `tidemark pause PIPELINE`: a job stands still, and nothing is lost.
 */
import type { Command } from "commander";
import { controlOf, type JobFlags, jobCommand, tell } from "../job-command.ts";

/** Adds `pause` to the program. */
export function addPauseCommand(program: Command): void {
  jobCommand(
    program,
    "pause",
    "let a job stand still; nothing is lost",
    "Stops all deliveries of a job. What is published meanwhile waits in Pub/Sub (for 7 days, unless\n" +
      "the subscription says otherwise), windows and timers stay as they are, and nothing is billed\n" +
      "but storage. `tidemark resume` lets it go on.",
  ).action(async (pipeline: string, flags: JobFlags) => {
    const [{ withJob }, { pause }] = await Promise.all([
      import("../connection.ts"),
      import("../../functions/control/pause.ts"),
    ]);
    await withJob(pipeline, flags, async (connection) => {
      const wasPaused = connection.job.state === "PAUSED";
      const job = await pause(controlOf(connection));
      const again = wasPaused ? "was PAUSED already" : "is PAUSED: nothing is delivered";
      tell(job, flags, `${again}. To let it go on: tidemark resume ${pipeline}`);
    });
  });
}
