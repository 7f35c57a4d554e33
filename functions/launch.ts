/**
 * Launch: the first step of a job.
 *
 * Owns: the job document's creation, the stored deployment and the start messages of reads. Does not own:
 * topics, subscriptions and functions, which stand already (infra/, emulators/).
 *
 * M1. Launching twice, or again after a crash, is the same as launching once.
 */
import type { MeshPlan } from "../sdk/compile/plan.ts";
import { isMeshError } from "../sdk/model/errors.ts";
import { MIN_TIMESTAMP } from "../sdk/model/time.ts";
import { type Deployment, putDeployment } from "./deployment.ts";
import { type Envelope, encodeEnvelope } from "./envelope.ts";
import { type Job, newJob } from "./job.ts";
import {
  costOfJob,
  costOfMessages,
  type OperationsJson,
  sumOfCosts,
} from "./metrics/operations.ts";
import { messageOf } from "./outbox.ts";
import type { World } from "./ports.ts";
import { mailboxOf } from "./program.ts";
import { type Register, registerId } from "./register.ts";
import type { Ticks } from "./ticks.ts";
import { decodeJob } from "./tracker.ts";

const PRODUCER = "launch/0";

/**
 * Launches a pipeline whose topics and functions stand.
 *
 * @throws ERR_PLAN_MISMATCH if a job of another plan is stored
 */
export async function launch(deployment: Deployment, world: World, ticks: Ticks): Promise<void> {
  const { plan } = deployment;
  const reads = plan.stages.filter((stage) => stage.kind === "read");
  const registers = reads.map((stage, index): Register => {
    return {
      stage: stage.id,
      producer: PRODUCER,
      index,
      confirmed: reads.length,
      sends: [[stage.id, 0, 0, MIN_TIMESTAMP]],
      observed: undefined,
      metrics: { messages: 0, elementsOut: 0, deadLetters: 0 },
      atMs: world.clock.nowMs(),
    };
  });
  const existing = await world.store.readJob();
  if (existing !== undefined) decodeJob(existing.text, plan);
  // Before the job, which names it; and of a job that stands, for its functions may have moved.
  await putDeployment(world.store, deployment);
  const messages = reads.map((stage) => startMessage(plan, stage.id));
  const cost = sumOfCosts(
    { documentsRead: 1, commits: 1, documentsWritten: 1 },
    costOfJob(true, registers.length, 0),
    costOfMessages(messages),
  );
  if (existing === undefined) await create(plan, world, registers, cost);
  await ticks.ensure();
  await world.mailboxes.publish(messages);
}

async function create(
  plan: MeshPlan,
  world: World,
  registers: readonly Register[],
  operations: OperationsJson,
): Promise<void> {
  const job: Job = { ...newJob(plan.pipeline, plan.hash, world.clock.nowMs()), operations };
  try {
    await world.store.commitJob({
      previousVersion: undefined,
      job: { version: 1, text: JSON.stringify(job) },
      registersToPut: registers.map((r) => ({ id: registerId(r), text: JSON.stringify(r) })),
      registersToDelete: [],
    });
  } catch (error) {
    // Another launch was faster: the same job stands.
    if (!isMeshError(error) || error.code !== "ERR_STORE_CONTENTION") throw error;
  }
}

function startMessage(plan: MeshPlan, stage: string): ReturnType<typeof messageOf> {
  const envelope: Envelope = {
    plan: plan.hash,
    producer: PRODUCER,
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
