/**
 * Ingest work: what one ingest instance counts of its own group commits, and logs of them.
 *
 * Owns: which register or confirmation stores what was gathered. Does not own: the group commit
 * itself (ingest.ts), or what is counted (metrics/).
 */
import type { SourceMessage } from "../sdk/io/source-spec.ts";
import type { BundleOutputs } from "./bundle-outputs.ts";
import { boundLog, type LogContext, type TraceContext } from "./log-context.ts";
import type { Failures } from "./metrics/failures.ts";
import { costOfDocuments, costOfMessages, type Operations } from "./metrics/operations.ts";
import {
  elementsAt,
  mergeWork,
  WorkGathered,
  type WorkJson,
  waitsOf,
  withOperations,
} from "./metrics/work.ts";
import type { DeadLetterRecord, Log, OutgoingMessage, World } from "./ports.ts";
import type { Program } from "./program.ts";
import type { Register } from "./register.ts";

/** A group that was run. */
export interface GroupRun {
  readonly messages: readonly SourceMessage[];
  readonly outputs: BundleOutputs;
  readonly published: readonly OutgoingMessage[];
  readonly letters: readonly DeadLetterRecord[];
}

/** What an ingest instance counts and logs. */
export class IngestWork {
  /** Entries tell of the group at hand. */
  readonly log: Log;
  readonly #world: World;
  readonly #failures: Failures;
  /** What waits for the next register, or for the confirmation of the last one. */
  readonly #gathered = new WorkGathered();
  #activation = "";
  #trace: TraceContext | undefined;

  constructor({ plan, stage }: Program, world: World, failures: Failures) {
    this.#world = world;
    this.#failures = failures;
    this.log = boundLog(world.log, (): LogContext => {
      const [activation, trace] = [this.#activation, this.#trace];
      return { pipeline: plan.pipeline, plan: plan.hash, stage: stage.id, activation, trace };
    });
  }

  /** Notes that a group begins, for which the job was read so often. */
  begin(activation: string, trace: TraceContext | undefined, documentsRead: number): void {
    this.#activation = activation;
    this.#trace = trace;
    this.#gathered.did({ documentsRead });
  }

  /** Notes what was done besides; the next register or confirmation tells of it. */
  did(cost: Partial<Operations>): void {
    this.#gathered.did(cost);
  }

  /** Notes that a group is published. */
  ended(beganMs: number): void {
    const durationMs = this.#world.clock.nowMs() - beganMs;
    this.#gathered.took(durationMs);
    this.log("DEBUG", "Group commit.", { durationMs });
  }

  /** What a group met that is refused is stored with the next one. */
  failed(): void {
    this.#gathered.add(this.#failures.take(this.log));
  }

  /** Returns what a group's register tells; publishing and the writes of sinks are to come. */
  ofGroup({ messages, outputs, published, letters }: GroupRun): WorkJson {
    const atMs = this.#world.clock.nowMs();
    const sent: Record<string, number> = {};
    for (const { stage, count } of outputs.bundles) sent[stage] = (sent[stage] ?? 0) + count;
    this.#gathered.add(this.#failures.take(this.log));
    return withOperations(
      this.#gathered.offer({
        ...elementsAt(atMs, messages.length, outputs.elements),
        ...waitsOf(
          messages.map(({ publishTime }) => Date.parse(publishTime)),
          atMs,
        ),
        ...(outputs.bundles.length > 0 && { sent }),
      }),
      { activations: 1, commits: 1, documentsWritten: 1 },
      costOfMessages(published),
      costOfDocuments(outputs.documents.length),
      { ...costOfDocuments(letters.length), documentsRead: letters.length },
    );
  }

  /** Returns a register's metrics with what became known of its group since. */
  ofConfirmation({ metrics }: Register): Register["metrics"] {
    const own = withOperations({}, { commits: 1, documentsWritten: 1 });
    return { ...metrics, work: mergeWork(metrics.work, this.#gathered.offer(own)) };
  }

  /** Notes that what was asked for last is stored. */
  stored(): void {
    this.#gathered.stored();
  }
}
