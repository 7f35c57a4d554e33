/**
 * Sends due tasks to their URLs, and tries again.
 *
 * Owns: the one timer, the HTTP calls, what follows each outcome. Does not own: order and rate (task-queue.ts).
 *
 * T1. There is one timer, for the earliest time at which any queue can do something.
 * T2. A task ends only by an answer of 2xx, or when its retries are used up.
 */
import { Agent, request } from "undici";
import type { Faults } from "../faults.ts";
import type { CancelTimer, Timers } from "../timers.ts";
import { TIMER_MS_MAX } from "./limits.ts";
import { backoffMs, isExhausted } from "./queue-config.ts";
import type { TasksState } from "./state.ts";
import { idOf, type StoredTask, type TaskProgress } from "./task.ts";
import type { TaskQueue } from "./task-queue.ts";
import { timeMs, type WireAttempt, wireTime } from "./wire.ts";

/** Codes of google.rpc.Status in an attempt's outcome. */
const RPC_OK = 0;
const RPC_UNKNOWN = 2;
const RPC_DEADLINE_EXCEEDED = 4;
const RPC_UNAVAILABLE = 14;

/** Connections to one host. Own choice: a function host queues more than this anyway. */
const CONNECTIONS_PER_HOST = 128;

/** Headers that the service sets, whatever the task says. */
const ownHeaders =
  /^(host|content-length|user-agent|connection|transfer-encoding|x-cloudtasks-.*|x-google-.*)$/i;

/** What a server did since it started. */
export interface TasksCounts {
  readonly created: number;
  readonly dispatched: number;
  readonly succeeded: number;
  readonly retried: number;
  /** Tasks that were given up after their last attempt. */
  readonly exhausted: number;
}

/** How one attempt went. */
interface Outcome {
  readonly ok: boolean;
  readonly code: number;
  readonly message: string;
  /** Undefined where no answer came. */
  readonly statusCode?: number;
}

/** What the dispatcher works with. */
interface DispatcherParts {
  readonly state: TasksState;
  readonly faults: Faults;
  readonly timers: Timers;
  readonly identityToken?: (audience: string, serviceAccountEmail: string) => string;
  readonly localUrl?: (url: string) => string;
}

/** Runs the tasks of all queues. */
export class Dispatcher {
  readonly counts: { -readonly [K in keyof TasksCounts]: TasksCounts[K] } = {
    created: 0,
    dispatched: 0,
    succeeded: 0,
    retried: 0,
    exhausted: 0,
  };
  readonly #parts: DispatcherParts;
  readonly #agent = new Agent({
    connections: CONNECTIONS_PER_HOST,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  #stopped = false;
  #timer: CancelTimer = () => {};
  #timerMs = Number.POSITIVE_INFINITY;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** Dispatches what may go now, and sets the timer for the rest. */
  pump(): void {
    if (this.#stopped) return;
    const nowMs = this.#parts.timers.nowMs();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const queue of this.#parts.state.queues.values()) {
      for (let task = queue.takeDue(nowMs); task !== undefined; task = queue.takeDue(nowMs)) {
        void this.#dispatch(queue, task);
      }
      nextMs = Math.min(nextMs, queue.nextLookMs(nowMs) ?? nextMs);
    }
    this.#wakeAt(nextMs, nowMs);
  }

  /** Dispatches a task at once, whatever its time, the rate and a pause say. */
  runNow(queue: TaskQueue, task: StoredTask): void {
    if (queue.isRunning(task.name)) return;
    const taken = queue.take(task.name);
    if (taken !== undefined) void this.#dispatch(queue, taken);
  }

