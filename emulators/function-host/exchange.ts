/**
 * One request on its way through the front: in, to an instance, and the answer back.
 *
 * Owns: the bytes and the deadline of one request. Does not own: which instance (pool.ts).
 *
 * E1. The caller gets exactly one answer, or a broken connection where an answer had begun.
 * E2. An instance that was lent is given back exactly once.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Dispatcher } from "undici";
import type { Instance } from "./instance.ts";
import type { FunctionPool, Work } from "./pool.ts";
import { REQUEST_BYTES_MAX } from "./spec.ts";

/** Headers that belong to one connection and not to the request (RFC 9110, 7.6.1), or that undici writes. */
const hopHeaders: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** A request and the answer to it. */
export class Exchange implements Work, Dispatcher.DispatchHandler {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #pool: FunctionPool;
  readonly #path: string;
  #body: Buffer | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #instance: Instance | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #over = false;
  /** Bytes of the answer that are still to come, if it said how many. */
  #answerBytesLeft: number | undefined;

  constructor(
    pool: FunctionPool,
    path: string,
    messages: { readonly request: IncomingMessage; readonly response: ServerResponse },
  ) {
    this.#pool = pool;
    this.#path = path;
    this.#request = messages.request;
    this.#response = messages.response;
  }

  /** Reads the request and asks for an instance. */
  begin(): void {
    const { deadlineMs } = this.#pool.spec;
    this.#deadline = setTimeout(() => {
      this.#fail(504, `No answer within ${deadlineMs} ms.`);
    }, deadlineMs);
    this.#response.once("close", () => {
      if (!this.#response.writableFinished) this.#end("The caller is gone.");
    });
    this.#readBody();
  }

  /** Called by the pool: sends the request to the instance. */
  start(instance: Instance): void {
    this.#instance = instance;
    instance.connections.dispatch(
      {
        path: this.#path,
        method: this.#request.method ?? "GET",
        headers: this.#headers(),
        ...(this.#body && { body: this.#body }),
      },
      this,
    );
  }

  /** Called by the pool where no instance can take it. */
  refuse(statusCode: number, reason: string): void {
    this.#fail(statusCode, reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) controller.abort(new Error("The request is over."));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: IncomingHttpHeaders,
    statusMessage?: string,
  ): void {
    if (this.#over) return;
    // 1xx: the real answer is still to come.
    if (statusCode < 200) return;
    const length = headers["content-length"];
    if (length !== undefined) this.#answerBytesLeft = Number(length);
    delete headers["connection"];
    delete headers["keep-alive"];
    delete headers["transfer-encoding"];
    this.#response.on("drain", () => controller.resume());
    this.#response.writeHead(statusCode, statusMessage ?? "", headers);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    if (this.#answerBytesLeft === chunk.length) {
      // The whole rest in one write: head and body leave in one packet.
      this.#response.end(chunk);
      return;
    }
    if (this.#answerBytesLeft !== undefined) this.#answerBytesLeft -= chunk.length;
    if (!this.#response.write(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    if (this.#over) return;
    if (!this.#response.writableEnded) this.#response.end();
    this.#pool.countAnswer(this.#response.statusCode);
    this.#end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const code = (error as NodeJS.ErrnoException).code ?? error.name;
    this.#fail(502, `The instance ended before it answered (${code}).`);
  }

  #readBody(): void {
    const request = this.#request;
    if (Number(request.headers["content-length"] ?? 0) > REQUEST_BYTES_MAX) {
      this.#tooBig();
      return;
    }
    const chunks: Buffer[] = [];
    let bodyBytes = 0;
    request.on("data", (chunk: Buffer) => {
      bodyBytes += chunk.length;
      if (bodyBytes > REQUEST_BYTES_MAX) this.#tooBig();
      else chunks.push(chunk);
    });
    request.on("end", () => {
      if (this.#over) return;
      if (bodyBytes > 0) this.#body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
      this.#pool.submit(this);
    });
  }

  #tooBig(): void {
    // The rest of the body would be read for nothing: the connection ends with the answer.
    this.#response.setHeader("connection", "close");
    this.#fail(413, `The request is over ${REQUEST_BYTES_MAX} bytes.`);
  }

  #headers(): string[] {
    const raw = this.#request.rawHeaders;
    const kept: string[] = [];
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const name = raw[i] ?? "";
      if (!hopHeaders.has(name.toLowerCase())) kept.push(name, raw[i + 1] ?? "");
    }
    return kept;
  }

  #fail(statusCode: number, reason: string): void {
    if (this.#over) return;
    this.#pool.countAnswer(statusCode);
    const response = this.#response;
    if (response.headersSent) response.destroy();
    else response.writeHead(statusCode, { "content-type": "text/plain" }).end(`${reason}\n`);
    this.#end(reason);
  }

  /** Ends the exchange; with a reason, what is still under way is broken off. */
  #end(reason?: string): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#deadline);
    this.#pool.withdraw(this);
    if (reason !== undefined) this.#controller?.abort(new Error(reason));
    const instance = this.#instance;
    this.#instance = undefined;
    if (instance !== undefined) this.#pool.release(instance);
  }
}
