/**
 * Work: what the engine counts of itself, beside what head.ts counts of elements.
 *
 * Owns: the form in heads, registers and the job, gathering it, and how two of them become one.
 * Does not own: what user code counts (values.ts), or how it is shown (status.ts).
 *
 * WK1. What is gathered is stored with the next commit, and gathered once: a commit that fails leaves
 *      it gathered. What happens after the last commit (its own latency) waits for the next one.
 * WK2. A head, register or job without it reads as if nothing had been counted.
 */
import type { FailureJson } from "./failures.ts";
import { mergeFailures } from "./failures.ts";
import { addDuration, type HistogramJson, mergeHistograms } from "./histogram.ts";
import { addOperations, type Operations, type OperationsJson, sumOfCosts } from "./operations.ts";
import { addCounts, mergeRates, type RateJson } from "./rates.ts";

/** What the engine counts of itself; what is zero or empty is left out. */
export interface WorkJson {
  /** Runs of user code after one that failed. */
  readonly retries?: number;
  /** Commits lost to another instance. */
  readonly conflicts?: number;
  /** Time in activations or group commits, in ms. */
  readonly busyMs?: number;
  /** Of activations and group commits, from their first message to their last publish. */
  readonly latency?: HistogramJson;
  /** From a message's publish to the commit of what it brought. */
  readonly systemLatency?: HistogramJson;
  readonly rate?: RateJson;
  readonly operations?: OperationsJson;
  /** Elements in bundles that were taken, duplicates by source id included. */
  readonly taken?: number;
  /** Elements in bundles that were sent, by target stage. */
  readonly sent?: Readonly<Record<string, number>>;
  /** The newest causes of failures. */
  readonly failures?: readonly FailureJson[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const NUMBERS = ["retries", "conflicts", "busyMs", "taken"] as const;

/** Returns two counts as one; `b` is the newer. Called for every commit, so it makes no more than it needs. */
export function mergeWork(a: WorkJson | undefined, b: WorkJson | undefined): WorkJson {
  if (a === undefined || isNothing(a)) return b ?? {};
  if (b === undefined || isNothing(b)) return a;
  const sum: Mutable<WorkJson> = { ...a };
  for (const name of NUMBERS) {
    const more = b[name];
    if (more !== undefined) sum[name] = (a[name] ?? 0) + more;
  }
  mergeLists(sum, a, b);
  return sum;
}

function mergeLists(sum: Mutable<WorkJson>, a: WorkJson, b: WorkJson): void {
  const { latency, systemLatency, rate, operations, sent, failures } = b;
  if (latency) sum.latency = mergeHistograms(a.latency ?? [], latency);
  if (systemLatency) sum.systemLatency = mergeHistograms(a.systemLatency ?? [], systemLatency);
  if (rate) sum.rate = mergeRates(a.rate ?? [], rate);
  if (operations) sum.operations = addOperations(a.operations ?? [], operations);
  if (sent) sum.sent = addSent(a.sent ?? {}, sent);
  if (failures) sum.failures = mergeFailures(a.failures ?? [], failures);
}

function isNothing(work: WorkJson): boolean {
  for (const _ in work) return false;
  return true;
}

/** Returns `work` with more operations. */
export function withOperations(work: WorkJson, ...costs: readonly Partial<Operations>[]): WorkJson {
  return { ...work, operations: addOperations(work.operations ?? [], sumOfCosts(...costs)) };
}

/** Gathers what one instance does for one shard or source, until it is stored. */
export class WorkGathered {
  #work: WorkJson = {};
  /** Was given to a commit whose outcome is not known yet. */
  #offered: WorkJson = {};

  /** Notes how long an activation or group commit took. */
  took(durationMs: number): void {
    const latency: number[] = [];
    addDuration(latency, durationMs);
    const busyMs = Math.max(0, Math.round(durationMs));
    this.add({ ...(busyMs > 0 && { busyMs }), latency });
  }

  add(work: WorkJson): void {
    this.#work = mergeWork(this.#work, work);
  }

  did(cost: Partial<Operations>): void {
    this.#work = withOperations(this.#work, cost);
  }

  /** What a commit stores: all that waits, and what belongs to this commit alone. */
  offer(own: WorkJson): WorkJson {
    this.#offered = mergeWork(this.#offered, this.#work);
    this.#work = {};
    return mergeWork(this.#offered, own);
  }

  /** Notes that what was offered is stored. */
  stored(): void {
    this.#offered = {};
  }
}

/** Returns how long messages had been published when what they brought was committed. */
export function waitsOf(publishedMs: readonly number[], nowMs: number): WorkJson {
  const systemLatency: number[] = [];
  for (const atMs of publishedMs) addDuration(systemLatency, nowMs - atMs);
  return systemLatency.length === 0 ? {} : { systemLatency };
}

/** Returns elements of one moment as work. */
export function elementsAt(nowMs: number, taken: number, given: number): WorkJson {
  return taken === 0 && given === 0 ? {} : { rate: addCounts([], nowMs, taken, given) };
}

function addSent(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Record<string, number> {
  const sent: Record<string, number> = { ...a };
  for (const [stage, count] of Object.entries(b)) sent[stage] = (sent[stage] ?? 0) + count;
  return sent;
}
