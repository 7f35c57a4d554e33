/**
 * The embedded Cloud Tasks: a gRPC server for the unmodified `@google-cloud/tasks` client.
 *
 * Owns: the server. Does not own: the calls (service.ts), running tasks (dispatcher.ts).
 *
 * @example
 * const tasks = await startTasks();
 * new CloudTasksClient({ apiEndpoint: "127.0.0.1", port, sslCreds: credentials.createInsecure() });
 */
import {
  type handleUnaryCall,
  Server,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { isMeshError } from "../../sdk/model/errors.ts";
import { bind } from "../bind.ts";
import { Faults, StatusError } from "../faults.ts";
import type { Access } from "../iam/access.ts";
import { Entrances } from "../iam/entrances.ts";
import { realTimers, type Timers } from "../timers.ts";
import { Dispatcher, type TasksCounts } from "./dispatcher.ts";
import { Journal } from "./journal.ts";
import { NAME_TAKEN_MS_DEFAULT } from "./limits.ts";
import { tasksNeeds } from "./permissions.ts";
import { type TasksCalls, tasksCalls } from "./service.ts";
import { TasksState } from "./state.ts";
import { tasksService } from "./wire.ts";

export type { TasksCounts } from "./dispatcher.ts";

/** How a server is started. */
export interface TasksServerOptions {
  /** A free one when left out. */
  readonly port?: number;
  /** 127.0.0.1 when left out. */
  readonly host?: string;
  /** Where queues and tasks survive a restart; only in memory when left out. */
  readonly persistFolder?: string;
  /** By the names of the RPCs, and `dispatch` for the call of a handler. */
  readonly faults?: Faults;
  readonly timers?: Timers;
  /** Gives the token for tasks with an oidcToken; without it, no Authorization is sent. */
  readonly identityToken?: (audience: string, serviceAccountEmail: string) => string;
  /** How long a task's name stays taken after the task ended: 1 h when left out. */
  readonly nameTakenMs?: number;
  /** Whose calls are taken; everybody's where left out. */
  readonly access?: Access;
  /** Where a task's URL is to be called instead: hosts of the cloud that are served here. */
  readonly localUrl?: (url: string) => string;
}

/** A server that listens. */
export interface TasksServer {
  /** `host:port`. */
  readonly address: string;
  readonly counts: TasksCounts;
  /** The address of a principal of its own; without `access`, that of everybody. */
  addressFor(member: string): Promise<string>;
  /** Tasks of a queue, by its full name, that have not ended; 0 for a queue that is not there. */
  pending(queue: string): number;
  /** When the earliest waiting task of any queue that isn't paused is due, in ms since the epoch. */
  nextDueMs(): number | undefined;
  stop(): Promise<void>;
}

/**
 * Starts a server.
 *
 * @throws ERR_PORT_IN_USE
 * @throws ERR_EMULATOR where what was kept can't be read
 */
export async function startTasks(options: TasksServerOptions = {}): Promise<TasksServer> {
  const { host = "127.0.0.1", port = 0, timers = realTimers, faults = new Faults() } = options;
  const state = new TasksState(options.nameTakenMs ?? NAME_TAKEN_MS_DEFAULT);
  const journal =
    options.persistFolder === undefined ? undefined : Journal.open(options.persistFolder, state);
  if (journal) state.keepIn(journal);
  const { identityToken, localUrl, access } = options;
  const dispatcher = new Dispatcher({
    state,
    faults,
    timers,
    ...(identityToken && { identityToken }),
    ...(localUrl && { localUrl }),
  });
  const server = new Server(access?.serverOptions(tasksNeeds));
  server.addService(tasksService(), handlers(tasksCalls({ state, dispatcher, timers }), faults));
  const service = "Cloud Tasks";
  const address = await bind(server, { service, host, port }).catch((error: unknown) => {
    journal?.close();
    throw error;
  });
  const entrances = new Entrances(server, { service, host, main: address, access });
  dispatcher.pump();
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    server.forceShutdown();
    await dispatcher.stop();
    journal?.close();
  };
  return {
    address,
    counts: dispatcher.counts,
    addressFor: (member) => entrances.addressFor(member),
    pending: (queue) => state.queues.get(queue)?.size ?? 0,
    nextDueMs: () => earliestDueMs(state),
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

function handlers(calls: TasksCalls, faults: Faults): UntypedServiceImplementation {
  const handlers: Record<string, handleUnaryCall<object, object>> = {};
  for (const [name, work] of Object.entries(calls)) {
    handlers[name] = (call, answer) => {
      faults
        // proto-loader gives each call the shape that its name promises.
        .run(name, () => work(call.request as never))
        .then(
          (value) => answer(null, value),
          (error: unknown) => answer(asStatusError(error)),
        );
    };
  }
  return handlers;
}

function asStatusError(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  const reason = isMeshError(error) || error instanceof Error ? error.message : String(error);
  return new StatusError(status.INTERNAL, reason);
}

function earliestDueMs(state: TasksState): number | undefined {
  let earliestMs: number | undefined;
  for (const queue of state.queues.values()) {
    const dueMs = queue.config.paused ? undefined : queue.nextDueMs();
    if (dueMs !== undefined) earliestMs = Math.min(dueMs, earliestMs ?? dueMs);
  }
  return earliestMs;
}
