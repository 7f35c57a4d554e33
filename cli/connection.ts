/**
 * Connection: a running job, found by its pipeline's name through the store alone.
 *
 * Owns: which project and database are meant, and what is said when there is no such job. Does not
 * own: what is then done with the job.
 *
 * The same for a local mesh, whose variables `tidemark dev` prints, and for the cloud.
 */
import { type Deployment, readDeployment } from "../functions/deployment.ts";
import { deployedWorld } from "../functions/gcp/deployed-world.ts";
import {
  FirestoreStore,
  firestoreClient,
  launchedPipelines,
} from "../functions/gcp/firestore-store.ts";
import type { CloudWorld } from "../functions/gcp/world.ts";
import type { Job } from "../functions/job.ts";
import { MeshError } from "../sdk/model/errors.ts";
import { orWords, similarTo } from "./similar.ts";

/** Where to look for jobs; what is left out comes from the environment. */
export interface ConnectionFlags {
  readonly project?: string;
  readonly database?: string;
}

/** A job that was launched. */
export interface Connection {
  readonly job: Job;
  readonly deployment: Deployment;
  readonly world: CloudWorld;
  readonly project: string;
}

const DATABASE_DEFAULT = "(default)";

/**
 * Connects to a job, hands it to `use`, and closes all clients.
 *
 * @throws ERR_OPTION if no project is known, or no such pipeline was launched there
 * @throws ERR_UNAVAILABLE if Firestore does not answer
 */
export async function withJob<T>(
  pipeline: string,
  flags: ConnectionFlags,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const { project, database } = placeOf(flags);
  process.env["METADATA_SERVER_DETECTION"] ??= "none";
  const found = await findJob(pipeline, project, database);
  const world = deployedWorld(project, database, found.deployment);
  try {
    return await use({ ...found, world, project });
  } finally {
    await world.close();
  }
}

/**
 * Returns the jobs of a database, by pipeline.
 *
 * @throws ERR_OPTION if no project is known
 * @throws ERR_UNAVAILABLE if Firestore does not answer
 */
export async function listJobs(flags: ConnectionFlags): Promise<Job[]> {
  const { project, database } = placeOf(flags);
  process.env["METADATA_SERVER_DETECTION"] ??= "none";
  const db = firestoreClient(project, database);
  try {
    const names = await launchedPipelines(db);
    const records = await Promise.all(names.map((name) => new FirestoreStore(db, name).readJob()));
    return records.flatMap((record) =>
      record === undefined ? [] : [JSON.parse(record.text) as Job],
    );
  } finally {
    await db.terminate();
  }
}

/**
 * Returns the pipeline that is meant where none was named: the only one that was launched.
 *
 * @throws ERR_OPTION if there is none, or several
 */
export async function onlyPipeline(flags: ConnectionFlags): Promise<string> {
  const names = (await listJobs(flags)).map(({ pipeline }) => pipeline);
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  const there = names.length === 0 ? "None was launched there." : `There are: ${names.join(", ")}.`;
  throw new MeshError("ERR_OPTION", `Give --pipeline. ${there}`);
}

function placeOf(flags: ConnectionFlags): { project: string; database: string } {
  const project = flags.project ?? process.env["GOOGLE_CLOUD_PROJECT"];
  if (project === undefined || project === "") {
    throw new MeshError(
      "ERR_OPTION",
      "No project is known. For a local mesh, export the variables that tidemark dev prints; " +
        "for the cloud, give --project or set GOOGLE_CLOUD_PROJECT.",
    );
  }
  return { project, database: flags.database ?? DATABASE_DEFAULT };
}

async function findJob(
  pipeline: string,
  project: string,
  database: string,
): Promise<Pick<Connection, "job" | "deployment">> {
  const db = firestoreClient(project, database);
  try {
    const store = new FirestoreStore(db, pipeline);
    const record = await store.readJob();
    if (record === undefined) throw unknownPipeline(pipeline, project, await launchedPipelines(db));
    const job = JSON.parse(record.text) as Job;
    return { job, deployment: await readDeployment(store, job.plan) };
  } finally {
    await db.terminate();
  }
}

function unknownPipeline(pipeline: string, project: string, known: readonly string[]): MeshError {
  const similar = similarTo(pipeline, known);
  const hint = similar.length > 0 ? ` Did you mean ${orWords(similar)}?` : "";
  const list = known.length > 0 ? `There are: ${known.join(", ")}.` : "None was launched there.";
  return new MeshError(
    "ERR_OPTION",
    `No pipeline "${pipeline}" was launched in project ${project}.${hint} ${list}`,
  );
}
