/**
 * One process of a function: its start, its connections, its end.
 *
 * Owns: the process and the connections to it. Does not own: which request it gets (pool.ts).
 *
 * I1. `exited` resolves exactly once, also where the process could not be spawned.
 * I2. A process that was asked to end is dead after TERMINATE_MS_MAX, and its children with it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { Pool } from "undici";
import { MeshError } from "../../sdk/model/errors.ts";
import { ownFile } from "../../sdk/model/own-file.ts";
import { eachLine } from "./lines.ts";
import { killGroup, type Reaper } from "./reaper.ts";
import {
  type InstanceExit,
  type InstanceState,
  type LogLine,
  MEMORY_OUTSIDE_HEAP_MB,
  type ResolvedSpec,
  START_MS_MAX,
  TERMINATE_MS_MAX,
} from "./spec.ts";

/** The port that functions see in PORT, as on Cloud Run; the bootstrap listens elsewhere. */
const PORT_SEEN = "8080";
/** Lines of stderr that a failed start shows. */
const STDERR_LINES_KEPT = 20;
/** How long the last output of a dead process is waited for. */
const LAST_OUTPUT_MS_MAX = 500;

const bootstrapPath = fileURLToPath(new URL(ownFile("./bootstrap.ts"), import.meta.url));

/** What every instance of a host shares. */
export interface InstanceSurroundings {
  readonly reaper: Reaper;
  readonly compileCacheFolder: string;
  readonly onLog: (line: LogLine) => void;
}

/** A process that runs one function under the functions framework. */
export class Instance {
  readonly spec: ResolvedSpec;
  /** 0 where the process could not be spawned at all. */
  readonly pid: number;
  /** Resolves when the process listens; rejects with ERR_EMULATOR when it never will. */
  readonly ready: Promise<void>;
  readonly exited: Promise<InstanceExit>;
  /** Requests that it works on; the pool counts. */
  inFlight = 0;
  #state: InstanceState = "starting";
  #unwanted = false;
  #origin: string | undefined;
  #connections: Pool | undefined;
  #ended = false;
  readonly #child: ChildProcess;
  readonly #stderr: string[] = [];

  constructor(spec: ResolvedSpec, revision: number, surroundings: InstanceSurroundings) {
    this.spec = spec;
    this.#child = spawn(process.execPath, nodeArguments(spec), {
      cwd: spec.workingFolder ?? spec.folder,
      env: environment(spec, revision, surroundings.compileCacheFolder),
      // Its own group: Ctrl-C asks the host alone, and the host ends the group with all that is in it.
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.pid = this.#child.pid ?? 0;
    this.exited = this.#watchExit(surroundings.reaper);
    this.#watchOutput(surroundings.onLog);
    this.ready = this.#watchStart();
    // A start that nobody waits for shows in status(); it must not end the host.
    this.ready.catch(() => {});
  }

  get state(): InstanceState {
    return this.#state;
  }

  /** Whether the host itself wants it to end. */
  get isUnwanted(): boolean {
    return this.#unwanted;
  }

  /** The address of the process itself, past the front; undefined until it listens. */
  get origin(): string | undefined {
    return this.#origin;
  }

  /** The connections to a process that is ready. */
  get connections(): Pool {
    if (this.#connections === undefined) {
      throw new MeshError("ERR_INVARIANT", `Function "${this.spec.name}": not ready yet.`);
    }
    return this.#connections;
  }

  /** Takes the instance out of service; it ends when `inFlight` is 0, told by `finished`. */
  retire(): void {
    this.#unwanted = true;
    this.#state = "stopping";
    this.finished();
  }

