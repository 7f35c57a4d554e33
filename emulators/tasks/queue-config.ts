/**
 * A queue's settings: rates and retries.
 *
 * Owns: the defaults, the backoff, when to give up. Does not own: the tasks (task-queue.ts).
 */
import {
  ATTEMPTS_MAX_DEFAULT,
  BACKOFF_MS_MAX_DEFAULT,
  BACKOFF_MS_MIN_DEFAULT,
  BURST_PER_RATE,
  DISPATCHES_AT_ONCE_DEFAULT,
  DISPATCHES_AT_ONCE_MAX,
  DISPATCHES_PER_SECOND_MAX,
  DOUBLINGS_MAX_DEFAULT,
} from "./limits.ts";
import { invalid, timeMs, type WireQueue, wireTime } from "./wire.ts";

const queuePattern = /^projects\/[^/]+\/locations\/[^/]+\/queues\/[A-Za-z0-9-]{1,100}$/;

/** How a queue retries. */
interface RetryRule {
  /** -1 means without end. */
  readonly attemptsMax: number;
  /** 0 means without end. */
  readonly durationMsMax: number;
  readonly backoffMsMin: number;
  readonly backoffMsMax: number;
  readonly doublingsMax: number;
}

/** A queue's settings, every default filled in. */
export interface QueueConfig {
  readonly name: string;
  readonly paused: boolean;
  readonly dispatchesPerSecond: number;
  readonly dispatchesAtOnce: number;
  readonly retry: RetryRule;
  readonly purgeMs?: number;
}

/**
 * Reads a queue.
 *
 * @throws StatusError INVALID_ARGUMENT
 */
export function queueConfig(queue: WireQueue): QueueConfig {
  if (!queuePattern.test(queue.name)) throw invalid(`"${queue.name}" is not the name of a queue.`);
  const { rateLimits: rate, retryConfig: retry } = queue;
  const dispatchesPerSecond = rate?.maxDispatchesPerSecond || DISPATCHES_PER_SECOND_MAX;
  const dispatchesAtOnce = rate?.maxConcurrentDispatches || DISPATCHES_AT_ONCE_DEFAULT;
  if (dispatchesPerSecond > DISPATCHES_PER_SECOND_MAX) {
    throw invalid(`max_dispatches_per_second must be at most ${DISPATCHES_PER_SECOND_MAX}.`);
  }
  if (dispatchesAtOnce > DISPATCHES_AT_ONCE_MAX) {
    throw invalid(`max_concurrent_dispatches must be at most ${DISPATCHES_AT_ONCE_MAX}.`);
  }
  const rule: RetryRule = {
    attemptsMax: retry?.maxAttempts || ATTEMPTS_MAX_DEFAULT,
    durationMsMax: timeMs(retry?.maxRetryDuration) ?? 0,
    backoffMsMin: timeMs(retry?.minBackoff) ?? BACKOFF_MS_MIN_DEFAULT,
    backoffMsMax: timeMs(retry?.maxBackoff) ?? BACKOFF_MS_MAX_DEFAULT,
    doublingsMax: retry?.maxDoublings || DOUBLINGS_MAX_DEFAULT,
  };
  if (rule.attemptsMax < -1) throw invalid("max_attempts must be -1 or more.");
  if (rule.backoffMsMin > rule.backoffMsMax) throw invalid("min_backoff is over max_backoff.");
  return { name: queue.name, paused: false, dispatchesPerSecond, dispatchesAtOnce, retry: rule };
}

/** The queue as the client sees it. */
export function queueToWire(config: QueueConfig): WireQueue {
  const { retry } = config;
  return {
    name: config.name,
    state: config.paused ? "PAUSED" : "RUNNING",
    rateLimits: {
      maxDispatchesPerSecond: config.dispatchesPerSecond,
      maxBurstSize: burstOf(config),
      maxConcurrentDispatches: config.dispatchesAtOnce,
    },
    retryConfig: {
      maxAttempts: retry.attemptsMax,
      maxRetryDuration: retry.durationMsMax === 0 ? null : wireTime(retry.durationMsMax),
      minBackoff: wireTime(retry.backoffMsMin),
      maxBackoff: wireTime(retry.backoffMsMax),
      maxDoublings: retry.doublingsMax,
    },
    purgeTime: config.purgeMs === undefined ? null : wireTime(config.purgeMs),
  };
}

/** Dispatches that may go at once after a rest. */
export function burstOf(config: QueueConfig): number {
  return Math.max(1, Math.ceil(config.dispatchesPerSecond * BURST_PER_RATE));
}

/**
 * Returns how long to wait after a failed attempt.
 *
 * min · 2^(n−1) for the first `doublingsMax` retries, then in steps of min · 2^doublingsMax; at most
 * backoffMsMax. The documented example: 10 s, 300 s, 3 → 10, 20, 40, 80, 160, 240, 300, 300 …
 *
 * @param attempt - attempts so far, 1 and more
 */
export function backoffMs(rule: RetryRule, attempt: number): number {
  const doublings = Math.min(attempt - 1, rule.doublingsMax);
  const steps = Math.max(1, attempt - rule.doublingsMax);
  return Math.min(rule.backoffMsMin * 2 ** doublings * steps, rule.backoffMsMax);
}

/**
 * Returns whether a task that failed is given up: after attemptsMax attempts and, where a duration
 * is set, not before that has passed too.
 */
export function isExhausted(
  rule: RetryRule,
  task: { readonly attempts: number; readonly sinceFirstMs: number },
): boolean {
  const isLate = rule.durationMsMax > 0 && task.sinceFirstMs >= rule.durationMsMax;
  if (rule.attemptsMax === -1) return isLate;
  return task.attempts >= rule.attemptsMax && (rule.durationMsMax === 0 || isLate);
}
