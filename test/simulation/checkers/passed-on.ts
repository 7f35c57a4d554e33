/**
 * Passed on: bundles that shards send to others of their own stage since the number of shards was
 * changed, and which of them hold nothing but what had been received before the change.
 */
import type { Envelope } from "../../../functions/envelope.ts";
import type { Job } from "../../../functions/job.ts";
import { bundleKey, shardKey } from "../world/ledger.ts";
import type { CommitEvent } from "./checker.ts";
import { hasReceived } from "./in-flight.ts";

/** What is passed on in a run. */
export class PassedOn {
  /** By `bundleKey`: bundles whose elements had all been received under an earlier plan. */
  readonly again: Set<string> = new Set();
  /** What each plan's shards have received. */
  readonly #received = new Set<string>();

  /** Looks at what a commit receives, and at what it passes on. */
  note(event: CommitEvent, job: Job | undefined): void {
    const { shard } = event.commit;
    let isAllAgain = true;
    for (const [producer, n] of newlyReceived(event)) {
      this.#received.add(`${event.after.plan} ${bundleKey(producer, shardKey(shard), n)}`);
      isAllAgain &&= this.#wasReceived(producer, shard.stage, n, job);
    }
    if (!isAllAgain) return;
    for (const entry of event.after.outbox) {
      if (entry.kind !== "bundle") continue;
      const envelope = JSON.parse(entry.text) as Envelope;
      const isOwn = envelope.stage === shard.stage;
      if (isOwn)
        this.again.add(bundleKey(envelope.producer, shardKey(envelope), envelope.sequence));
    }
  }

  /** Of `producer.shard`, the shard is where the bundle went under its own plan. */
  #wasReceived(producer: string, stage: string, n: number, job: Job | undefined): boolean {
    const [name = "", shard = ""] = producer.split(".");
    return Object.entries(job?.superseded ?? {}).some(([plan, stages]) =>
      Object.entries(stages).some(
        ([old, to]) =>
          to.stage === stage &&
          this.#received.has(`${plan} ${bundleKey(name, `${old}/${shard}`, n)}`),
      ),
    );
  }
}

function* newlyReceived({ before, after }: CommitEvent): Iterable<[producer: string, n: number]> {
  for (const [producer, [intervals]] of Object.entries(after.progress.received)) {
    for (let i = 0; i < intervals.length; i += 2) {
      for (let n = intervals[i] ?? 0; n <= (intervals[i + 1] ?? -1); n++) {
        if (!hasReceived(before?.progress, producer, n)) yield [producer, n];
      }
    }
  }
}
