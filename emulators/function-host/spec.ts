/**
 * What a function is, and what the host tells about it.
 *
 * Owns: the words of the function host and the limits it works with.
 * Does not own: processes (instance.ts), routing (front.ts).
 */
import { MeshError } from "../../sdk/model/errors.ts";

/** Largest request body in bytes. Source: Cloud Run quotas, HTTP/1 request size, 32 MiB (2026-11-22). */
export const REQUEST_BYTES_MAX: number = 32 * 1024 * 1024;
/** Requests that one instance takes at once, when the spec doesn't say. Source: Cloud Run's default. */
const CONCURRENCY_DEFAULT = 80;
/** How long an unused instance stays, when the spec doesn't say. Source: Cloud Run, "up to 15 minutes". */
const IDLE_MS_DEFAULT = 15 * 60_000;
/** How long a caller waits for an answer, when the spec doesn't say. Source: Cloud Functions' default. */
const DEADLINE_MS_DEFAULT = 60_000;
/** How long a request queues when all are full and the spec doesn't say. Source: Cloud Run, pending requests. */
const QUEUE_MS_DEFAULT = 10_000;
/** From SIGTERM to SIGKILL. Source: Cloud Run's container contract, 10 s. */
export const TERMINATE_MS_MAX = 10_000;
/** How long a process may take until it listens. Own choice: a laptop under load, and then some. */
export const START_MS_MAX = 60_000;
/** Memory that is not V8's old space: code, stacks, buffers. Own choice. */
export const MEMORY_OUTSIDE_HEAP_MB = 64;

/** One function: a bundle in a folder, and how many may run. */
export interface FunctionSpec {
  readonly name: string;
  /** Contains `index.js` (CommonJS) and a package.json. */
  readonly folder: string;
  /** The name under which `index.js` exports the handler. */
  readonly entryPoint: string;
  readonly env: Readonly<Record<string, string>>;
  /** Where relative paths of the author's code begin; the bundle's folder when left out. */
  readonly workingFolder?: string;
  /** Requests per instance at once. */
  readonly concurrency?: number;
  /** Most instances at once, 1 when left out. */
  readonly instancesMax?: number;
  /** Unused for this long, an instance ends. */
  readonly idleMs?: number;
  /** The caller gets a 504 after this long. */
  readonly deadlineMs?: number;
  /** The caller gets a 429 after this long without an instance that has room. */
  readonly queueMs?: number;
  readonly memoryMb?: number;
}

/** A spec with every default filled in. */
export interface ResolvedSpec extends FunctionSpec {
  readonly concurrency: number;
  readonly instancesMax: number;
  readonly idleMs: number;
  readonly deadlineMs: number;
  readonly queueMs: number;
}

/** Where an instance is in its life. */
export type InstanceState = "starting" | "ready" | "stopping";

/** How a process ended. */
export interface InstanceExit {
  readonly pid: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** One process, as status() shows it. */
export interface InstanceStatus {
  readonly pid: number;
  readonly state: InstanceState;
  readonly inFlight: number;
}

/** One function, as status() shows it. */
export interface FunctionStatus {
  readonly name: string;
  readonly instances: readonly InstanceStatus[];
  /** Requests that wait for an instance. */
  readonly waiting: number;
  /** Processes that were started for it. */
  readonly coldStarts: number;
  readonly requests: number;
  /** Answers of 500 and more, whoever gave them. */
  readonly failures: number;
  readonly lastExit?: InstanceExit;
  /** Why the last start failed; gone after one that succeeds. */
  readonly lastStartError?: MeshError;
}

/** One line that a function's process wrote. */
export interface LogLine {
  readonly function: string;
  readonly pid: number;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

// The name is a segment of a path; Cloud Functions' own rule is narrower still.
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/**
 * Fills in the defaults of a spec.
 *
 * @throws ERR_OPTION where a value can't be used
 */
export function resolveSpec(spec: FunctionSpec): ResolvedSpec {
  if (!namePattern.test(spec.name)) {
    throw new MeshError(
      "ERR_OPTION",
      `The function name "${spec.name}" can't be part of a URL: use letters, digits, - and _, at most 63.`,
    );
  }
  const resolved: ResolvedSpec = {
    ...spec,
    concurrency: spec.concurrency ?? CONCURRENCY_DEFAULT,
    instancesMax: spec.instancesMax ?? 1,
    idleMs: spec.idleMs ?? IDLE_MS_DEFAULT,
    deadlineMs: spec.deadlineMs ?? DEADLINE_MS_DEFAULT,
    queueMs: spec.queueMs ?? QUEUE_MS_DEFAULT,
  };
  for (const key of ["concurrency", "instancesMax", "idleMs", "deadlineMs", "queueMs"] as const) {
    if (resolved[key] >= 1) continue;
    throw new MeshError(
      "ERR_OPTION",
      `Function "${spec.name}": ${key} is ${resolved[key]}, but it must be at least 1.`,
    );
  }
  return resolved;
}