  /** Tells that a request ended. */
  finished(): void {
    if (this.#unwanted && this.inFlight === 0) void this.terminate();
  }

  /** Ends the process: SIGTERM, then SIGKILL to its whole group. */
  async terminate(): Promise<void> {
    this.#unwanted = true;
    this.#state = "stopping";
    if (!this.#ended) this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.kill("SIGKILL"), TERMINATE_MS_MAX);
    await this.exited;
    clearTimeout(timer);
  }

  /** Sends a signal to the process; SIGKILL goes to its children too. */
  kill(signal: NodeJS.Signals): void {
    if (this.#ended || this.pid === 0) return;
    if (signal === "SIGKILL") killGroup(this.pid, signal);
    else this.#child.kill(signal);
  }

  #watchExit(reaper: Reaper): Promise<InstanceExit> {
    const { pid } = this;
    if (pid !== 0) reaper.watch(pid);
    const { promise, resolve } = Promise.withResolvers<InstanceExit>();
    const ended = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (this.#ended) return;
      this.#ended = true;
      if (pid !== 0) reaper.forget(pid);
      void this.#connections?.destroy();
      resolve({ pid, code, signal, atMs: Date.now() });
    };
    // "close" comes after "exit", with the last line of stderr. Whatever the process started ends
    // with it, as in a container; what got away may hold the pipes open, so the wait is bounded.
    this.#child.once("exit", (code, signal) => {
      this.#state = "stopping";
      if (pid !== 0) killGroup(pid, "SIGKILL");
      setTimeout(() => ended(code, signal), LAST_OUTPUT_MS_MAX).unref();
    });
    this.#child.once("close", ended);
    this.#child.once("error", (error) => {
      this.#stderr.push(String(error));
      if (pid === 0) ended(null, null);
    });
    return promise;
  }

  #watchOutput(onLog: (line: LogLine) => void): void {
    const { stdout, stderr } = this.#child;
    const common = { function: this.spec.name, pid: this.pid };
    if (stdout) eachLine(stdout, (text) => onLog({ ...common, stream: "stdout", text }));
    if (!stderr) return;
    eachLine(stderr, (text) => {
      this.#stderr.push(text);
      if (this.#stderr.length > STDERR_LINES_KEPT) this.#stderr.shift();
      onLog({ ...common, stream: "stderr", text });
    });
  }

  async #watchStart(): Promise<void> {
    const { promise: port, resolve } = Promise.withResolvers<number>();
    this.#child.on("message", (message: { readonly port?: number }) => {
      if (message?.port !== undefined) resolve(message.port);
    });
    let waitedTooLong = false;
    const timer = setTimeout(() => {
      waitedTooLong = true;
      this.kill("SIGKILL");
    }, START_MS_MAX);
    const outcome = await Promise.race([port, this.exited]);
    clearTimeout(timer);
    if (typeof outcome !== "number") throw this.#startError(outcome, waitedTooLong);
    this.#origin = `http://127.0.0.1:${outcome}`;
    this.#connections = new Pool(this.#origin, {
      connections: this.spec.concurrency,
      pipelining: 1,
      // The front's own deadline is the only one, and the process never closes a connection first.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: 600_000,
    });
    if (this.#state === "starting") this.#state = "ready";
  }

  #startError(exit: InstanceExit, waitedTooLong: boolean): MeshError {
    const how = waitedTooLong
      ? `did not listen within ${START_MS_MAX / 1000} s`
      : `ended before it listened (${exit.signal ?? `exit code ${exit.code}`})`;
    const output = this.#stderr.join("\n");
    return new MeshError(
      "ERR_EMULATOR",
      `The function "${this.spec.name}" ${how}. Its bundle is ${this.spec.folder}.${output === "" ? "" : ` It wrote:\n${output}`}`,
    );
  }
}

function nodeArguments(spec: ResolvedSpec): string[] {
  if (spec.memoryMb === undefined) return [bootstrapPath];
  const heapMb = Math.max(spec.memoryMb - MEMORY_OUTSIDE_HEAP_MB, MEMORY_OUTSIDE_HEAP_MB);
  return [`--max-old-space-size=${heapMb}`, bootstrapPath];
}

/** As in the cloud, nothing of the host's own environment is there but what a process can't do without. */
function environment(
  spec: ResolvedSpec,
  revision: number,
  compileCacheFolder: string,
): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: process.env["HOME"] ?? "/",
    TMPDIR: tmpdir(),
    TZ: "UTC",
    NODE_ENV: "production",
    NODE_COMPILE_CACHE: compileCacheFolder,
    METADATA_SERVER_DETECTION: "none",
    ...spec.env,
    PORT: PORT_SEEN,
    K_SERVICE: spec.name,
    K_CONFIGURATION: spec.name,
    K_REVISION: `${spec.name}-${String(revision).padStart(5, "0")}`,
    FUNCTION_TARGET: spec.entryPoint,
    FUNCTION_SOURCE: spec.folder,
    FUNCTION_SIGNATURE_TYPE: "http",
  };
}
