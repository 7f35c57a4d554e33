/**
 * Faults that a test asks an embedded server for, one call at a time.
 *
 * Owns: which call gets which fault. Does not own: carrying it out (each server's face does).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";

/**
 * What goes wrong with one call:
 * - `refuse`: nothing is done, the caller gets `code`;
 * - `loseAnswer`: the call is done, the caller gets `code` all the same;
 * - `delay`: the call is done after `delayMs`.
 */
export type Fault =
  | { readonly kind: "refuse"; readonly code: status }
  | { readonly kind: "loseAnswer"; readonly code: status }
  | { readonly kind: "delay"; readonly delayMs: number };

/** An error with a gRPC status code, as grpc-js wants it. */
export class StatusError extends Error {
  readonly code: status;
  readonly details: string;

  constructor(code: status, details: string) {
    super(`${status[code]}: ${details}`);
    this.code = code;
    this.details = details;
  }
}

/** The faults still to come, by the name of the call (`Commit`, `Publish`, `push`, …). */
export class Faults {
  readonly #queued = new Map<string, Fault[]>();

  /**
   * Lets the next `times` calls of this name fail.
   *
   * @example faults.inject("Commit", { kind: "loseAnswer", code: status.UNAVAILABLE })
   */
  inject(call: string, fault: Fault, times = 1): void {
    const queue = this.#queued.get(call) ?? [];
    for (let i = 0; i < times; i++) queue.push(fault);
    this.#queued.set(call, queue);
  }

  /** How many faults still wait for a call of this name. */
  waiting(call: string): number {
    return this.#queued.get(call)?.length ?? 0;
  }

  /** Runs a call, with the fault that is due for it, if any. */
  async run<T>(call: string, work: () => T | Promise<T>): Promise<T> {
    const fault = this.#queued.get(call)?.shift();
    if (fault === undefined) return work();
    if (fault.kind === "refuse") throw new StatusError(fault.code, "injected: refused");
    if (fault.kind === "delay") await sleep(fault.delayMs);
    const answer = await work();
    if (fault.kind === "loseAnswer") throw new StatusError(fault.code, "injected: answer lost");
    return answer;
  }
}
