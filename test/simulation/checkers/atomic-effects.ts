/**
 * `atomic-effects` (A1): what a commit says that it received, counted, sent and put into its outbox
 * belongs together, and goes on from the head before.
 */
import type { Checker, CommitEvent } from "./checker.ts";

interface Bundle {
  readonly producer: string;
  readonly sequence: number;
  readonly stage: string;
  readonly shard: number;
}

/** A1: received, sent counters and outbox are in one commit. */
export const atomicEffects: Checker = {
  name: "atomic-effects",
  promise: "A1: received, state, timers, holds and outputs are in one commit, or none is.",
  watch: (_, report) => ({
    committed(event) {
      const { stage, shard } = event.commit.shard;
      const problem = notContinued(event) ?? wronglyCounted(event) ?? wronglySent(event);
      if (problem !== undefined) {
        report(`${stage}/${shard}, version ${event.after.version}: ${problem}`);
      }
    },
  }),
};

/** A head goes on from the one before: nothing that was received is forgotten. */
function notContinued({ before, after }: CommitEvent): string | undefined {
  if (after.version !== (before?.version ?? 0) + 1) return `follows version ${before?.version}`;
  for (const [producer, [intervals]] of Object.entries(before?.progress.received ?? {})) {
    // A producer with a random id is forgotten after an hour.
    const now = after.progress.received[producer]?.[0];
    if (now === undefined && !producer.includes("/")) continue;
    if (numbersOf(now ?? []) < numbersOf(intervals)) return `has forgotten bundles of ${producer}`;
  }
  return undefined;
}

/** Bundles that are new in `received` are those that the commit counts. */
function wronglyCounted({ before, after }: CommitEvent): string | undefined {
  const receivedBefore = before?.progress.received ?? {};
  let fresh = 0;
  for (const [producer, [intervals]] of Object.entries(after.progress.received)) {
    const news = numbersOf(intervals) - numbersOf(receivedBefore[producer]?.[0] ?? []);
    // Made for other shards, by an earlier plan: it is only passed on, with all that is taken beside it.
    if (news > 0 && producer.includes(".")) return undefined;
    fresh += news;
  }
  const counted = after.progress.metrics.bundlesIn - (before?.progress.metrics.bundlesIn ?? 0);
  // Advances of the tracker have no number, and count as well.
  return fresh <= counted ? undefined : `has received ${fresh} bundles and counts ${counted}`;
}

/** The sent counters go up by exactly the bundles of the outbox. */
function wronglySent({ commit, before, after }: CommitEvent): string | undefined {
  const producer = `${commit.shard.stage}/${commit.shard.shard}`;
  const next = new Map<string, number>();
  for (const entry of after.outbox) {
    if (entry.kind !== "bundle") continue;
    const bundle = JSON.parse(entry.text) as Bundle;
    const target = `${bundle.stage}/${bundle.shard}`;
    const expected = next.get(target) ?? before?.progress.sent[target]?.next ?? 0;
    if (bundle.producer !== producer) return `sends in the name of ${bundle.producer}`;
    if (bundle.sequence !== expected) {
      return `bundle ${bundle.sequence} to ${target} instead of ${expected}`;
    }
    next.set(target, expected + 1);
  }
  const targets = new Set([
    ...Object.keys(before?.progress.sent ?? {}),
    ...Object.keys(after.progress.sent),
  ]);
  for (const target of targets) {
    const expected = next.get(target) ?? before?.progress.sent[target]?.next ?? 0;
    const counted = after.progress.sent[target]?.next ?? 0;
    if (counted !== expected)
      return `counts ${counted} bundles to ${target} instead of ${expected}`;
  }
  return undefined;
}

/** How many numbers lie in intervals. */
function numbersOf(intervals: readonly number[]): number {
  let count = 0;
  for (let i = 0; i < intervals.length; i += 2) {
    count += (intervals[i + 1] ?? 0) - (intervals[i] ?? 0) + 1;
  }
  return count;
}
