/**
 * One queue: its tasks, the names that stay taken, and when the next dispatch may go.
 *
 * Owns: order, rate, dedup. Does not own: the HTTP call (dispatcher.ts), the disk (journal.ts).
 *
 * Q1. A name is taken while its task exists and for `nameTakenMs` after it ended.
 * Q2. At most `dispatchesAtOnce` tasks run, and never the same one twice at once.
 * Q3. The rate is a token bucket: `burst` at once, `dispatchesPerSecond` in the long run.
 */
import { DueHeap } from "./due-heap.ts";
import { burstOf, type QueueConfig } from "./queue-config.ts";
import type { StoredTask, TaskProgress } from "./task.ts";

/** A queue of tasks. */
export class TaskQueue {
  #config: QueueConfig;
  readonly #tasks = new Map<string, { task: StoredTask; readonly sequence: number }>();
  readonly #due = new DueHeap();
  readonly #running = new Set<string>();
  /** Name → until when it is taken; the oldest end comes first. */
  readonly #taken = new Map<string, number>();
  readonly #nameTakenMs: number;
  #sequence = 0;
  #tokens: number;
  #tokensAtMs: number | undefined;

  constructor(config: QueueConfig, nameTakenMs: number) {
    this.#config = config;
    this.#nameTakenMs = nameTakenMs;
    this.#tokens = burstOf(config);
  }

  get config(): QueueConfig {
    return this.#config;
  }

  set config(config: QueueConfig) {
    this.#config = config;
  }

  get size(): number {
    return this.#tasks.size;
  }

  get(name: string): StoredTask | undefined {
    return this.#tasks.get(name)?.task;
  }

  isRunning(name: string): boolean {
    return this.#running.has(name);
  }

  /** Returns whether a new task may not have this name. */
  isTaken(name: string, nowMs: number): boolean {
    return this.#tasks.has(name) || (this.#taken.get(name) ?? 0) > nowMs;
  }

  /** The names that stay taken, with the time until when. */
  taken(): Iterable<readonly [string, number]> {
    return this.#taken;
  }

  /** Tasks from a place on, in the order in which they were created; each with the place after it. */
  *list(after: number): Generator<{ readonly task: StoredTask; readonly place: number }> {
    for (const { task, sequence } of this.#tasks.values()) {
      if (sequence > after) yield { task, place: sequence };
    }
  }

  add(task: StoredTask): void {
    this.#tasks.set(task.name, { task, sequence: ++this.#sequence });
    this.#wait(task);
  }

  /** Keeps what an attempt left behind; the task waits again. */
  progress(name: string, progress: TaskProgress): void {
    const entry = this.#tasks.get(name);
    if (entry === undefined) return;
    entry.task = { ...entry.task, ...progress };
    this.#wait(entry.task);
  }

  /** Ends a task: it ran, it was given up, or it was deleted. */
  end(name: string, atMs: number): void {
    const entry = this.#tasks.get(name);
    if (entry === undefined) return;
    this.#tasks.delete(name);
    if (entry.task.named) this.keepTaken(name, atMs + this.#nameTakenMs);
    for (const [old, untilMs] of this.#taken) {
      if (untilMs > atMs) break;
      this.#taken.delete(old);
    }
  }

  /** Keeps a name taken. */
  keepTaken(name: string, untilMs: number): void {
    // Deleted first, so that the map stays in the order of ends.
    this.#taken.delete(name);
    this.#taken.set(name, untilMs);
  }

  /** Ends all tasks that were there at a time. */
  purge(atMs: number): void {
    for (const name of [...this.#tasks.keys()]) this.end(name, atMs);
    this.#config = { ...this.#config, purgeMs: atMs };
  }

  /** When the earliest waiting task is due, whether or not it may go then. */
  nextDueMs(): number | undefined {
    return this.#earliest()?.dueMs;
  }

  /** When to look again; undefined while only an end, a resume or a new task can change something. */
  nextLookMs(nowMs: number): number | undefined {
    const dueMs = this.nextDueMs();
    if (dueMs === undefined || this.#isBlocked()) return undefined;
    this.#refill(nowMs);
    if (this.#tokens >= 1) return dueMs;
    const tokenMs = nowMs + ((1 - this.#tokens) / this.#config.dispatchesPerSecond) * 1000;
    return Math.max(dueMs, tokenMs);
  }

  /** Takes the next task that may be dispatched now; `finished` must follow. */
  takeDue(nowMs: number): StoredTask | undefined {
    const entry = this.#earliest();
    if (entry === undefined || entry.dueMs > nowMs || this.#isBlocked()) return undefined;
    this.#refill(nowMs);
    if (this.#tokens < 1) return undefined;
    this.#tokens--;
    this.#due.pop();
    return this.take(entry.task);
  }

  /** Takes a task whatever its time, the rate and a pause say. */
  take(name: string): StoredTask | undefined {
    const task = this.get(name);
    if (task !== undefined) this.#running.add(name);
    return task;
  }

  /** Ends a dispatch, before its outcome is kept. */
  finished(name: string): void {
    this.#running.delete(name);
  }

  #isBlocked(): boolean {
    return this.#config.paused || this.#running.size >= this.#config.dispatchesAtOnce;
  }

  #wait(task: StoredTask): void {
    this.#due.push({ dueMs: task.dueMs, sequence: ++this.#sequence, task: task.name });
  }

  /** The first entry that still counts: entries of ended or moved tasks are dropped on the way. */
  #earliest(): ReturnType<DueHeap["peek"]> {
    for (;;) {
      const entry = this.#due.peek();
      if (entry === undefined) return undefined;
      const task = this.get(entry.task);
      if (task?.dueMs === entry.dueMs && !this.#running.has(entry.task)) return entry;
      this.#due.pop();
    }
  }

  #refill(nowMs: number): void {
    const restedMs = Math.max(0, nowMs - (this.#tokensAtMs ?? nowMs));
    this.#tokensAtMs = nowMs;
    const gained = (restedMs / 1000) * this.#config.dispatchesPerSecond;
    this.#tokens = Math.min(burstOf(this.#config), this.#tokens + gained);
  }
}
