/**
 * `tidemark restore PIPELINE ID|FILE`: a job goes on from a snapshot.
 */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { Store } from "../../functions/ports.ts";
import type { ConnectionFlags } from "../connection.ts";
import { controlOf, type JobFlags, jobCommand, tell } from "../job-command.ts";
import { manyOption } from "../options.ts";
import { renamesOf } from "./update.ts";

interface RestoreFlags extends JobFlags, ConnectionFlags {
  readonly rename: readonly string[];
  readonly drop: readonly string[];
  readonly keepSources?: boolean;
}

/** Adds `restore` to the program. */
export function addRestoreCommand(program: Command): void {
  jobCommand(
    program,
    "restore",
    "let a job go on from a snapshot",
    "Gives up what a job did since a snapshot, puts the snapshot's state in its place, and takes its\n" +
      "sources back to where they were then: what came since comes again. What sinks have taken stays.\n" +
      "A snapshot of another pipeline of the same shape may be taken, too: sources then stay where they are.",
  )
    .argument("<snapshot>", "id of a snapshot, or a file that holds one")
    .option("--rename <old=new>", "a transform that was renamed since", manyOption, [])
    .option("--drop <name>", "a transform whose state is given up", manyOption, [])
    .option("--keep-sources", "leave the sources where they are")
    .action(async (pipeline: string, snapshot: string, flags: RestoreFlags) => {
      const [{ withJob }, { restore }] = await Promise.all([
        import("../connection.ts"),
        import("../../functions/control/restore.ts"),
      ]);
      await withJob(pipeline, flags, async (connection) => {
        const control = controlOf(connection);
        const id = existsSync(snapshot) ? await stored(control.world.store, snapshot) : snapshot;
        const options = {
          renames: renamesOf(flags.rename),
          drops: flags.drop,
          keepsSources: flags.keepSources === true,
        };
        const job = await restore(control, id, options);
        tell(job, flags, `is ${job.state} again, from ${id}.`, { snapshot: id });
      });
    });
}

/** Puts a file's snapshot into the store, so that a restore that is cut off can be taken up again. */
async function stored(store: Store, path: string): Promise<string> {
  const { readSnapshotFile } = await import("../snapshot-file.ts");
  const { writeSnapshot } = await import("../../functions/control/snapshot-text.ts");
  const snapshot = await readSnapshotFile(path);
  const { id, takenAtMs, subscriptions } = snapshot.manifest;
  await writeSnapshot(store, id, snapshot, { takenAtMs, subscriptions });
  return id;
}
