/**
 * Cloud jobs: the jobs of a database, reached with the deployer's own credentials.
 *
 * Owns: the ordinary clients, and what is said where nothing can be read. In a local world the
 * emulators' variables lead the same clients there.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { cancel } from "../functions/control/cancel.ts";
import { drainJob } from "../functions/control/drain.ts";
import type { JobControl } from "../functions/control/job-control.ts";
import { launchAnew } from "../functions/control/relaunch.ts";
import { finishUpdate, prepareUpdate, type UpdateInput } from "../functions/control/update.ts";
import { type Deployment, putDeployment, readDeployment } from "../functions/deployment.ts";
import { deployedWorld } from "../functions/gcp/deployed-world.ts";
import {
  FirestoreStore,
  firestoreClient,
  launchedPipelines,
} from "../functions/gcp/firestore-store.ts";
import { isCode } from "../functions/gcp/grpc-errors.ts";
import { isGone, type Job, standsStill } from "../functions/job.ts";
import { ticksOf } from "../functions/stage-handler.ts";
import { isMeshError, MeshError } from "../sdk/model/errors.ts";
import type { Jobs, StoredJob } from "./jobs.ts";

const POLL_MS = 1_000;

/** The jobs of a database. */
export class CloudJobs implements Jobs {
  readonly #project: string;
  readonly #database: string;

  constructor(project: string, database: string) {
    this.#project = project;
    this.#database = database;
    // A local world has no metadata server to ask, and asking takes seconds.
    if (process.env["FIRESTORE_EMULATOR_HOST"] !== undefined) {
      process.env["METADATA_SERVER_DETECTION"] ??= "none";
    }
  }

  async stored(): Promise<readonly StoredJob[]> {
    const db = firestoreClient(this.#project, this.#database);
    try {
      const names = await launchedPipelines(db);
      const found = await Promise.all(names.map((name) => storedJob(new FirestoreStore(db, name))));
      return found.filter((each) => each !== undefined);
    } catch (error) {
      if (isNotThereYet(error)) return [];
      throw unreadable(error, this.#project, this.#database);
    } finally {
      await db.terminate();
    }
  }

  async prepare(running: Deployment, input: UpdateInput): Promise<void> {
    await this.#with(running, (control) => prepareUpdate(control, input));
  }

  async clear(finished: Deployment): Promise<void> {
    await this.#with(finished, (control) => cancel(control, { keepsState: false }));
  }

  finish(deployment: Deployment): Promise<Job> {
    return this.#with(deployment, async (control) => {
      await putDeployment(control.world.store, deployment);
      return finishUpdate(control);
    });
  }

  /** A job that stands still is left so: it is only told where its functions are. */
  launch(deployment: Deployment): Promise<Job> {
    return this.#with(deployment, async (control) => {
      const { world } = control;
      const before = await world.store.readJob();
      const job = before === undefined ? undefined : (JSON.parse(before.text) as Job);
      if (job !== undefined && !isGone(job) && (standsStill(job) || job.state === "DONE")) {
        await putDeployment(world.store, deployment);
        return job;
      }
      await launchAnew(control);
      return JSON.parse((await world.store.readJob())?.text ?? "{}") as Job;
    });
  }

  async drain(deployment: Deployment, timeoutMs: number): Promise<void> {
    await this.#with(deployment, async (control) => {
      const { store, clock } = control.world;
      const untilMs = clock.nowMs() + timeoutMs;
      await drainJob(control, { timeoutMs });
      for (;;) {
        const record = await store.readJob();
        const { state } = JSON.parse(record?.text ?? "{}") as Partial<Job>;
        if (state === "DONE" || state === "CANCELLED") return;
        if (clock.nowMs() > untilMs) throw notDone(deployment.plan.pipeline, timeoutMs);
        await sleep(POLL_MS);
      }
    });
  }

  async feed(
    deployment: Deployment,
    subscriptions: Readonly<Record<string, string>>,
  ): Promise<void> {
    const entries = Object.entries(subscriptions);
    if (entries.length === 0) return;
    await this.#with(deployment, async ({ world, subscriptions: port }) => {
      const record = await world.store.readJob();
      // One that was stopped gets its endpoint back when the job goes on.
      if (record !== undefined && standsStill(JSON.parse(record.text) as Job)) return;
      const { endpoints, caller } = deployment;
      const configs = entries.map(([stage, name]) => {
        const pushEndpoint = endpoints[stage] ?? "";
        const oidcToken = { serviceAccountEmail: caller?.account, audience: pushEndpoint };
        return [name, JSON.stringify({ pushEndpoint, oidcToken })] as const;
      });
      await port.start(Object.fromEntries(configs));
    });
  }

  async #with<T>(deployment: Deployment, use: (control: JobControl) => Promise<T>): Promise<T> {
    const world = deployedWorld(this.#project, this.#database, deployment);
    const { plan, options } = deployment;
    try {
      const { subscriptions } = world;
      return await use({ deployment, world, subscriptions, ticks: ticksOf(plan, world, options) });
    } finally {
      await world.close();
    }
  }
}

async function storedJob(store: FirestoreStore): Promise<StoredJob | undefined> {
  const record = await store.readJob();
  if (record === undefined) return undefined;
  const job = JSON.parse(record.text) as Job;
  return { job, deployment: await readDeployment(store, job.plan) };
}

/** Before the first `up`: no database, or its API is not turned on. */
function isNotThereYet(error: unknown): boolean {
  const cause = isMeshError(error) ? error.cause : error;
  const words = cause instanceof Error ? cause.message : String(cause);
  if (isCode(cause, "NOT_FOUND")) return true;
  return isCode(cause, "PERMISSION_DENIED") && /has not been used|SERVICE_DISABLED/.test(words);
}

function unreadable(error: unknown, project: string, database: string): unknown {
  if (!isMeshError(error) || error.code !== "ERR_UNAVAILABLE") return error;
  return new MeshError(
    "ERR_UNAVAILABLE",
    `The jobs in database ${database} of project ${project} can't be read, and without them nobody knows ` +
      `what an update would lose. Sign in (gcloud auth application-default login), as one who may read Firestore. ${error.message}`,
    { cause: error },
  );
}

function notDone(pipeline: string, timeoutMs: number): MeshError {
  return new MeshError(
    "ERR_UPDATE_TIMEOUT",
    `Pipeline ${pipeline} was not DONE after ${timeoutMs / 1_000} s; it goes on draining. Nothing was removed: ` +
      `look at tidemark status ${pipeline} --why, and run pulumi up again.`,
  );
}
