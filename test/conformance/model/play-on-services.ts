/**
 * Play on services: a pipeline with test streams and assertions on the embedded services.
 *
 * Owns: following the script step by step with real clients, each when all before has come to rest.
 */
import type { LocalWorld } from "../../../emulators/local-world.ts";
import { jsonOf, judge, type RunDeadLetter } from "../../../emulators/testing/judge.ts";
import { assertionsTopicName } from "../../../sdk/compile/names.ts";
import type { Pipeline } from "../../../sdk/index.ts";
import { ingestsOf, type ScriptStep, scriptOf } from "../../../sdk/testing/script-steps.ts";
import { InProcessMesh, type InProcessOptions } from "../../support/in-process-mesh.ts";
import type { Taken } from "../../support/mesh-clients.ts";
import type { CaseOutcome } from "./model-case.ts";

const DEADLINE_MS = 40_000;

/** How a pipeline is run on services. */
export interface PlayOptions extends Pick<InProcessOptions, "compile" | "engine"> {
  /** How many dead letters must come of it; none where left out. */
  readonly deadLetters?: number;
}

/** What came of a run whose checks hold. */
export interface Played extends CaseOutcome {
  /** Checks of assertions that ran. */
  readonly checks: number;
}

/**
 * Runs a pipeline to its end and checks its assertions.
 *
 * @throws ERR_ASSERTION if a check fails, or another number of dead letters came
 */
export async function playOnServices(
  built: Pipeline,
  services: LocalWorld,
  { deadLetters = 0, ...options }: PlayOptions = {},
): Promise<Played> {
  const { steps, isEnded } = scriptOf(built.graph);
  const assertions = assertionsTopicName(built.name);
  const mesh = await InProcessMesh.start(built, services, {
    ...options,
    collect: ({ deadLetterTopic }) => [assertions, deadLetterTopic],
  });
  try {
    if (steps.length > 0) await mesh.settle(DEADLINE_MS);
    for (const step of steps) await take(mesh, step);
    if (isEnded) await mesh.drain(DEADLINE_MS);
    const recorded = await mesh.collected(assertions, DEADLINE_MS);
    const collected = await mesh.collected(mesh.plan.deadLetterTopic, DEADLINE_MS);
    const letters = collected.map((letter) => jsonOf<RunDeadLetter>(messageOf(letter)));
    const unwanted = letters.length === deadLetters ? [] : letters;
    const checks = await judge(built, recorded.map(messageOf), unwanted);
    return { checks, deadLetters: letters, status: await mesh.status() };
  } finally {
    await mesh.stop();
  }
}

async function take(mesh: InProcessMesh, step: ScriptStep): Promise<void> {
  if (step.kind === "processingTime") mesh.advance(step.byMs);
  else {
    for (const { topic } of ingestsOf(step, mesh.plan)) {
      await mesh.publish(topic, [Buffer.from(step.data)]);
    }
  }
  await mesh.settle(DEADLINE_MS);
}

function messageOf({ text, attributes }: Taken): {
  data: Uint8Array;
  attributes: Readonly<Record<string, string>>;
} {
  return { data: Buffer.from(text), attributes };
}
