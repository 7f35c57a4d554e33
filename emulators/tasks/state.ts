/**
 * All queues, and the one way in which they change: by changes that can be written down and replayed.
 *
 * Owns: the changes and what each does. Does not own: the file (journal.ts).
 *
 * S1. A change is on the disk before it counts: what the client was told survives a restart.
 * S2. Replaying the changes gives the same queues and tasks, whatever was running.
 */
import { status } from "@grpc/grpc-js";
import { StatusError } from "../faults.ts";
import type { Journal } from "./journal.ts";
import type { QueueConfig } from "./queue-config.ts";
import { queueOfTask, type StoredTask, type TaskProgress } from "./task.ts";
import { TaskQueue } from "./task-queue.ts";

/** One change. */
export type Change =
  | { readonly op: "queue"; readonly config: QueueConfig }
  | { readonly op: "queueEnded"; readonly queue: string }
  | { readonly op: "purged"; readonly queue: string; readonly atMs: number }
  | { readonly op: "task"; readonly task: StoredTask }
  | { readonly op: "attempted"; readonly task: string; readonly progress: TaskProgress }
  | { readonly op: "ended"; readonly task: string; readonly atMs: number }
  | { readonly op: "taken"; readonly task: string; readonly untilMs: number };

/** Queues and tasks. */
export class TasksState {
  readonly queues: Map<string, TaskQueue> = new Map();
  readonly #nameTakenMs: number;
  #journal: Journal | undefined;

  constructor(nameTakenMs: number) {
    this.#nameTakenMs = nameTakenMs;
  }

  /** Keeps the changes from now on. */
  keepIn(journal: Journal): void {
    this.#journal = journal;
  }

  /** Writes a change down, and lets it count. */
  commit(change: Change): void {
    this.#journal?.append(change);
    this.apply(change);
  }

  /** Lets a change count. A change of something that is gone does nothing. */
  apply(change: Change): void {
    switch (change.op) {
      case "queue":
        this.#applyQueue(change.config);
        break;
      case "queueEnded":
        this.queues.delete(change.queue);
        break;
      case "purged":
        this.queues.get(change.queue)?.purge(change.atMs);
        break;
      case "task":
        this.queueOf(change.task.name)?.add(change.task);
        break;
      case "attempted":
        this.queueOf(change.task)?.progress(change.task, change.progress);
        break;
      case "ended":
        this.queueOf(change.task)?.end(change.task, change.atMs);
        break;
      case "taken":
        this.queueOf(change.task)?.keepTaken(change.task, change.untilMs);
        break;
    }
  }

  /** The shortest list of changes that leads here. */
  *snapshot(): Generator<Change> {
    for (const queue of this.queues.values()) {
      yield { op: "queue", config: queue.config };
      for (const { task } of queue.list(0)) yield { op: "task", task };
      for (const [task, untilMs] of queue.taken()) yield { op: "taken", task, untilMs };
    }
  }

  /** The queue that a task's name names, if it exists. */
  queueOf(task: string): TaskQueue | undefined {
    return this.queues.get(queueOfTask(task));
  }

  /**
   * The queue of this name.
   *
   * @throws StatusError NOT_FOUND
   */
  needQueue(name: string): TaskQueue {
    const queue = this.queues.get(name);
    if (queue === undefined) throw new StatusError(status.NOT_FOUND, `There is no queue ${name}.`);
    return queue;
  }

  /**
   * The task of this name, and its queue.
   *
   * @throws StatusError NOT_FOUND
   */
  needTask(name: string): { readonly queue: TaskQueue; readonly task: StoredTask } {
    const queue = this.needQueue(queueOfTask(name));
    const task = queue.get(name);
    if (task === undefined) throw new StatusError(status.NOT_FOUND, `There is no task ${name}.`);
    return { queue, task };
  }

  #applyQueue(config: QueueConfig): void {
    const known = this.queues.get(config.name);
    if (known === undefined) this.queues.set(config.name, new TaskQueue(config, this.#nameTakenMs));
    else known.config = config;
  }
}
