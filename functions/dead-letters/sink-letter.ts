/**
 * Sink letter: the dead letter of an output that its sink refused for good.
 *
 * Owns: what it says. Does not own: when a sink is given up (flush.ts, ingest.ts).
 */
import { MeshError } from "../../sdk/model/errors.ts";
import type { DeadLetter } from "../dead-letter.ts";
import type { OutboxEntry } from "../outbox.ts";
import type { Program } from "../program.ts";

/** What was refused, and why. */
export interface SinkFailure {
  readonly id: string;
  readonly shard: number | undefined;
  readonly entry: OutboxEntry;
  readonly error: MeshError;
  readonly attempts: number;
  readonly atMs: number;
}

/** Returns the letter; its element is the output, for what gave it has been committed. */
export function sinkLetter({ plan, stage }: Program, failure: SinkFailure): DeadLetter {
  const { entry, error, ...known } = failure;
  // Where in the mesh a refusal came up says nothing, and a thousand letters would say it.
  const bare = new MeshError(error.code, error.message);
  delete bare.stack;
  const where = entry.kind === "file" ? `file ${entry.path}` : `topic ${entry.topic}`;
  return {
    ...known,
    error: bare,
    pipeline: plan.pipeline,
    plan: plan.hash,
    fingerprint: stage.fingerprint,
    stage: stage.id,
    transform: `sink to ${where}`,
    ...(entry.kind !== "bundle" && { element: entry }),
    replay: {
      kind: "none",
      reason: `It is an output that the ${where} refused: mend that, and write it there yourself.`,
    },
    replays: 0,
  };
}
