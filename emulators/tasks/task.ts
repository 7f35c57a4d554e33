/**
 * One task: what was asked for, and how its attempts went.
 *
 * Owns: the checks of a new task, the two faces (stored, on the wire).
 * Does not own: when it runs (task-queue.ts), running it (dispatcher.ts).
 */
import { randomInt } from "node:crypto";
import {
  DISPATCH_DEADLINE_MS_DEFAULT,
  DISPATCH_DEADLINE_MS_MAX,
  DISPATCH_DEADLINE_MS_MIN,
  SCHEDULE_AHEAD_MS_MAX,
  TASK_BYTES_MAX,
} from "./limits.ts";
import {
  invalid,
  timeMs,
  type WireAttempt,
  type WireHttpRequest,
  type WireTask,
  wireTime,
} from "./wire.ts";

/** Largest random number that `randomInt` gives in one go. */
const RANDOM_MAX: number = 2 ** 48 - 1;

const idPattern = /^[A-Za-z0-9_-]{1,500}$/;
const methodsWithBody: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/** What a task's attempts left behind. */
export interface TaskProgress {
  readonly dueMs: number;
  readonly dispatchCount: number;
  readonly responseCount: number;
  readonly firstAttempt?: WireAttempt;
  readonly lastAttempt?: WireAttempt;
}

/** A task as it is kept: plain JSON. */
export interface StoredTask extends TaskProgress {
  readonly name: string;
  /** Whether the caller chose the name: such a name stays taken after the end. */
  readonly named: boolean;
  readonly http: WireHttpRequest;
  readonly createMs: number;
  readonly dispatchDeadlineMs: number;
}

/**
 * Checks a new task and fills in what it doesn't say.
 *
 * @throws StatusError INVALID_ARGUMENT
 */
export function newTask(queue: string, task: WireTask | null, nowMs: number): StoredTask {
  const http = task?.httpRequest;
  if (!task || !http) {
    throw invalid(
      task?.appEngineHttpRequest
        ? "App Engine tasks don't run here: use http_request."
        : "A task needs an http_request.",
    );
  }
  const method = http.httpMethod === "HTTP_METHOD_UNSPECIFIED" ? "POST" : http.httpMethod;
  checkRequest(http, method);
  const dueMs = Math.max(timeMs(task.scheduleTime) ?? nowMs, nowMs);
  if (dueMs > nowMs + SCHEDULE_AHEAD_MS_MAX) {
    throw invalid("The Task.scheduleTime is too far in the future: at most 30 days.");
  }
  const dispatchDeadlineMs = timeMs(task.dispatchDeadline) ?? DISPATCH_DEADLINE_MS_DEFAULT;
  if (
    dispatchDeadlineMs < DISPATCH_DEADLINE_MS_MIN ||
    dispatchDeadlineMs > DISPATCH_DEADLINE_MS_MAX
  ) {
    throw invalid("The Task.dispatchDeadline must be between [15s, 30m].");
  }
  const named = task.name !== "";
  const name = named ? checkedName(queue, task.name) : `${queue}/tasks/${randomId()}`;
  const stored: StoredTask = {
    name,
    named,
    http: { ...http, httpMethod: method },
    createMs: nowMs,
    dueMs,
    dispatchDeadlineMs,
    dispatchCount: 0,
    responseCount: 0,
  };
  const bytes = taskBytes(stored);
  if (bytes > TASK_BYTES_MAX) {
    throw invalid(`Task size too large: ${bytes} bytes, at most ${TASK_BYTES_MAX}.`);
  }
  return stored;
}

/** The task as the client sees it; BASIC leaves out what may be large or secret. */
export function taskToWire(task: StoredTask, view: string): WireTask {
  const full = view === "FULL";
  return {
    name: task.name,
    httpRequest: full ? task.http : { ...task.http, body: "" },
    scheduleTime: wireTime(task.dueMs),
    createTime: wireTime(task.createMs),
    dispatchDeadline: wireTime(task.dispatchDeadlineMs),
    dispatchCount: task.dispatchCount,
    responseCount: task.responseCount,
    firstAttempt: task.firstAttempt ?? null,
    lastAttempt: task.lastAttempt ?? null,
    view: full ? "FULL" : "BASIC",
  };
}

/** `projects/…/queues/q/tasks/t` → `projects/…/queues/q`. */
export function queueOfTask(task: string): string {
  return task.slice(0, Math.max(0, task.lastIndexOf("/tasks/")));
}

/** The last segment of a name. */
export function idOf(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

function checkRequest(http: WireHttpRequest, method: string): void {
  if (!URL.canParse(http.url) || !/^https?:/.test(http.url)) {
    throw invalid(`"${http.url}" is not an http or https URL.`);
  }
  if (http.body !== "" && !methodsWithBody.has(method)) {
    throw invalid(`HTTP body is not allowed for ${method}.`);
  }
}

function checkedName(queue: string, name: string): string {
  if (queueOfTask(name) === queue && idPattern.test(idOf(name))) return name;
  throw invalid(`"${name}" is not the name of a task of ${queue}.`);
}

/** As the real ones: a long number without order. */
function randomId(): string {
  return `${randomInt(1, RANDOM_MAX)}${randomInt(1, RANDOM_MAX)}`;
}

function taskBytes(task: StoredTask): number {
  const { url, body, headers } = task.http;
  let bytes = Buffer.byteLength(body, "base64") + url.length + task.name.length;
  for (const [name, value] of Object.entries(headers)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  return bytes;
}