  /** Ends; tasks that run now count as not run. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer();
    await this.#agent.destroy();
  }

  #wakeAt(atMs: number, nowMs: number): void {
    if (atMs === this.#timerMs) return;
    this.#timer();
    this.#timer = () => {};
    this.#timerMs = atMs;
    if (atMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.min(Math.max(1, Math.ceil(atMs - nowMs)), TIMER_MS_MAX);
    this.#timer = this.#parts.timers.after(delayMs, () => {
      this.#timerMs = Number.POSITIVE_INFINITY;
      this.pump();
    });
  }

  async #dispatch(queue: TaskQueue, task: StoredTask): Promise<void> {
    const { faults, timers, state } = this.#parts;
    this.counts.dispatched++;
    const dispatchMs = timers.nowMs();
    let outcome: Outcome;
    try {
      outcome = await faults.run("dispatch", () => this.#call(task));
    } catch (error) {
      outcome = { ok: false, code: RPC_UNAVAILABLE, message: String(error) };
    }
    // What was under way at the end counts as not done: it comes again after the next start.
    if (this.#stopped) return;
    queue.finished(task.name);
    // Deleted, purged, or its queue deleted and made anew, while it ran: nothing is left to do.
    if (state.queueOf(task.name) === queue && queue.get(task.name) !== undefined) {
      this.#settle(
        queue,
        progressOf(task, { outcome, dispatchMs, nowMs: timers.nowMs() }),
        outcome,
      );
    }
    this.pump();
  }

  #settle(queue: TaskQueue, after: StoredTask, outcome: Outcome): void {
    const { state, timers } = this.#parts;
    const atMs = timers.nowMs();
    const { retry } = queue.config;
    if (outcome.ok) {
      this.counts.succeeded++;
      state.commit({ op: "ended", task: after.name, atMs });
      return;
    }
    const firstMs = timeMs(after.firstAttempt?.dispatchTime) ?? atMs;
    const attempts = after.dispatchCount;
    if (isExhausted(retry, { attempts, sinceFirstMs: atMs - firstMs })) {
      this.counts.exhausted++;
      state.commit({ op: "ended", task: after.name, atMs });
      return;
    }
    this.counts.retried++;
    const { dispatchCount, responseCount, firstAttempt, lastAttempt } = after;
    const progress: TaskProgress = {
      dueMs: atMs + backoffMs(retry, attempts),
      dispatchCount,
      responseCount,
      ...(firstAttempt && { firstAttempt }),
      ...(lastAttempt && { lastAttempt }),
    };
    state.commit({ op: "attempted", task: after.name, progress });
  }

  async #call(task: StoredTask): Promise<Outcome> {
    const { http } = task;
    const deadline = new AbortController();
    const cancel = this.#parts.timers.after(task.dispatchDeadlineMs, () => deadline.abort());
    try {
      const { localUrl = itself } = this.#parts;
      const { statusCode, body } = await request(localUrl(http.url), {
        dispatcher: this.#agent,
        method: http.httpMethod as "POST",
        headers: this.#headers(task),
        ...(http.body !== "" && { body: Buffer.from(http.body, "base64") }),
        signal: deadline.signal,
      });
      await body.dump();
      const ok = statusCode >= 200 && statusCode < 300;
      const code = ok ? RPC_OK : statusCode === 503 ? RPC_UNAVAILABLE : RPC_UNKNOWN;
      return { ok, code, message: `HTTP status code ${statusCode}`, statusCode };
    } catch (error) {
      const code = deadline.signal.aborted ? RPC_DEADLINE_EXCEEDED : RPC_UNAVAILABLE;
      return { ok: false, code, message: String(error) };
    } finally {
      cancel();
    }
  }

  #headers(task: StoredTask): Record<string, string> {
    const { http } = task;
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(http.headers)) {
      if (!ownHeaders.test(name)) headers[name.toLowerCase()] = value;
    }
    if (http.body !== "") headers["content-type"] ??= "application/octet-stream";
    if (http.oidcToken && this.#parts.identityToken) {
      const audience = http.oidcToken.audience || http.url;
      const token = this.#parts.identityToken(audience, http.oidcToken.serviceAccountEmail);
      headers["authorization"] = `Bearer ${token}`;
    }
    const [previous] = /\d{3}$/.exec(task.lastAttempt?.responseStatus?.message ?? "") ?? [];
    return {
      ...headers,
      "user-agent": "Google-Cloud-Tasks",
      "x-cloudtasks-queuename": idOf(task.name.slice(0, task.name.lastIndexOf("/tasks/"))),
      "x-cloudtasks-taskname": idOf(task.name),
      "x-cloudtasks-taskretrycount": String(task.dispatchCount),
      "x-cloudtasks-taskexecutioncount": String(task.responseCount),
      "x-cloudtasks-tasketa": (task.dueMs / 1000).toFixed(6),
      ...(previous && { "x-cloudtasks-taskpreviousresponse": previous }),
    };
  }
}

function itself(url: string): string {
  return url;
}

/** The task as it is after an attempt. */
function progressOf(
  task: StoredTask,
  attempt: { readonly outcome: Outcome; readonly dispatchMs: number; readonly nowMs: number },
): StoredTask {
  const { outcome, dispatchMs, nowMs } = attempt;
  const answered = outcome.statusCode !== undefined;
  const lastAttempt: WireAttempt = {
    scheduleTime: wireTime(task.dueMs),
    dispatchTime: wireTime(dispatchMs),
    responseTime: answered ? wireTime(nowMs) : null,
    responseStatus: { code: outcome.code, message: outcome.message },
  };
  return {
    ...task,
    dispatchCount: task.dispatchCount + 1,
    responseCount: task.responseCount + (answered ? 1 : 0),
    // The service keeps only the dispatch time of the first attempt.
    firstAttempt: task.firstAttempt ?? { ...lastAttempt, responseTime: null, responseStatus: null },
    lastAttempt,
  };
}
