/**
 * `tidemark cancel PIPELINE`: a job stops at once, whatever is open.
 */
import type { Command } from "commander";
import { confirmName } from "../confirm-name.ts";
import { controlOf, type JobFlags, jobCommand, tell } from "../job-command.ts";

interface CancelFlags extends JobFlags {
  readonly keepState?: boolean;
  readonly yes?: boolean;
}

/** Adds `cancel` to the program. */
export function addCancelCommand(program: Command): void {
  jobCommand(
    program,
    "cancel",
    "stop a job at once, whatever is open",
    "Stops a job at once: open windows do not fire, what is on its way between stages is dropped, and\n" +
      "the job's state is deleted. What sinks have taken stays, and so does what waits in the sources'\n" +
      "subscriptions. To end a job in order, use `tidemark drain`.",
  )
    .option("--keep-state", "keep the state: `tidemark resume` can take the job up again")
    .option("--yes", "delete the state without asking")
    .action(async (pipeline: string, flags: CancelFlags) => {
      const [{ withJob }, { cancel }] = await Promise.all([
        import("../connection.ts"),
        import("../../functions/control/cancel.ts"),
      ]);
      await withJob(pipeline, flags, async (connection) => {
        const keepsState = flags.keepState === true;
        if (!keepsState && flags.yes !== true) {
          await confirmName(pipeline, process.stdin, process.stderr);
        }
        const job = await cancel(controlOf(connection), { keepsState });
        const words = keepsState
          ? `is CANCELLED, its state is kept. To take it up again: tidemark resume ${pipeline}`
          : "is CANCELLED, and its state is deleted.";
        tell(job, flags, words, { keepsState });
      });
    });
}
