/**
 * The shapes of google.pubsub.v1 as proto-loader decodes them, and the units in between.
 *
 * Owns: the types of requests and resources; durations and timestamps as milliseconds.
 * Does not own: what the fields mean (broker/settings.ts).
 */

/** google.protobuf.Duration and google.protobuf.Timestamp. */
export interface SecondsAndNanos {
  readonly seconds: string | number;
  readonly nanos: number;
}

/** PubsubMessage, as published or delivered. */
export interface WireMessage {
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string;
  readonly messageId?: string;
  readonly publishTime?: SecondsAndNanos | null;
}

/** Topic. */
export interface TopicConfig {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly messageRetentionDuration?: SecondsAndNanos | null;
  readonly [field: string]: unknown;
}

/** PushConfig. */
export interface PushConfig {
  readonly pushEndpoint: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly oidcToken?: { readonly serviceAccountEmail: string; readonly audience: string } | null;
  readonly noWrapper?: { readonly writeMetadata: boolean } | null;
}

/** Subscription. */
export interface SubscriptionConfig {
  readonly name: string;
  readonly topic: string;
  readonly pushConfig?: PushConfig | null;
  readonly ackDeadlineSeconds?: number;
  readonly retainAckedMessages?: boolean;
  readonly messageRetentionDuration?: SecondsAndNanos | null;
  readonly labels?: Readonly<Record<string, string>>;
  readonly enableMessageOrdering?: boolean;
  readonly expirationPolicy?: { readonly ttl: SecondsAndNanos | null } | null;
  readonly filter?: string;
  readonly deadLetterPolicy?: {
    readonly deadLetterTopic: string;
    readonly maxDeliveryAttempts: number;
  } | null;
  readonly retryPolicy?: {
    readonly minimumBackoff: SecondsAndNanos | null;
    readonly maximumBackoff: SecondsAndNanos | null;
  } | null;
  readonly detached?: boolean;
  readonly enableExactlyOnceDelivery?: boolean;
  readonly [field: string]: unknown;
}

/** Snapshot. */
export interface SnapshotConfig {
  readonly name: string;
  readonly topic: string;
  readonly expireTime: SecondsAndNanos;
  readonly labels: Readonly<Record<string, string>>;
}

/** ReceivedMessage. */
export interface ReceivedMessage {
  readonly ackId: string;
  readonly message: WireMessage;
  readonly deliveryAttempt: number;
}

/** Returns whole seconds and nanoseconds as milliseconds. */
export function toMs(value: SecondsAndNanos): number {
  return Number(value.seconds) * 1000 + Math.floor(value.nanos / 1_000_000);
}

/** Returns milliseconds as seconds and nanoseconds. */
export function fromMs(ms: number): SecondsAndNanos {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: (ms - seconds * 1000) * 1_000_000 };
}
