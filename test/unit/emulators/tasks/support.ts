/** A tasks server with the real client, a handler that records, and timers moved by hand. */

import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CloudTasksClient } from "@google-cloud/tasks";
import { credentials } from "@grpc/grpc-js";
import { expect } from "vitest";
import {
  startTasks,
  type TasksServer,
  type TasksServerOptions,
} from "../../../../emulators/tasks/index.ts";
import type { CancelTimer, Timers } from "../../../../emulators/timers.ts";

export const parent = "projects/p/locations/us-central1";
export const queueName: string = `${parent}/queues/timers`;

/** Time that moves only by `advance`. */
export class ManualTimers implements Timers {
  #nowMs = Date.parse("2026-11-22T00:00:00Z");
  readonly #waiting = new Set<{ readonly atMs: number; readonly run: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): CancelTimer {
    const entry = { atMs: this.#nowMs + delayMs, run };
    this.#waiting.add(entry);
    return () => this.#waiting.delete(entry);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Moves time on, running each timer at its own time. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#waiting].sort((a, b) => a.atMs - b.atMs);
      if (next === undefined || next.atMs > endMs) break;
      this.#waiting.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
    }
    this.#nowMs = endMs;
  }
}

/** What the handler saw. */
interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** An HTTP handler that records requests and answers with what `statusCode` says. */
export class Handler {
  readonly seen: Seen[] = [];
  statusCode = 204;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { method, url, headers } = request;
      this.seen.push({ method, url, headers, body: Buffer.concat(chunks).toString("utf8") });
      response.writeHead(this.statusCode).end();
    });
  }

  static async listen(): Promise<Handler> {
    const handler = new Handler();
    await new Promise<void>((resolve) => handler.#server.listen(0, "127.0.0.1", resolve));
    return handler;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/tick`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** Everything a test needs; disposed of at its end. */
export class Rig implements AsyncDisposable {
  readonly server: TasksServer;
  readonly client: CloudTasksClient;
  readonly handler: Handler;

  private constructor(server: TasksServer, client: CloudTasksClient, handler: Handler) {
    this.server = server;
    this.client = client;
    this.handler = handler;
  }

  static async start(options: TasksServerOptions = {}): Promise<Rig> {
    const server = await startTasks(options);
    const port = Number(server.address.split(":")[1]);
    const client = new CloudTasksClient({
      apiEndpoint: "127.0.0.1",
      port,
      sslCreds: credentials.createInsecure(),
      projectId: "p",
    });
    return new Rig(server, client, await Handler.listen());
  }

  /** Creates the queue, with these settings. */
  async queue(settings: object = {}): Promise<void> {
    await this.client.createQueue({ parent, queue: { name: queueName, ...settings } });
  }

  /** Creates a task for the handler; `scheduleMs` is absolute. */
  async task(task: { name?: string; scheduleMs?: number; body?: string } = {}): Promise<string> {
    const { name, scheduleMs, body } = task;
    const [created] = await this.client.createTask({
      parent: queueName,
      task: {
        ...(name && { name: `${queueName}/tasks/${name}` }),
        ...(scheduleMs && {
          scheduleTime: {
            seconds: Math.floor(scheduleMs / 1000),
            nanos: (scheduleMs % 1000) * 1_000_000,
          },
        }),
        httpRequest: { url: this.handler.url, ...(body && { body: Buffer.from(body) }) },
      },
    });
    return created.name ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.server.stop();
    this.handler.close();
  }
}

/** As expect.poll, with time enough for a machine under load. */
export function soon<T>(read: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout: 10_000 });
}
