/**
 * Run on mesh: a pipeline's test streams and assertions on a mesh of processes, in real time.
 *
 * Owns: publishing the script's steps with an ordinary client, waiting for rest between two of them,
 * and reading what the assertions recorded. Does not own: starting the mesh (local-mesh.ts), or what
 * a run in memory is (run-pipeline.ts).
 *
 * RM1. The next step is published when every message before it has been taken in, nothing is on its
 *      way inside of the mesh, and nothing is due (TS1).
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Message, PubSub } from "@google-cloud/pubsub";
import type { MeshStatus } from "../../functions/status.ts";
import { assertionsTopicName } from "../../sdk/compile/names.ts";
import type { MeshPlan } from "../../sdk/compile/plan.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import type { Pipeline } from "../../sdk/pipeline.ts";
import { countChecks } from "../../sdk/testing/run-checks.ts";
import { ingestsOf, type ScriptStep, scriptOf } from "../../sdk/testing/script-steps.ts";
import { jsonOf, judge, type RecordedMessage, type RunDeadLetter } from "./judge.ts";
import { stageLines } from "./stage-lines.ts";

/** A mesh that was started with the pipeline, such as `startLocalMesh` gives. */
export interface TestMesh {
  readonly plan: MeshPlan;
  /** How the mesh stands now. */
  status(): Promise<MeshStatus>;
  /** Ends the sources. */
  drain(): Promise<unknown>;
}

/** Where a pipeline is run. */
export interface MeshRunOptions {
  readonly mesh: TestMesh;
  /** A client of the mesh's Pub/Sub. */
  readonly pubsub: PubSub;
  /** How long one step may take, in ms; a minute where left out. */
  readonly deadlineMs?: number;
  /** Dead letters end the run with an error unless this is true. */
  readonly allowDeadLetters?: boolean;
}

/** What came of a run on a mesh. */
export interface MeshRunResult {
  readonly status: MeshStatus;
  /** Checks of assertions that ran. */
  readonly checks: number;
  readonly deadLetters: readonly RunDeadLetter[];
}

const POLL_MS = 25;
const DEADLINE_MS = 60_000;
/** So long nothing more comes: what was sent before the end has been read. */
const SILENCE_MS = 500;

/**
 * Plays a pipeline's test streams on a mesh, and checks its assertions. Processing time is real:
 * `advanceProcessingTime` waits so long. A pipeline whose test streams end is drained.
 *
 * @throws ERR_ASSERTION if a check fails, elements became dead letters, or a step does not come to rest
 * @throws ERR_PIPELINE if an assertion checks nothing
 */
export async function runOnMesh(
  pipeline: Pipeline,
  { mesh, pubsub, deadlineMs = DEADLINE_MS, allowDeadLetters = false }: MeshRunOptions,
): Promise<MeshRunResult> {
  const hasChecks = countChecks(pipeline.graph) > 0;
  const { steps, isEnded } = scriptOf(pipeline.graph);
  const player = new Player(mesh, pubsub, deadlineMs);
  await player.rest();
  for (const step of steps) await player.take(step);
  if (isEnded) {
    await mesh.drain();
    await player.until("DONE", ({ state }) => state === "DONE");
  }
  const { pipeline: name, deadLetterTopic } = mesh.plan;
  const [recorded, letters] = hasChecks
    ? await Promise.all([
        messagesOf(pubsub, assertionsTopicName(name)),
        messagesOf(pubsub, deadLetterTopic),
      ])
    : [[], []];
  const deadLetters = letters.map(jsonOf<RunDeadLetter>);
  const checks = await judge(pipeline, recorded, allowDeadLetters ? [] : deadLetters);
  return { status: await mesh.status(), checks, deadLetters };
}

/** Takes the steps of a script, one after the other. */
class Player {
  readonly #mesh: TestMesh;
  readonly #pubsub: PubSub;
  readonly #deadlineMs: number;
  /** Messages published so far, by stage. */
  readonly #published = new Map<string, number>();

  constructor(mesh: TestMesh, pubsub: PubSub, deadlineMs: number) {
    this.#mesh = mesh;
    this.#pubsub = pubsub;
    this.#deadlineMs = deadlineMs;
  }

  async take(step: ScriptStep): Promise<void> {
    if (step.kind === "processingTime") await sleep(step.byMs);
    else await this.#publish(step);
    await this.rest();
  }

  /** Resolves when all that was published has happened (RM1). */
  async rest(): Promise<void> {
    await this.until("at rest", ({ isQuiet, stages }) => {
      const taken = new Map(stages.map(({ stage, elementsIn }) => [stage, elementsIn]));
      const isTaken = [...this.#published].every(([stage, n]) => (taken.get(stage) ?? 0) >= n);
      return isQuiet && isTaken;
    });
  }

  /** @throws ERR_ASSERTION when the deadline passes */
  async until(what: string, isSo: (status: MeshStatus) => boolean): Promise<void> {
    const endMs = Date.now() + this.#deadlineMs;
    for (;;) {
      const status = await this.#mesh.status();
      if (isSo(status)) return;
      if (Date.now() > endMs) {
        throw new MeshError(
          "ERR_ASSERTION",
          `The run of ${status.pipeline} is not ${what} after ${this.#deadlineMs} ms:\n${stageLines(status)}`,
        );
      }
      await sleep(POLL_MS);
    }
  }

  async #publish(step: Extract<ScriptStep, { kind: "messages" }>): Promise<void> {
    for (const { stage, topic } of ingestsOf(step, this.#mesh.plan)) {
      this.#published.set(stage, (this.#published.get(stage) ?? 0) + 1);
      await this.#pubsub.topic(topic).publishMessage({ data: Buffer.from(step.data) });
    }
  }
}

/** Reads what a subscription has kept, until nothing more comes. */
async function messagesOf(pubsub: PubSub, name: string): Promise<RecordedMessage[]> {
  const subscription = pubsub.subscription(name);
  const taken: RecordedMessage[] = [];
  let failure: unknown;
  subscription.on("error", (error: unknown) => {
    failure = error;
  });
  subscription.on("message", (message: Message) => {
    taken.push({ data: message.data, attributes: message.attributes });
    message.ack();
  });
  try {
    for (let seen = -1; seen !== taken.length; ) {
      seen = taken.length;
      await sleep(SILENCE_MS);
      if (failure !== undefined) throw failure;
    }
    return taken;
  } finally {
    await subscription.close();
  }
}
