/**
 * Launch: the first step of a job.
 *
 * Owns: the job document's creation and the start messages of reads. Does not own:
 * topics, subscriptions and functions, which stand already (infra/, emulators/).
 *
 * M1. Launching twice, or again after a crash, is the same as launching once.
 */
import type { MeshPlan } from "../sdk/compile/plan.ts";
import { isMeshError } from "../sdk/model/errors.ts";
import { MIN_TIMESTAMP } from "../sdk/model/time.ts";
import { type Envelope, encodeEnvelope } from "./envelope.ts";
import { newJob } from "./job.ts";
import { messageOf } from "./outbox.ts";
import type { World } from "./ports.ts";
import { mailboxOf } from "./program.ts";
import { type Register, registerId } from "./register.ts";
import type { Ticks } from "./ticks.ts";
import { decodeJob } from "./tracker.ts";

const PRODUCER = "launch/0";

const ATTEMPTS_MAX = 10;

/**
 * Launches a pipeline whose topics and functions stand.
 *
 * @throws ERR_PLAN_MISMATCH if a job of another plan is stored
 */
export async function launch(plan: MeshPlan, world: World, ticks: Ticks): Promise<void> {
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
  await ensureJob(plan, world, registers);
  await ticks.ensure();
  await world.mailboxes.publish(reads.map((stage) => startMessage(plan, stage.id)));
}

/** Creates the job if none stands; what stands must be of the same plan. */
async function ensureJob(
  plan: MeshPlan,
  world: World,
  registers: readonly Register[],
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const existing = await world.store.readJob();
    if (existing !== undefined) {
      decodeJob(existing.text, plan);
      return;
    }
    try {
      await create(plan, world, registers);
      return;
    } catch (error) {
      // Another launch was faster, or the store was busy and nobody was: reading again tells.
      const isLost = isMeshError(error) && error.code === "ERR_STORE_CONTENTION";
      if (!isLost || attempt >= ATTEMPTS_MAX) throw error;
    }
  }
}

async function create(plan: MeshPlan, world: World, registers: readonly Register[]): Promise<void> {
  const job = newJob(plan.pipeline, plan.hash, world.clock.nowMs());
  await world.store.commitJob({
    previousVersion: undefined,
    job: { version: 1, text: JSON.stringify(job) },
    registersToPut: registers.map((r) => ({ id: registerId(r), text: JSON.stringify(r) })),
    registersToDelete: [],
  });
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
