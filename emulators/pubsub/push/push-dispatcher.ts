/**
 * The pushes of one subscription.
 *
 * Owns: when a message is pushed, and what its result does. Does not own: the order of messages and
 * their deadlines (broker/), HTTP (push-client.ts), the arithmetic of the pace (push-window.ts).
 *
 * P1. A push whose lease has ended (deadline, seek, deletion) is aborted, and its result is ignored.
 * P2. A failure pauses the subscription; a timer ends the pause. Nothing polls.
 */

import type { Faults } from "../../faults.ts";
import type { CancelTimer, Timers } from "../../timers.ts";
import type { Consumer, Delivery, LeaseEnd } from "../broker/delivery.ts";
import type { Subscription } from "../broker/subscription.ts";
import type { PubsubCounts } from "../counts.ts";
import type { SubscriptionConfig } from "../wire.ts";
import type { PushClient, PushRequest } from "./push-client.ts";
import {
  bodyOf,
  headersOf,
  type IdentityToken,
  type PushTarget,
  pushTargetOf,
} from "./push-request.ts";
import { type PushPace, PushWindow } from "./push-window.ts";

/** What the pushes of all subscriptions share. */
interface PushWorld {
  readonly timers: Timers;
  readonly counts: PubsubCounts;
  readonly client: PushClient;
  readonly pace: PushPace;
  readonly faults: Faults | undefined;
  readonly identityToken: IdentityToken | undefined;
}

/** One push under way, with the lease that it belongs to. */
interface Push {
  readonly round: number;
  request: PushRequest | undefined;
  isOver: boolean;
}

/** Pushes the messages of one subscription to its endpoint. */
export class PushDispatcher implements Consumer {
  readonly isOnePerKey: boolean = true;
  readonly #subscription: Subscription;
  readonly #world: PushWorld;
  #config: SubscriptionConfig;
  #target: PushTarget;
  readonly #window: PushWindow;
  readonly #pushes = new Map<Delivery, Push>();
  #cancelPause: CancelTimer | undefined;

  constructor(subscription: Subscription, world: PushWorld) {
    this.#subscription = subscription;
    this.#world = world;
    this.#config = subscription.config;
    this.#target = pushTargetOf(this.#config, world.identityToken);
    this.#window = new PushWindow(world.pace);
  }

  get ackDeadlineMs(): number {
    return this.#subscription.settings.ackDeadlineMs;
  }

  hasRoom(): boolean {
    return this.#cancelPause === undefined && this.#pushes.size < this.#window.windowMessages;
  }

  accept(delivery: Delivery): void {
    const push: Push = { round: this.#window.round, request: undefined, isOver: false };
    this.#pushes.set(delivery, push);
    const { faults } = this.#world;
    if (faults === undefined) {
      this.#send(delivery, push, (isSuccess) => this.#ended(delivery, push, isSuccess));
    } else {
      void this.#sendWithFaults(faults, delivery, push);
    }
  }

  flush(): void {
    // Each message was sent when it was accepted.
  }

  released(delivery: Delivery, how: LeaseEnd): void {
    const push = this.#pushes.get(delivery);
    if (push === undefined) return;
    this.#pushes.delete(delivery);
    const isUnderWay = !push.isOver;
    push.isOver = true;
    if (!isUnderWay) return;
    push.request?.abort();
    if (how === "expired") this.#failed(push);
  }

  closed(): void {
    for (const push of this.#pushes.values()) {
      push.isOver = true;
      push.request?.abort();
    }
    this.#pushes.clear();
    this.#cancelPause?.();
    this.#cancelPause = undefined;
  }

  async #sendWithFaults(faults: Faults, delivery: Delivery, push: Push): Promise<void> {
    let isSuccess: boolean;
    try {
      isSuccess = await faults.run("push", () => {
        return new Promise<boolean>((resolve) => this.#send(delivery, push, resolve));
      });
    } catch {
      // An injected fault: refused, or the answer was lost. Both are a failure to Pub/Sub.
      isSuccess = false;
    }
    this.#ended(delivery, push, isSuccess);
  }

  #send(delivery: Delivery, push: Push, done: (isSuccess: boolean) => void): void {
    // An injected delay can outlast the lease (P1).
    if (push.isOver) {
      done(false);
      return;
    }
    const target = this.#presentTarget();
    const { origin, path } = target;
    const body = bodyOf(target, delivery);
    let headers: Record<string, string>;
    try {
      headers = headersOf(target, delivery);
    } catch {
      // Whoever makes the tokens has failed: without one the push would be refused anyway.
      queueMicrotask(() => done(false));
      return;
    }
    this.#world.counts.pushRequests++;
    this.#world.counts.pushedBytes += Buffer.byteLength(body);
    push.request = this.#world.client.send({ origin, path, headers, body }, done);
  }

  /** Made anew when the configuration has changed, and not for each push. */
  #presentTarget(): PushTarget {
    const { config } = this.#subscription;
    if (config !== this.#config) {
      this.#config = config;
      this.#target = pushTargetOf(config, this.#world.identityToken);
    }
    return this.#target;
  }

  #ended(delivery: Delivery, push: Push, isSuccess: boolean): void {
    if (push.isOver) return;
    push.isOver = true;
    if (isSuccess) {
      this.#world.counts.pushedMessages++;
      this.#window.succeeded(push.round);
      this.#subscription.acknowledge(delivery);
    } else {
      this.#failed(push);
      this.#subscription.nack(delivery);
    }
    this.#subscription.pump();
  }

  #failed(push: Push): void {
    this.#world.counts.pushFailures++;
    const pauseMs = this.#window.failed(push.round, this.#world.timers.nowMs());
    if (pauseMs === 0) return;
    this.#cancelPause?.();
    this.#cancelPause = this.#world.timers.after(pauseMs, () => {
      this.#cancelPause = undefined;
      this.#subscription.pump();
    });
  }
}
