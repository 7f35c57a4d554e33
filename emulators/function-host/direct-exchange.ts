/**
 * One request from a caller in this process to an instance, past the front's HTTP.
 *
 * Owns: the way of one such request. Does not own: which instance (pool.ts). The caller's own
 * deadline bounds it; concurrency, scaling and counting are the same as through the front.
 *
 * E3. The handler is told of exactly one end, and an instance that was lent is given back once.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import type { Instance } from "./instance.ts";
import type { FunctionPool, Work } from "./pool.ts";

/** A request that never left this process before it reached the function's. */
export class DirectExchange implements Work, Dispatcher.DispatchHandler {
  readonly #pool: FunctionPool;
  readonly #options: Dispatcher.DispatchOptions;
  readonly #handler: Dispatcher.DispatchHandler;
  #instance: Instance | undefined;
  #statusCode = 0;

  constructor(
    pool: FunctionPool,
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ) {
    this.#pool = pool;
    this.#options = options;
    this.#handler = handler;
  }

  start(instance: Instance): void {
    this.#instance = instance;
    instance.connections.dispatch(this.#options, this);
  }

  refuse(statusCode: number, reason: string): void {
    this.#pool.countAnswer(statusCode);
    refuseDirectly(this.#handler, reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.#handler.onRequestStart?.(controller, context);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: IncomingHttpHeaders,
    statusMessage?: string,
  ): void {
    this.#statusCode = statusCode;
    this.#handler.onResponseStart?.(controller, statusCode, headers, statusMessage);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#handler.onResponseData?.(controller, chunk);
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders): void {
    this.#pool.countAnswer(this.#statusCode);
    this.#release();
    this.#handler.onResponseEnd?.(controller, trailers);
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    this.#pool.countAnswer(BAD_GATEWAY);
    this.#release();
    this.#handler.onResponseError?.(controller, error);
  }

  #release(): void {
    const instance = this.#instance;
    this.#instance = undefined;
    if (instance !== undefined) this.#pool.release(instance);
  }
}

/** Tells of an end without an answer. */
export function refuseDirectly(handler: Dispatcher.DispatchHandler, reason: string): void {
  // Not at once: a caller is not told of the end before its call has returned.
  setImmediate(() => handler.onResponseError?.(noController, new Error(reason)));
}

/** The front would answer so where an instance ends before it has answered. */
const BAD_GATEWAY = 502;

/** Stands for the control of a request that was never sent. */
const noController: Dispatcher.DispatchController = {
  aborted: true,
  paused: false,
  reason: null,
  abort() {},
  pause() {},
  resume() {},
};
