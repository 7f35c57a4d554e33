/**
 * The limits of Cloud Tasks that the server keeps.
 *
 * Owns: the figures. Source, where no other is named: Cloud Tasks quotas and the comments of
 * google/cloud/tasks/v2/*.proto, read 2026-11-22.
 */

/** How far ahead a task may be scheduled: 30 days. */
export const SCHEDULE_AHEAD_MS_MAX: number = 30 * 24 * 3_600_000;
/** Largest task: 1 MiB. */
export const TASK_BYTES_MAX: number = 1024 * 1024;
/** How long a handler may take: 15 s to 30 min, 10 min when the task doesn't say. */
export const DISPATCH_DEADLINE_MS_MIN = 15_000;
export const DISPATCH_DEADLINE_MS_MAX: number = 30 * 60_000;
export const DISPATCH_DEADLINE_MS_DEFAULT: number = 10 * 60_000;
/** How long a task's name stays taken after the task ended; the real service says up to 24 h. */
export const NAME_TAKEN_MS_DEFAULT = 3_600_000;
/** Dispatches per second and at once, for one queue. */
export const DISPATCHES_PER_SECOND_MAX = 500;
export const DISPATCHES_AT_ONCE_DEFAULT = 1000;
export const DISPATCHES_AT_ONCE_MAX = 5000;
/** A queue's burst, as a part of its rate: 100 for 500/s, as the real service shows it. */
export const BURST_PER_RATE = 0.2;
/** A queue's retries, when it doesn't say. */
export const ATTEMPTS_MAX_DEFAULT = 100;
export const BACKOFF_MS_MIN_DEFAULT = 100;
export const BACKOFF_MS_MAX_DEFAULT = 3_600_000;
export const DOUBLINGS_MAX_DEFAULT = 16;
/** Tasks or queues on one page of a list. */
export const PAGE_SIZE_MAX = 1000;
/** Longest delay that setTimeout takes: 2^31 - 1 ms is 24.8 days, less than a task may wait. */
export const TIMER_MS_MAX = 2_147_483_647;
