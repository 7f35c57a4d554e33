/**
 * `tidemark resume PIPELINE`: a job that stands still goes on.
 */
import type { Command } from "commander";
import { controlOf, type JobFlags, jobCommand, tell } from "../job-command.ts";

/** Adds `resume` to the program. */
export function addResumeCommand(program: Command): void {
  jobCommand(
    program,
    "resume",
    "let a job go on that is paused, or was cancelled with its state kept",
    "Lets a job go on where it stood. The time of the pause is no silence of its sources: watermarks\n" +
      "and windows go on from where they were. A drain that was paused goes on as a drain.",
  ).action(async (pipeline: string, flags: JobFlags) => {
    const [{ withJob }, { resume }] = await Promise.all([
      import("../connection.ts"),
      import("../../functions/control/resume.ts"),
    ]);
    await withJob(pipeline, flags, async (connection) => {
      const before = connection.job.state;
      const job = await resume(controlOf(connection));
      const words = before === job.state ? `was ${job.state} already.` : `is ${job.state} again.`;
      tell(job, flags, words);
    });
  });
}
