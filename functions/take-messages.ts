/**
 * Take messages: which messages of an activation are new to a shard, and bundles that go back to it.
 *
 * Owns: what a shard takes and what it has taken already. Does not own: the protocol around it
 * (activation.ts), what a message does (run-bundle.ts).
 * Place on the data's way: the second step of an activation, after the shard is open.
 */
import { MIN_TIMESTAMP } from "../sdk/model/time.ts";
import { halve } from "./bundle-builder.ts";
import { type AdvanceBody, type Envelope, isIngestProducer } from "./envelope.ts";
import type { SelfMessage } from "./gathered.ts";
import { sideKey } from "./job.ts";
import type { WorkJson } from "./metrics/work.ts";
import type { Program } from "./program.ts";
import type { Shard } from "./shard.ts";
import { spread } from "./spread.ts";

/** Returns how many elements are in bundles. */
export function takenOf(envelopes: readonly Envelope[]): WorkJson {
  let taken = 0;
  for (const { sequence, count } of envelopes) if (sequence >= 0) taken += count;
  return taken === 0 ? {} : { taken };
}

/** Returns bundles of more than one element as messages of less to the shard itself; undefined if none is. */
export function splitsOf(envelopes: readonly Envelope[]): SelfMessage[] | undefined {
  let isSplit = false;
  const messages = envelopes.flatMap((envelope): SelfMessage[] => {
    const { shard, minTime, body, count } = envelope;
    if (body.kind === "replay" && count > 1) {
      isSplit = true;
      return body.letters.map((letter) => {
        return { shard, minTime, body: { kind: "replay", letters: [letter] } };
      });
    }
    if (body.kind !== "elements" || count < 2) return [toItself(envelope)];
    isSplit = true;
    return halve(body.windows, count).map(({ windows }) => ({
      shard,
      minTime,
      body: { kind: "elements", windows },
    }));
  });
  return isSplit ? messages : undefined;
}

/** Returns messages to the shards of today, where a bundle was made for others; undefined if none was. */
export function spreadsOf(
  envelopes: readonly Envelope[],
  { stage }: Program,
): SelfMessage[] | undefined {
  if (!envelopes.some((envelope) => envelope.spreads)) return undefined;
  return envelopes.flatMap((envelope) =>
    envelope.spreads ? spread(envelope, stage.shards) : [toItself(envelope)],
  );
}

/** Returns a message that gives a bundle back to its shard. */
export function toItself({ shard, minTime, body }: Envelope): SelfMessage {
  return { shard, minTime, body };
}

/** Whether a message is one of an earlier generation of the mesh; ingest instances know of none. */
function isEarlier({ producer, generation = 0 }: Envelope, shard: Shard): boolean {
  return generation < shard.generation && !isIngestProducer(producer);
}

/** Notes a message as taken; returns whether it has anything that the shard has not taken yet. */
export function takeIfNew(shard: Shard, envelope: Envelope, nowMs: number): boolean {
  if (isEarlier(envelope, shard)) return false;
  const { producer, sequence } = envelope;
  if (sequence >= 0) return shard.received.add(producer, sequence, nowMs);
  // An advance from the tracker: worth a commit only if it says something new.
  if (envelope.body.kind !== "advance") return true;
  const { watermarks, nowMs: trackerMs = 0, synchronizedMs = 0, proves } = envelope.body;
  if (proves === true && shard.isUnproven) return true;
  const own = watermarks[shard.ref.stage];
  if (own !== undefined && (own[0] > shard.watermarks[0] || own[1] > shard.watermarks[1])) {
    return true;
  }
  const { keeper, gate } = shard;
  const knownSides = gate?.views.watermarks() ?? {};
  const hasSideNews = Object.entries(gate?.sideTimers() ?? {}).some(([side, timer]) => {
    const told = watermarks[sideKey(shard.ref.stage, side)]?.[0] ?? MIN_TIMESTAMP;
    return timer < told && (knownSides[side] ?? MIN_TIMESTAMP) < told;
  });
  if (hasSideNews) return true;
  if (isOrder(envelope.body, shard)) return true;
  if (keeper === undefined) return false;
  const latestMs = Math.max(nowMs, trackerMs);
  return keeper.nextProcessingMs() <= latestMs || keeper.nextSynchronizedMs() <= synchronizedMs;
}

/** Whether an advance tells the shard to do what it does not do yet: drain, stand still, go on. */
function isOrder({ drains, pauses }: AdvanceBody, { reads, stateful, isStill }: Shard): boolean {
  if (drains === true && (reads ?? stateful)?.isDraining === false) return true;
  return pauses !== undefined && pauses !== isStill;
}
