/**
 * What a subscription's configuration means, checked and in the broker's units.
 *
 * Owns: defaults, ranges and what may be changed. Does not own: acting on it (subscription.ts).
 */
import { type Filter, parseFilter } from "../filter.ts";
import {
  ackDeadlineSecondsDefault,
  ackDeadlineSecondsMax,
  ackDeadlineSecondsMin,
  deliveryAttemptsMax,
  deliveryAttemptsMin,
  retentionSecondsDefault,
  retentionSecondsMax,
  retentionSecondsMin,
  retryMinimumSecondsDefault,
  retrySecondsMax,
} from "../limits.ts";
import { invalidArgument, parseResourceName } from "../names.ts";
import { type SecondsAndNanos, type SubscriptionConfig, toMs } from "../wire.ts";

/** A subscription's configuration as the broker uses it. */
export interface SubscriptionSettings {
  readonly ackDeadlineMs: number;
  readonly retentionMs: number;
  readonly isRetainingAcked: boolean;
  readonly isOrdered: boolean;
  readonly isExactlyOnce: boolean;
  readonly filter: Filter;
  readonly retry: { readonly minimumMs: number; readonly maximumMs: number } | undefined;
  readonly deadLetter: { readonly topic: string; readonly attemptsMax: number } | undefined;
  /** The endpoint of a push subscription. */
  readonly pushEndpoint: string | undefined;
}

/**
 * Fills in what the service fills in.
 *
 * @throws StatusError INVALID_ARGUMENT if a field is out of its range
 */
export function normalizeConfig(config: SubscriptionConfig): SubscriptionConfig {
  const push = config.pushConfig;
  const policy = config.deadLetterPolicy;
  const retry = config.retryPolicy;
  return {
    ...config,
    pushConfig: push ?? { pushEndpoint: "", attributes: {} },
    ackDeadlineSeconds: config.ackDeadlineSeconds || ackDeadlineSecondsDefault,
    messageRetentionDuration: config.messageRetentionDuration ?? {
      seconds: retentionSecondsDefault,
      nanos: 0,
    },
    deadLetterPolicy: policy
      ? { ...policy, maxDeliveryAttempts: policy.maxDeliveryAttempts || deliveryAttemptsMin }
      : null,
    retryPolicy: retry
      ? {
          minimumBackoff: retry.minimumBackoff ?? { seconds: retryMinimumSecondsDefault, nanos: 0 },
          maximumBackoff: retry.maximumBackoff ?? { seconds: retrySecondsMax, nanos: 0 },
        }
      : null,
    state: "ACTIVE",
  };
}

/**
 * Reads a normalized configuration.
 *
 * @throws StatusError INVALID_ARGUMENT if a field is out of its range
 */
export function readSettings(config: SubscriptionConfig): SubscriptionSettings {
  const ackDeadlineSeconds = config.ackDeadlineSeconds ?? ackDeadlineSecondsDefault;
  inRange("ack_deadline_seconds", ackDeadlineSeconds, ackDeadlineSecondsMin, ackDeadlineSecondsMax);
  const retentionMs = readRetentionMs(config.messageRetentionDuration) ?? 0;
  const pushEndpoint = config.pushConfig?.pushEndpoint || undefined;
  if (pushEndpoint !== undefined) checkEndpoint(pushEndpoint);
  return {
    ackDeadlineMs: ackDeadlineSeconds * 1000,
    retentionMs,
    isRetainingAcked: config.retainAckedMessages ?? false,
    isOrdered: config.enableMessageOrdering ?? false,
    // The service offers exactly-once delivery for pull alone.
    isExactlyOnce: (config.enableExactlyOnceDelivery ?? false) && pushEndpoint === undefined,
    filter: parseFilter(config.filter ?? ""),
    retry: readRetry(config),
    deadLetter: readDeadLetter(config),
    pushEndpoint,
  };
}

/**
 * Reads a retention duration in ms; undefined where none is set.
 *
 * @throws StatusError INVALID_ARGUMENT if it is out of range
 */
export function readRetentionMs(duration: SecondsAndNanos | null | undefined): number | undefined {
  if (duration === null || duration === undefined) return undefined;
  const ms = toMs(duration);
  inRange("message_retention_duration", ms / 1000, retentionSecondsMin, retentionSecondsMax);
  return ms;
}

function readRetry(config: SubscriptionConfig): SubscriptionSettings["retry"] {
  const policy = config.retryPolicy;
  if (policy === null || policy === undefined) return undefined;
  const minimumMs = toMs(policy.minimumBackoff ?? { seconds: 0, nanos: 0 });
  const maximumMs = toMs(policy.maximumBackoff ?? { seconds: retrySecondsMax, nanos: 0 });
  inRange("retry_policy.minimum_backoff", minimumMs / 1000, 0, retrySecondsMax);
  inRange("retry_policy.maximum_backoff", maximumMs / 1000, 0, retrySecondsMax);
  if (minimumMs > maximumMs) {
    throw invalidArgument("retry_policy.minimum_backoff must not exceed maximum_backoff.");
  }
  return { minimumMs, maximumMs };
}

function readDeadLetter(config: SubscriptionConfig): SubscriptionSettings["deadLetter"] {
  const policy = config.deadLetterPolicy;
  if (!policy?.deadLetterTopic) return undefined;
  parseResourceName("topics", policy.deadLetterTopic);
  inRange(
    "dead_letter_policy.max_delivery_attempts",
    policy.maxDeliveryAttempts,
    deliveryAttemptsMin,
    deliveryAttemptsMax,
  );
  return { topic: policy.deadLetterTopic, attemptsMax: policy.maxDeliveryAttempts };
}

function checkEndpoint(endpoint: string): void {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return;
  throw invalidArgument(`Invalid push endpoint given (endpoint=${endpoint}).`);
}

/** @throws StatusError INVALID_ARGUMENT in the service's words if the value is out of range */
export function inRange(field: string, value: number, min: number, max: number): void {
  if (value >= min && value <= max) return;
  const [side, bound, limit] = value < min ? ["small", "minimum", min] : ["large", "maximum", max];
  throw invalidArgument(
    `The value for ${field} is too ${side}. You passed ${value} in the request, but the ${bound} ` +
      `value is ${limit}.`,
  );
}
