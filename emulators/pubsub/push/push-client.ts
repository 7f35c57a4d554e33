/**
 * The HTTP side of pushes: many keep-alive connections, one request each at a time.
 *
 * Owns: connections, and what a response means. Does not own: pace, deadlines, retries
 * (push-dispatcher.ts).
 *
 * C1. A request ends with exactly one call of its callback.
 * C2. A success is one of 102, 200, 201, 202, 204; anything else, and no whole answer, is a failure.
 */
import { Agent, type Dispatcher } from "undici";

/** One push under way. */
export interface PushRequest {
  /** Ends it at once; its callback is told of a failure. */
  abort(): void;
}

/** What is sent. */
interface PushParts {
  readonly origin: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | Buffer;
}

const successCodes: ReadonlySet<number> = new Set([102, 200, 201, 202, 204]);

/**
 * A shorter way to endpoints that this process serves itself; false: not one of them, so that the
 * push goes by HTTP.
 */
export type DirectDispatch = (
  options: Dispatcher.DispatchOptions,
  handler: Dispatcher.DispatchHandler,
) => boolean;

/** Sends pushes. */
export class PushClient {
  readonly #agent: Agent;
  readonly #direct: DirectDispatch;

  /** @param connectionsMax - connections to one origin, at most */
  constructor(connectionsMax: number, direct: DirectDispatch = () => false) {
    this.#direct = direct;
    this.#agent = new Agent({
      connections: connectionsMax,
      pipelining: 1,
      // The acknowledgement deadline is the only timeout of a push.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** Sends one push. The callback is not called before this returns. */
  send(parts: PushParts, done: (isSuccess: boolean) => void): PushRequest {
    const exchange = new Exchange(done);
    const { origin, path, headers, body } = parts;
    const options: Agent.DispatchOptions = { origin, path, method: "POST", headers, body };
    if (!this.#direct(options, exchange)) this.#agent.dispatch(options, exchange);
    return exchange;
  }

  /** Ends all requests and connections. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

class Exchange implements PushRequest, Dispatcher.DispatchHandler {
  readonly #done: (isSuccess: boolean) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #isAborted = false;
  #isSuccess = false;
  #isDone = false;

  constructor(done: (isSuccess: boolean) => void) {
    this.#done = done;
  }

  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort(new Error("The push has passed its deadline."));
    this.#finish(false);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // It was aborted while it waited for a connection.
    if (this.#isAborted) controller.abort(new Error("The push has passed its deadline."));
  }

  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number): void {
    if (successCodes.has(statusCode)) this.#isSuccess = true;
    else if (statusCode >= 200) this.#isSuccess = false;
    // 102 comes before the final response, and says already that the message was taken.
    if (statusCode === 102) this.#finish(true);
  }

  onResponseData(): void {
    // The body of an answer means nothing to Pub/Sub.
  }

  onResponseEnd(): void {
    this.#finish(this.#isSuccess);
  }

  onResponseError(): void {
    this.#finish(false);
  }

  #finish(isSuccess: boolean): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#done(isSuccess);
  }
}
