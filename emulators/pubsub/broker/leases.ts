/**
 * Acknowledgement ids: how a pull subscriber names one lease of one message.
 *
 * Owns: their form, and which of them still count. Does not own: what acknowledging does
 * (subscription.ts).
 *
 * L1. With exactly-once delivery an id counts only while its lease lasts.
 * L2. With ordering too, but a late one is ignored and not an error: its message comes again anyway.
 * L3. Otherwise a late acknowledgement still takes effect; a late change of the deadline does not.
 */

import { ackDeadlineSecondsMax } from "../limits.ts";
import { invalidArgument } from "../names.ts";
import type { Delivery } from "./delivery.ts";
import { inRange } from "./settings.ts";
import type { Subscription } from "./subscription.ts";

/** Which acknowledgement ids of a request took effect. */
export interface LeaseAnswer {
  readonly ackIds: readonly string[];
  /** Only ever filled with exactly-once delivery (L1). */
  readonly invalidAckIds: readonly string[];
}

/** Returns the id of a delivery's present lease. */
export function ackIdOf(delivery: Delivery): string {
  return `${delivery.message.id}-${delivery.leases}`;
}

/**
 * Acknowledges by ids.
 *
 * @throws StatusError INVALID_ARGUMENT if an id has no such form
 */
export function acknowledgeIds(subscription: Subscription, ackIds: readonly string[]): LeaseAnswer {
  return forEach(subscription, ackIds, (delivery, isCurrent) => {
    if (isCurrent || !subscription.settings.isOrdered) subscription.acknowledge(delivery);
  });
}

/**
 * Moves deadlines by ids; zero seconds gives the message back.
 *
 * @throws StatusError INVALID_ARGUMENT if an id has no such form or the deadline is out of range
 */
export function modifyIds(
  subscription: Subscription,
  ackIds: readonly string[],
  ackDeadlineSeconds: number,
): LeaseAnswer {
  inRange("ack_deadline_seconds", ackDeadlineSeconds, 0, ackDeadlineSecondsMax);
  return forEach(subscription, ackIds, (delivery, isCurrent) => {
    if (!isCurrent) return;
    if (ackDeadlineSeconds === 0) subscription.nack(delivery);
    else subscription.extend(delivery, ackDeadlineSeconds * 1000);
  });
}

function forEach(
  subscription: Subscription,
  ackIds: readonly string[],
  change: (delivery: Delivery, isCurrent: boolean) => void,
): LeaseAnswer {
  const { isExactlyOnce } = subscription.settings;
  const valid: string[] = [];
  const invalid: string[] = [];
  for (const ackId of ackIds) {
    const [messageId, lease] = parseAckId(ackId);
    const delivery = subscription.find(messageId);
    const isCurrent = delivery !== undefined && isLeaseOf(delivery, lease);
    if (isExactlyOnce && !isCurrent) {
      invalid.push(ackId);
      continue;
    }
    valid.push(ackId);
    if (delivery !== undefined) change(delivery, isCurrent);
  }
  subscription.pump();
  return { ackIds: valid, invalidAckIds: invalid };
}

function isLeaseOf(delivery: Delivery, lease: number): boolean {
  const isHeld = delivery.state === "leased" || delivery.state === "acknowledged-early";
  return isHeld && delivery.leases === lease;
}

function parseAckId(ackId: string): readonly [string, number] {
  const match = /^(\d+)-(\d+)$/.exec(ackId);
  if (match?.[1] === undefined) {
    throw invalidArgument(
      "Some acknowledgement ids in the request were invalid. This could be because the " +
        `acknowledgement ids have expired or were malformed (ack_id=${ackId.slice(0, 100)}).`,
    );
  }
  return [match[1], Number(match[2])];
}
