/**
 * Launch: the first step of a job.
 *
 * Owns: the job document's creation, the stored deployment and the start messages of reads. Does not own:
 * topics, subscriptions and functions, which stand already (infra/, emulators/).
 *
 * M1. Launching twice, or again after a crash, is the same as launching once.
 */
import type { MeshPlan, StagePlan } from "../sdk/compile/plan.ts";
import { isMeshError, MeshError } from "../sdk/model/errors.ts";
import { MIN_TIMESTAMP } from "../sdk/model/time.ts";
import { type Deployment, putDeployment } from "./deployment.ts";
import { type Envelope, encodeEnvelope } from "./envelope.ts";
import { generationOf, isGone, type Job, newJob } from "./job.ts";
import { costOfJob, costOfMessages, sumOfCosts } from "./metrics/operations.ts";
import { messageOf } from "./outbox.ts";
import type { OutgoingMessage, World } from "./ports.ts";
import { mailboxOf } from "./program.ts";
import { type Register, registerId } from "./register.ts";
import { sendOwn } from "./send.ts";
import type { Ticks } from "./ticks.ts";
import { decodeJob } from "./tracker.ts";

/** The producer of start messages. */
export const LAUNCH = "launch/0";

const ATTEMPTS_MAX = 10;

/**
 * Launches a pipeline whose topics and functions stand.
 *
 * @returns the job that stood already; undefined if there was none
 * @throws ERR_PLAN_MISMATCH if a job of another plan is stored
 * @throws ERR_OPTION if the job was cancelled: control/relaunch.ts may begin it anew
 */
export async function launch(
  deployment: Deployment,
  world: World,
  ticks: Ticks,
): Promise<Job | undefined> {
  const job = await ensureJob(deployment, world);
  await ticks.ensure();
  await sendOwn(startMessages(deployment.plan, job ?? {}), world.mailboxes);
  return job;
}

/** Returns the job that stands; creates it if there is none. */
async function ensureJob(deployment: Deployment, world: World): Promise<Job | undefined> {
  const { plan } = deployment;
  for (let attempt = 1; ; attempt++) {
    const existing = await world.store.readJob();
    const job = existing === undefined ? undefined : decodeJob(existing.text, plan);
    if (job !== undefined) requireLaunchable(job);
    // Before the job, which names it; and of a job that stands, for its functions may have moved.
    await putDeployment(world.store, deployment);
    if (job !== undefined) return job;
    try {
      await create(plan, world, attempt);
      return undefined;
    } catch (error) {
      // Another launch was faster, or the store was busy and nobody was: reading again tells.
      const isLost = isMeshError(error) && error.code === "ERR_STORE_CONTENTION";
      if (!isLost || attempt >= ATTEMPTS_MAX) throw error;
    }
  }
}

/** Returns registers that protect the first reads of stages until their start messages are in. */
export function startRegisters(stages: readonly StagePlan[], nowMs: number): Register[] {
  return stages.map((stage, index): Register => {
    return {
      stage: stage.id,
      producer: LAUNCH,
      index,
      confirmed: stages.length,
      sends: [[stage.id, 0, 0, MIN_TIMESTAMP]],
      observed: undefined,
      metrics: { messages: 0, elementsOut: 0, deadLetters: 0 },
      atMs: nowMs,
    };
  });
}

/** @throws ERR_OPTION if a job was cancelled: its shards take nothing any more */
export function requireLaunchable(job: Job): void {
  const { pipeline, state } = job;
  if (state !== "CANCELLED" && !isGone(job)) return;
  const way = isGone(job)
    ? "Its state is gone: it has to begin anew."
    : `Its state was kept: take it up again with tidemark resume ${pipeline}.`;
  throw new MeshError("ERR_OPTION", `Pipeline ${pipeline} was cancelled. ${way}`);
}

async function create(plan: MeshPlan, world: World, attempts: number): Promise<void> {
  const nowMs = world.clock.nowMs();
  const registers = startRegisters(readStages(plan), nowMs);
  const operations = sumOfCosts(
    // Each attempt reads the job and writes the deployment.
    { documentsRead: attempts, commits: attempts, documentsWritten: attempts },
    costOfJob(true, registers.length, 0),
    costOfMessages(startMessages(plan, {})),
  );
  const job: Job = { ...newJob(plan.pipeline, plan.hash, nowMs), operations };
  await world.store.commitJob({
    previousVersion: undefined,
    job: { version: 1, text: JSON.stringify(job) },
    registersToPut: registers.map((r) => ({ id: registerId(r), text: JSON.stringify(r) })),
    registersToDelete: [],
  });
}

/** Returns the messages that begin a plan's reads: known to shards that got one before. */
export function startMessages(plan: MeshPlan, job: Pick<Job, "generation">): OutgoingMessage[] {
  return readStages(plan).map(({ id }) => startMessage(plan, id, job));
}

function readStages({ stages }: MeshPlan): StagePlan[] {
  return stages.filter((stage) => stage.kind === "read");
}

function startMessage(
  plan: MeshPlan,
  stage: string,
  job: Pick<Job, "generation">,
): OutgoingMessage {
  const envelope: Envelope = {
    plan: plan.hash,
    ...generationOf(job),
    producer: LAUNCH,
    sequence: 0,
    stage,
    shard: 0,
    minTime: MIN_TIMESTAMP,
    count: 0,
    body: { kind: "start" },
  };
  const topic = mailboxOf(plan, stage);
  return messageOf({ kind: "bundle", topic, key: "0", text: encodeEnvelope(envelope) });
}
