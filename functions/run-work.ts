/**
 * Run work: the work of one activation through the chain, as large as one commit holds.
 *
 * Owns: setting aside an item that gives more than one commit holds. Does not own: retries and the
 * search for items that fail (guarded-run.ts), or cutting what several items give (activation.ts).
 */
import { MeshError } from "../sdk/model/errors.ts";
import { type BundleOutputs, NO_OUTPUTS } from "./bundle-outputs.ts";
import type { Chain } from "./chain.ts";
import type { DeadLetter } from "./dead-letter.ts";
import type { LetterAttempt } from "./dead-letters/taking.ts";
import { guardedRun, type Work } from "./guarded-run.ts";
import { COMMIT_BYTES_MAX, type EngineOptions } from "./options.ts";
import type { Clock } from "./ports.ts";
import type { Program } from "./program.ts";
import { documentBytes } from "./shard.ts";
import { placeOf } from "./user-errors.ts";

/** A dead letter of a shard, before it is known whose. */
export type ShardDead = Pick<
  DeadLetter,
  "error" | "attempts" | "element" | "data" | "timestamp" | "window" | "replay"
> & {
  /** The dead letter that it was before. */
  readonly letter?: LetterAttempt;
};

/** Work whose items can be told of, and what it changes beside the chain. */
export interface ShardWork<T> extends Work<T> {
  /** Whether nothing is left to take. */
  readonly isDone: boolean;
  /** The one item that was taken; undefined if it was none or several. */
  readonly only: T | undefined;
  /** About how many bytes of a commit the changes take. */
  changedBytes(): number;
  describe(item: T): Pick<ShardDead, "element" | "timestamp" | "window" | "replay" | "letter">;
}

/** What a run works with. */
export interface WorkContext {
  readonly program: Program;
  readonly chain: Chain;
  readonly clock: Clock;
  readonly options: EngineOptions;
}

/** Runs work; returns its outputs, and adds what was set aside to `dead`. */
export async function runWork<T>(
  work: ShardWork<T>,
  { program, chain, clock, options }: WorkContext,
  dead: ShardDead[],
): Promise<BundleOutputs> {
  const start = work.mark();
  while (!work.isDone) {
    const result = await guardedRun(chain, work, clock, options);
    for (const { item, error, attempts } of result.dead) {
      dead.push({ error, attempts, ...work.describe(item) });
    }
    const { only } = work;
    const error =
      only === undefined ? undefined : tooBig(program, result.outputs, work.changedBytes());
    if (only === undefined || error === undefined) return result.outputs;
    // What one item gives can't be made smaller: set it aside, or the shard would stand still.
    dead.push({ error, attempts: 1, ...work.describe(only) });
    chain.metrics.discard();
    work.rollback(start);
    work.drop(only);
  }
  return NO_OUTPUTS;
}

/** About how many bytes outputs take in a commit. */
function bytesOf({ bundles, documents, messages, files }: BundleOutputs): number {
  let bytes = 0;
  for (const { windowsText } of bundles) bytes += Buffer.byteLength(windowsText);
  for (const { fields } of documents) bytes += documentBytes(fields);
  for (const { data } of messages) bytes += Math.ceil(data.length / 3) * 4;
  for (const { lines } of files) for (const line of lines) bytes += Buffer.byteLength(line);
  return bytes;
}

/** Returns the error of outputs, of one element, that one commit doesn't hold; undefined if it does. */
export function tooBig(
  { root }: Program,
  outputs: BundleOutputs,
  changedBytes = 0,
): MeshError | undefined {
  const bytes = bytesOf(outputs) + changedBytes;
  if (bytes <= COMMIT_BYTES_MAX) return undefined;
  return new MeshError(
    "ERR_ELEMENT_TOO_BIG",
    `${placeOf(root)}: what one element gives takes ${bytes} bytes; one commit holds ` +
      `${COMMIT_BYTES_MAX}. Emit and keep less for each element, or reshuffle() in between.`,
  );
}
