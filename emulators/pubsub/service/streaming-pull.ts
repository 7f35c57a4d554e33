/**
 * StreamingPull: messages as they come, for as long as the stream lasts.
 *
 * Owns: flow control of one stream, its responses. Does not own: leases (broker/).
 *
 * G1. A stream has at most as many messages and bytes outstanding as its first request allows; one
 *     message always fits. Zero or less means no limit.
 * G2. While the connection is congested, nothing is leased to the stream.
 * G3. Every empty request is answered: clients of protocol version 1 take silence for a dead stream.
 */
import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { Consumer, ConsumerSlot, Delivery } from "../broker/delivery.ts";
import { acknowledgeIds, modifyIds } from "../broker/leases.ts";
import { inRange } from "../broker/settings.ts";
import type { Subscription } from "../broker/subscription.ts";
import type { PubsubCounts } from "../counts.ts";
import {
  ackDeadlineSecondsMax,
  ackDeadlineSecondsMin,
  streamingResponseBytesMax,
  streamingResponseMessagesMax,
} from "../limits.ts";
import { invalidArgument } from "../names.ts";
import type { ReceivedMessage } from "../wire.ts";
import { receivedOf } from "./pull.ts";
import { toServiceError } from "./unary.ts";

/** StreamingPullRequest. */
interface StreamingPullRequest {
  readonly subscription: string;
  readonly ackIds: readonly string[];
  readonly modifyDeadlineSeconds: readonly number[];
  readonly modifyDeadlineAckIds: readonly string[];
  readonly streamAckDeadlineSeconds: number;
  readonly maxOutstandingMessages: string;
  readonly maxOutstandingBytes: string;
}

/** A StreamingPull call. */
export type StreamingPullCall = ServerDuplexStream<StreamingPullRequest, unknown>;

/** One stream, a consumer of its subscription. */
export class StreamingPull implements Consumer {
  readonly isOnePerKey: boolean = false;
  readonly #call: StreamingPullCall;
  readonly #subscription: Subscription;
  readonly #counts: PubsubCounts;
  readonly #messagesMax: number;
  readonly #bytesMax: number;
  readonly #slot: ConsumerSlot;
  #ackDeadlineMs: number;
  #outstandingMessages = 0;
  #outstandingBytes = 0;
  #batch: ReceivedMessage[] = [];
  #batchBytes = 0;
  #isCongested = false;

  constructor(options: {
    readonly call: StreamingPullCall;
    readonly subscription: Subscription;
    readonly first: StreamingPullRequest;
    readonly counts: PubsubCounts;
  }) {
    const { call, subscription, first, counts } = options;
    this.#call = call;
    this.#subscription = subscription;
    this.#counts = counts;
    this.#messagesMax = limitOf(first.maxOutstandingMessages);
    this.#bytesMax = limitOf(first.maxOutstandingBytes);
    this.#ackDeadlineMs = subscription.settings.ackDeadlineMs;
    this.#slot = subscription.attach(this);
    call.on("drain", () => {
      this.#isCongested = false;
      subscription.pump();
    });
  }

  get ackDeadlineMs(): number {
    return this.#ackDeadlineMs;
  }

  /** Tells the client what the subscription is like, and begins. */
  start(first: StreamingPullRequest): void {
    this.#respond({});
    this.handle(first);
    this.#subscription.pump();
  }

  /** Handles a request on the open stream. */
  handle(request: StreamingPullRequest): void {
    const { streamAckDeadlineSeconds: seconds, modifyDeadlineAckIds } = request;
    if (seconds !== 0) {
      inRange("stream_ack_deadline_seconds", seconds, ackDeadlineSecondsMin, ackDeadlineSecondsMax);
      this.#ackDeadlineMs = seconds * 1000;
    }
    if (modifyDeadlineAckIds.length !== request.modifyDeadlineSeconds.length) {
      throw invalidArgument(
        "modify_deadline_seconds and modify_deadline_ack_ids differ in length.",
      );
    }
    if (request.ackIds.length > 0) this.#acknowledge(request.ackIds);
    if (modifyDeadlineAckIds.length > 0) this.#modify(request);
    if (request.ackIds.length + modifyDeadlineAckIds.length === 0 && request.subscription === "") {
      this.#respond({});
    }
  }

  /** The stream has ended; what it has leased stays leased until its deadline. */
  end(): void {
    this.#subscription.detach(this.#slot);
  }

  hasRoom(): boolean {
    if (this.#isCongested || this.#outstandingMessages >= this.#messagesMax) return false;
    return this.#outstandingMessages === 0 || this.#outstandingBytes < this.#bytesMax;
  }

  accept(delivery: Delivery): void {
    this.#outstandingMessages++;
    this.#outstandingBytes += delivery.message.messageBytes;
    this.#batch.push(receivedOf(this.#subscription, delivery));
    this.#batchBytes += delivery.message.messageBytes;
    const isFull =
      this.#batch.length >= streamingResponseMessagesMax ||
      this.#batchBytes >= streamingResponseBytesMax;
    if (isFull) this.flush();
  }

  flush(): void {
    if (this.#batch.length === 0) return;
    const receivedMessages = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    this.#counts.pulledMessages += receivedMessages.length;
    this.#respond({ receivedMessages });
  }

  released(delivery: Delivery): void {
    this.#outstandingMessages--;
    this.#outstandingBytes -= delivery.message.messageBytes;
  }

  closed(why: Error): void {
    this.#call.emit("error", toServiceError(why));
  }

  #acknowledge(ids: readonly string[]): void {
    const { ackIds, invalidAckIds } = acknowledgeIds(this.#subscription, ids);
    if (!this.#subscription.settings.isExactlyOnce) return;
    this.#respond({ acknowledgeConfirmation: { ackIds, invalidAckIds } });
  }

  #modify(request: StreamingPullRequest): void {
    const ackIds: string[] = [];
    const invalidAckIds: string[] = [];
    for (const [i, id] of request.modifyDeadlineAckIds.entries()) {
      const seconds = request.modifyDeadlineSeconds[i] ?? 0;
      const answer = modifyIds(this.#subscription, [id], seconds);
      ackIds.push(...answer.ackIds);
      invalidAckIds.push(...answer.invalidAckIds);
    }
    if (!this.#subscription.settings.isExactlyOnce) return;
    this.#respond({ modifyAckDeadlineConfirmation: { ackIds, invalidAckIds } });
  }

  #respond(response: object): void {
    const { isExactlyOnce, isOrdered } = this.#subscription.settings;
    const subscriptionProperties = {
      exactlyOnceDeliveryEnabled: isExactlyOnce,
      messageOrderingEnabled: isOrdered,
    };
    if (!this.#call.write({ ...response, subscriptionProperties })) this.#isCongested = true;
  }
}

function limitOf(value: string): number {
  const limit = Number(value);
  return limit > 0 ? limit : Number.POSITIVE_INFINITY;
}
