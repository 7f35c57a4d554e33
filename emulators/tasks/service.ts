/**
 * The RPCs of google.cloud.tasks.v2.CloudTasks.
 *
 * Owns: what each call answers. Does not own: gRPC itself (index.ts), the queues (task-queue.ts).
 */
import { status } from "@grpc/grpc-js";
import { StatusError } from "../faults.ts";
import type { Timers } from "../timers.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { PAGE_SIZE_MAX } from "./limits.ts";
import { type QueueConfig, queueConfig, queueToWire } from "./queue-config.ts";
import type { TasksState } from "./state.ts";
import { newTask, taskToWire } from "./task.ts";
import { invalid, type WireQueue, type WireTask } from "./wire.ts";

/** A call by name: an answer, or a StatusError. */
export type TasksCalls = Readonly<Record<string, (request: never) => object>>;

/** What the calls work with. */
interface ServiceParts {
  readonly state: TasksState;
  readonly dispatcher: Dispatcher;
  readonly timers: Timers;
}

interface Named {
  readonly name: string;
  readonly responseView: string;
}

interface Listed {
  readonly parent: string;
  readonly pageSize: number;
  readonly pageToken: string;
  readonly responseView: string;
}

/** All calls that the server knows; grpc-js answers UNIMPLEMENTED for the others. */
export function tasksCalls(parts: ServiceParts): TasksCalls {
  return { ...queueCalls(parts), ...taskCalls(parts) };
}

function queueCalls({ state, dispatcher, timers }: ServiceParts): TasksCalls {
  const setConfig = (config: QueueConfig): WireQueue => {
    state.commit({ op: "queue", config });
    dispatcher.pump();
    return queueToWire(state.needQueue(config.name).config);
  };
  return {
    CreateQueue: ({
      parent,
      queue,
    }: {
      readonly parent: string;
      readonly queue: WireQueue | null;
    }) => {
      if (!queue?.name.startsWith(`${parent}/queues/`)) {
        throw invalid(`"${queue?.name}" is not the name of a queue in ${parent}.`);
      }
      const config = queueConfig(queue);
      if (state.queues.has(config.name)) {
        throw new StatusError(status.ALREADY_EXISTS, `Queue ${config.name} already exists.`);
      }
      return setConfig(config);
    },
    UpdateQueue: (request: {
      readonly queue: WireQueue;
      readonly updateMask: { readonly paths: readonly string[] } | null;
    }) => setConfig(updatedConfig(state, request.queue, request.updateMask?.paths ?? [])),
    GetQueue: ({ name }: Named) => queueToWire(state.needQueue(name).config),
    ListQueues: ({ parent, pageSize, pageToken }: Listed) => {
      const all = [...state.queues.values()].filter(({ config }) =>
        config.name.startsWith(`${parent}/queues/`),
      );
      const from = placeOf(pageToken);
      const end = from + pageSizeOf(pageSize);
      return {
        queues: all.slice(from, end).map(({ config }) => queueToWire(config)),
        nextPageToken: end < all.length ? String(end) : "",
      };
    },
    DeleteQueue: ({ name }: Named) => {
      state.needQueue(name);
      state.commit({ op: "queueEnded", queue: name });
      dispatcher.pump();
      return {};
    },
    PauseQueue: ({ name }: Named) => setConfig({ ...state.needQueue(name).config, paused: true }),
    ResumeQueue: ({ name }: Named) => setConfig({ ...state.needQueue(name).config, paused: false }),
    PurgeQueue: ({ name }: Named) => {
      const queue = state.needQueue(name);
      state.commit({ op: "purged", queue: name, atMs: timers.nowMs() });
      dispatcher.pump();
      return queueToWire(queue.config);
    },
  };
}

function taskCalls({ state, dispatcher, timers }: ServiceParts): TasksCalls {
  return {
    CreateTask: (request: {
      readonly parent: string;
      readonly task: WireTask | null;
      readonly responseView: string;
    }) => {
      const queue = state.needQueue(request.parent);
      const nowMs = timers.nowMs();
      const task = newTask(request.parent, request.task, nowMs);
      if (queue.isTaken(task.name, nowMs)) {
        throw new StatusError(
          status.ALREADY_EXISTS,
          `The task ${task.name} exists, or a task of this name ended recently.`,
        );
      }
      state.commit({ op: "task", task });
      dispatcher.counts.created++;
      // After the answer is on its way, so that a caller knows of the task before its handler runs.
      setImmediate(() => dispatcher.pump());
      return taskToWire(task, request.responseView);
    },
    GetTask: ({ name, responseView }: Named) => taskToWire(state.needTask(name).task, responseView),
    ListTasks: ({ parent, pageSize, pageToken, responseView }: Listed) => {
      const size = pageSizeOf(pageSize);
      const tasks: WireTask[] = [];
      let last = 0;
      for (const { task, place } of state.needQueue(parent).list(placeOf(pageToken))) {
        if (tasks.length === size) return { tasks, nextPageToken: String(last) };
        tasks.push(taskToWire(task, responseView));
        last = place;
      }
      return { tasks, nextPageToken: "" };
    },
    DeleteTask: ({ name }: Named) => {
      state.needTask(name);
      state.commit({ op: "ended", task: name, atMs: timers.nowMs() });
      return {};
    },
    RunTask: ({ name, responseView }: Named) => {
      const { queue, task } = state.needTask(name);
      dispatcher.runNow(queue, task);
      return taskToWire(task, responseView);
    },
  };
}

/** An update names what it changes; without names it changes all. It makes a queue that isn't there. */
function updatedConfig(state: TasksState, queue: WireQueue, paths: readonly string[]): QueueConfig {
  const given = queueConfig(queue);
  const known = state.queues.get(queue.name)?.config;
  if (known === undefined) return given;
  const names = (field: string): boolean =>
    paths.length === 0 || paths.some((path) => path === field || path.startsWith(`${field}.`));
  const { dispatchesPerSecond, dispatchesAtOnce, retry } = given;
  return {
    ...known,
    ...(names("rate_limits") && { dispatchesPerSecond, dispatchesAtOnce }),
    ...(names("retry_config") && { retry }),
  };
}

function pageSizeOf(asked: number): number {
  return asked > 0 ? Math.min(asked, PAGE_SIZE_MAX) : PAGE_SIZE_MAX;
}

function placeOf(pageToken: string): number {
  if (/^\d*$/.test(pageToken)) return Number(pageToken);
  throw invalid(`"${pageToken}" is not a page token of this server.`);
}
