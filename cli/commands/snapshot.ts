/**
 * `tidemark snapshot PIPELINE`: keeps all state of a running job as it is now.
 */
import type { Command } from "commander";
import type { SnapshotManifest } from "../../functions/control/snapshot-text.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import type { Connection } from "../connection.ts";
import { formatBytes, formatCount } from "../format.ts";
import { controlOf, type JobFlags, jobCommand } from "../job-command.ts";
import { countOption } from "../options.ts";
import { outputColumns, print } from "../output.ts";
import { renderTable } from "../table.ts";

interface SnapshotFlags extends JobFlags {
  readonly file?: string;
  readonly list?: boolean;
  readonly delete?: string;
  readonly timeout: number;
}

/** Adds `snapshot` to the program. */
export function addSnapshotCommand(program: Command): void {
  jobCommand(
    program,
    "snapshot",
    "keep all state of a running job as it is now",
    "Lets a job rest for a moment, keeps all of its state and where its sources are, and lets it run\n" +
      "on. Pub/Sub keeps what sources need for a snapshot for 7 days at most.",
  )
    .option("--file <path>", "write it into a file, too")
    .option("--list", "list the snapshots that are there")
    .option("--delete <id>", "delete one")
    .option("--timeout <seconds>", "how long the job may take to come to rest", countOption, 120)
    .action(async (pipeline: string, flags: SnapshotFlags) => {
      const { withJob } = await import("../connection.ts");
      await withJob(pipeline, flags, async (connection) => {
        if (flags.list === true) await list(connection, flags);
        else if (flags.delete !== undefined) await remove(connection, flags.delete, flags);
        else await take(connection, flags);
      });
    });
}

async function take(connection: Connection, flags: SnapshotFlags): Promise<void> {
  const { newSnapshotId, snapshot } = await import("../../functions/control/snapshot.ts");
  const control = controlOf(connection);
  const id = newSnapshotId(control);
  const manifest = await snapshot(control, id, flags.timeout * 1_000);
  if (flags.file !== undefined) {
    const { readSnapshot } = await import("../../functions/control/snapshot-text.ts");
    const { writeSnapshotFile } = await import("../snapshot-file.ts");
    await writeSnapshotFile(flags.file, await readSnapshot(connection.world.store, id));
  }
  if (flags.json === true) print(JSON.stringify(manifest));
  else {
    const where = flags.file === undefined ? "" : `, also in ${flags.file}`;
    print(
      `${id}: ${formatCount(entriesOf(manifest))} entries, ` +
        `${formatBytes(manifest.bytes)}${where}. The job runs on.\n` +
        `To go back to it: tidemark restore ${manifest.pipeline} ${id}`,
    );
  }
}

async function list({ world }: Connection, { json }: SnapshotFlags): Promise<void> {
  const all = await manifestsOf({ world });
  if (json === true) print(JSON.stringify(all));
  else if (all.length === 0) print("There is no snapshot.");
  else {
    const table = renderTable(
      all,
      [
        { head: "id", cell: ({ id }) => id },
        { head: "taken", cell: ({ takenAtMs }) => new Date(takenAtMs).toISOString() },
        { head: "plan", cell: ({ plan }) => plan, dispensable: 1 },
        { head: "entries", cell: (each) => String(entriesOf(each)), align: "right" },
        { head: "size", cell: ({ bytes }) => formatBytes(bytes), align: "right" },
      ],
      outputColumns(),
    );
    print(table);
  }
}

async function remove(connection: Connection, id: string, { json }: SnapshotFlags): Promise<void> {
  const manifest = (await manifestsOf(connection)).find((each) => each.id === id);
  if (manifest === undefined) throw new MeshError("ERR_SNAPSHOT", `There is no snapshot "${id}".`);
  const { deleteSnapshot } = await import("../../functions/control/snapshot.ts");
  await deleteSnapshot(controlOf(connection), manifest);
  print(json === true ? JSON.stringify({ deleted: id }) : `${id} is deleted.`);
}

async function manifestsOf({ world }: Pick<Connection, "world">): Promise<SnapshotManifest[]> {
  const records = await world.store.listSnapshots();
  return records.map(({ text }) => JSON.parse(text) as SnapshotManifest);
}

function entriesOf({ stages }: SnapshotManifest): number {
  return stages.reduce((sum, { entries }) => sum + entries, 0);
}
