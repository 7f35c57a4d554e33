/**
 * The instances of one function: from zero to the most allowed, and back.
 *
 * Owns: which request goes to which instance, and when instances start and end.
 * Does not own: the requests' bytes (exchange.ts), the processes (instance.ts).
 *
 * P1. An instance never has more than `concurrency` requests of the front.
 * P2. At most `instancesMax` instances take requests or start; only `replace` starts one beside them.
 * P3. New code takes over only when it listens: code that does not start changes nothing.
 * P4. Every work is started or refused exactly once, unless it was withdrawn.
 */
import { isMeshError, MeshError } from "../../sdk/model/errors.ts";
import { Instance, type InstanceSurroundings } from "./instance.ts";
import type { FunctionStatus, InstanceExit, ResolvedSpec } from "./spec.ts";

/** After a failed start, the next one waits this long, doubled each time. Own choice. */
const START_BACKOFF_MS_MIN = 100;
const START_BACKOFF_MS_MAX = 10_000;

/** A request that wants an instance. */
export interface Work {
  /** Runs on an instance; `release` must be called once when it is over. */
  start(instance: Instance): void;
  refuse(statusCode: number, reason: string): void;
}

/** All instances of one function. */
export class FunctionPool {
  #spec: ResolvedSpec;
  #revision = 1;
  readonly #surroundings: InstanceSurroundings;
  /** Those of the present code that take requests or start. */
  #serving: Instance[] = [];
  /** Every process that is not dead. */
  readonly #alive = new Set<Instance>();
  readonly #waiting = new Map<Work, NodeJS.Timeout>();
  readonly #idleTimers = new Map<Instance, NodeJS.Timeout>();
  readonly #lastUsedMs = new Map<Instance, number>();
  #coldStarts = 0;
  #requests = 0;
  #failures = 0;
  #lastExit: InstanceExit | undefined;
  #lastStartError: MeshError | undefined;
  #failedStarts = 0;
  #noStartBeforeMs = 0;
  #replacing: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(spec: ResolvedSpec, surroundings: InstanceSurroundings) {
    this.#spec = spec;
    this.#surroundings = surroundings;
  }

  get spec(): ResolvedSpec {
    return this.#spec;
  }

  /** The address of the one instance that is ready, if there is exactly one. */
  get directOrigin(): string | undefined {
    const [only, other] = this.#serving;
    return only?.state === "ready" && other === undefined ? only.origin : undefined;
  }

  /** Counts an answer of the front. */
  countAnswer(statusCode: number): void {
    this.#requests++;
    if (statusCode >= 500) this.#failures++;
  }

  /** Starts the work on an instance, now or as soon as one has room. */
  submit(work: Work): void {
    if (this.#stopped) {
      work.refuse(503, "The host is stopping.");
      return;
    }
    const instance = this.#withRoom();
    if (instance !== undefined) {
      this.#begin(work, instance);
      return;
    }
    if (this.#serving.length === 0 && Date.now() < this.#noStartBeforeMs) {
      work.refuse(503, this.#lastStartError?.message ?? "The last start failed.");
      return;
    }
    this.#enqueue(work);
    this.#scaleUp();
  }

  /** Takes back a work that waits. */
  withdraw(work: Work): void {
    clearTimeout(this.#waiting.get(work));
    this.#waiting.delete(work);
  }

  /** Ends one request of an instance. */
  release(instance: Instance): void {
    instance.inFlight--;
    if (instance.state !== "ready") {
      instance.finished();
      return;
    }
    this.#serveWaiting();
    if (instance.inFlight === 0) this.#watchIdle(instance);
  }

  /** Resolves when one instance is ready. */
  async warm(): Promise<void> {
    if (this.#serving.length === 0) this.#launchServing();
    await this.#serving[0]?.ready;
  }

  /** Puts new code in place of the old. */
  replace(spec: ResolvedSpec): Promise<void> {
    const replaced = this.#replacing.then(() => this.#replaceNow(spec));
    // A replacement that failed doesn't hold back the next.
    this.#replacing = replaced.catch(() => {});
    return replaced;
  }

  /** Sends a signal to one process, the one with most to lose. */
  kill(signal: NodeJS.Signals): number {
    const [busiest] = [...this.#alive]
      .filter((each) => each.pid !== 0)
      .sort((a, b) => b.inFlight - a.inFlight);
    if (busiest === undefined) {
      throw new MeshError("ERR_EMULATOR", `Function "${this.#spec.name}" has no process to kill.`);
    }
    busiest.kill(signal);
    return busiest.pid;
  }

  /** Ends every process. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#idleTimers.values()) clearTimeout(timer);
    for (const work of [...this.#waiting.keys()]) this.#refuse(work, 503, "The host is stopping.");
    await Promise.all([...this.#alive].map((each) => each.terminate()));
  }

  status(): FunctionStatus {
    return {
      name: this.#spec.name,
      instances: [...this.#alive].map(({ pid, state, inFlight }) => ({ pid, state, inFlight })),
      waiting: this.#waiting.size,
      coldStarts: this.#coldStarts,
      requests: this.#requests,
      failures: this.#failures,
      ...(this.#lastExit && { lastExit: this.#lastExit }),
      ...(this.#lastStartError && { lastStartError: this.#lastStartError }),
    };
  }

  /** The ready instance with the fewest requests, if it has room. */
  #withRoom(): Instance | undefined {
    let best: Instance | undefined;
    for (const each of this.#serving) {
      if (each.state !== "ready" || each.inFlight >= this.#spec.concurrency) continue;
      if (best === undefined || each.inFlight < best.inFlight) best = each;
    }
    return best;
  }

  #begin(work: Work, instance: Instance): void {
    instance.inFlight++;
    work.start(instance);
  }

  #serveWaiting(): void {
    for (const work of [...this.#waiting.keys()]) {
      const instance = this.#withRoom();
      if (instance === undefined) return;
      this.withdraw(work);
      this.#begin(work, instance);
    }
  }

  #enqueue(work: Work): void {
    const expire = (): void => {
      // A cold start may take longer than the queue allows: its own deadline bounds it.
      if (this.#serving.some((each) => each.state === "starting")) {
        this.#enqueue(work);
        return;
      }
      this.#refuse(work, 429, "The request was aborted because there was no available instance.");
    };
    this.#waiting.set(work, setTimeout(expire, this.#spec.queueMs));
  }

  #refuse(work: Work, statusCode: number, reason: string): void {
    this.withdraw(work);
    work.refuse(statusCode, reason);
  }

  /** Starts as many instances as the waiting requests would fill. */
  #scaleUp(): void {
    if (Date.now() < this.#noStartBeforeMs) return;
    const starting = this.#serving.filter((each) => each.state === "starting").length;
    const wanted = Math.ceil(this.#waiting.size / this.#spec.concurrency) - starting;
    const allowed = this.#spec.instancesMax - this.#serving.length;
    for (let i = 0; i < Math.min(wanted, allowed); i++) this.#launchServing();
  }

  #launchServing(): void {
    const instance = this.#launch(this.#spec, this.#revision);
    this.#serving.push(instance);
    instance.ready.then(
      () => this.#serveAfterStart(instance),
      (error: unknown) => this.#startFailed(instance, error),
    );
  }

  #launch(spec: ResolvedSpec, revision: number): Instance {
    this.#coldStarts++;
    const instance = new Instance(spec, revision, this.#surroundings);
    this.#alive.add(instance);
    void instance.exited.then((exit) => this.#gone(instance, exit));
    return instance;
  }

  #serveAfterStart(instance: Instance): void {
    if (instance.state !== "ready") return;
    this.#failedStarts = 0;
    this.#lastStartError = undefined;
    this.#serveWaiting();
    if (instance.inFlight === 0) this.#watchIdle(instance);
  }

  #startFailed(instance: Instance, error: unknown): void {
    if (instance.isUnwanted) return;
    this.#serving = this.#serving.filter((each) => each !== instance);
    if (isMeshError(error)) this.#lastStartError = error;
    const backoffMs = START_BACKOFF_MS_MIN * 2 ** this.#failedStarts++;
    this.#noStartBeforeMs = Date.now() + Math.min(backoffMs, START_BACKOFF_MS_MAX);
    if (this.#serving.length > 0) return;
    const reason = error instanceof Error ? error.message : String(error);
    for (const work of [...this.#waiting.keys()]) this.#refuse(work, 503, reason);
  }

  #gone(instance: Instance, exit: InstanceExit): void {
    this.#alive.delete(instance);
    this.#serving = this.#serving.filter((each) => each !== instance);
    clearTimeout(this.#idleTimers.get(instance));
    this.#idleTimers.delete(instance);
    this.#lastUsedMs.delete(instance);
    this.#lastExit = exit;
    // One that never listened is the start's failure: `#startFailed` decides about the waiting.
    if (!this.#stopped && instance.origin !== undefined) this.#scaleUp();
  }

  async #replaceNow(spec: ResolvedSpec): Promise<void> {
    if (this.#stopped) throw new MeshError("ERR_EMULATOR", "The host is stopping.");
    const revision = ++this.#revision;
    const instance = this.#launch(spec, revision);
    await instance.ready;
    const old = this.#serving;
    this.#spec = spec;
    this.#serving = [instance];
    for (const each of old) each.retire();
    this.#noStartBeforeMs = 0;
    this.#serveAfterStart(instance);
  }

  /** Ends the instance when it was unused for `idleMs`: one timer, moved on only when it fires. */
  #watchIdle(instance: Instance): void {
    this.#lastUsedMs.set(instance, Date.now());
    if (this.#idleTimers.has(instance) || this.#stopped) return;
    const check = (): void => {
      this.#idleTimers.delete(instance);
      // Requests of now come back here when they end.
      if (instance.inFlight > 0 || instance.state !== "ready") return;
      const unusedMs = Date.now() - (this.#lastUsedMs.get(instance) ?? 0);
      if (unusedMs >= instance.spec.idleMs) {
        this.#retireIdle(instance);
        return;
      }
      arm(instance.spec.idleMs - unusedMs);
    };
    const arm = (delayMs: number): void => {
      this.#idleTimers.set(instance, setTimeout(check, delayMs).unref());
    };
    arm(instance.spec.idleMs);
  }

  #retireIdle(instance: Instance): void {
    this.#serving = this.#serving.filter((each) => each !== instance);
    instance.retire();
  }
}
