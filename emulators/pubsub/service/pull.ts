/**
 * Pull: one request, one answer with the messages that are there.
 *
 * Owns: waiting for a first message. Does not own: leases (broker/).
 *
 * The answer goes out as soon as there is any message, with up to as many as were asked for.
 */

import type { Timers } from "../../timers.ts";
import type { Consumer, Delivery } from "../broker/delivery.ts";
import { ackIdOf } from "../broker/leases.ts";
import type { Subscription } from "../broker/subscription.ts";
import type { PubsubCounts } from "../counts.ts";
import { pullWaitMs } from "../limits.ts";
import { fromMs, type ReceivedMessage } from "../wire.ts";

/** Returns a leased message as a subscriber receives it. */
export function receivedOf(subscription: Subscription, delivery: Delivery): ReceivedMessage {
  const { id, data, attributes, orderingKey, publishTimeMs } = delivery.message;
  const isCounting = subscription.settings.deadLetter !== undefined;
  return {
    ackId: ackIdOf(delivery),
    message: { data, attributes, orderingKey, messageId: id, publishTime: fromMs(publishTimeMs) },
    deliveryAttempt: isCounting ? delivery.failures + 1 : 0,
  };
}

/** What a Pull needs. */
interface PullOptions {
  readonly subscription: Subscription;
  readonly messagesMax: number;
  readonly isImmediate: boolean;
  readonly timers: Timers;
  readonly counts: PubsubCounts;
  /** Calls back if the caller has gone. */
  readonly onCancelled: (run: () => void) => void;
}

/** Takes messages: those that are there, or else the first ones that come in time. */
export function pull(options: PullOptions): Promise<ReceivedMessage[]> {
  const { subscription, messagesMax, isImmediate, timers, counts, onCancelled } = options;
  const received: ReceivedMessage[] = [];
  return new Promise((resolve, reject) => {
    const end = (): void => {
      cancelWait();
      subscription.detach(slot);
      counts.pulledMessages += received.length;
      resolve(received);
    };
    const consumer: Consumer = {
      ackDeadlineMs: subscription.settings.ackDeadlineMs,
      isOnePerKey: false,
      hasRoom: () => received.length < messagesMax,
      accept: (delivery) => received.push(receivedOf(subscription, delivery)),
      flush: () => {
        if (received.length > 0) end();
      },
      released: () => undefined,
      closed: (why) => {
        cancelWait();
        reject(why);
      },
    };
    const cancelWait = timers.after(isImmediate ? 0 : pullWaitMs, end);
    const slot = subscription.attach(consumer);
    onCancelled(end);
    subscription.pump();
  });
}
