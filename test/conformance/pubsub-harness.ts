/**
 * What the parts of the Pub/Sub suite share: clients, short ways to say things, and cleaning up.
 *
 * Owns: everything a test made is gone after it. Does not own: what is promised (*.suite.ts).
 */
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Message, PubSub, type Subscription, type Topic, v1 } from "@google-cloud/pubsub";
import { credentials, type status } from "@grpc/grpc-js";
import { expect } from "vitest";

/** Declares one promise: a sentence, and the test of it. */
export type PromiseTest = (sentence: string, run: () => Promise<void>) => void;

const projectId = "conformance";
let serial = 0;

/** Returns a resource id that nobody has used. */
export function fresh(kind: string): string {
  serial++;
  return `${kind}-${process.pid}-${serial}`;
}

/** Matches an error with this gRPC status. */
export function failsWith(code: status): { code: status } {
  return expect.objectContaining({ code });
}

/** A push as it came in. */
interface Push {
  readonly headers: IncomingHttpHeaders;
  readonly raw: string;
  readonly body: {
    message: {
      data?: string;
      attributes?: Record<string, string>;
      messageId: string;
      message_id: string;
      publishTime: string;
      publish_time: string;
      orderingKey?: string;
    };
    subscription: string;
    deliveryAttempt?: number;
  };
  readonly text: string;
}

/** An HTTP server that keeps what is pushed to it and answers as it is told. */
export class Endpoint {
  readonly pushes: Push[] = [];
  outstanding = 0;
  outstandingMax = 0;
  answer: (push: Push, count: number) => number | Promise<number> = () => 204;
  #server: Server | undefined;
  #watchers: (() => void)[] = [];

  async open(): Promise<string> {
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const raw = Buffer.concat(chunks).toString();
      const isJson = request.headers["content-type"] === "application/json";
      const body = isJson ? JSON.parse(raw) : {};
      const text = Buffer.from(body.message?.data ?? "", "base64").toString();
      const push: Push = { headers: request.headers, raw, body, text };
      this.pushes.push(push);
      this.outstanding++;
      this.outstandingMax = Math.max(this.outstandingMax, this.outstanding);
      for (const watcher of this.#watchers) watcher();
      const code = await this.answer(push, this.pushes.length);
      this.outstanding--;
      response.writeHead(code).end();
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/push?token=t`;
  }

  /** Waits until so many pushes have come in. */
  async until(count: number): Promise<readonly Push[]> {
    while (this.pushes.length < count) {
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
    return this.pushes;
  }

  /** Counts the connections that are open. */
  connections(): Promise<number> {
    return new Promise((resolve) => {
      this.#server?.getConnections((_, count) => resolve(count));
    });
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }
}

/** A message as Pull gave it. */
interface Pulled {
  readonly ackId: string;
  readonly text: string;
  readonly deliveryAttempt: number;
  readonly attributes: Record<string, string>;
}

/** Clients of a server under test, and what tests do with them. */
export class Harness {
  readonly pubsub: PubSub;
  readonly publisher: v1.PublisherClient;
  readonly subscriber: v1.SubscriberClient;
  readonly #closing: (() => Promise<unknown>)[] = [];

  /** @param address - `host:port` of the server */
  constructor(address: string) {
    const [servicePath = "", port = ""] = address.split(":");
    // The client reads it when it is made.
    process.env["PUBSUB_EMULATOR_HOST"] = address;
    this.pubsub = new PubSub({ projectId });
    delete process.env["PUBSUB_EMULATOR_HOST"];
    const sslCreds = credentials.createInsecure();
    const low = { projectId, servicePath, port: Number(port), sslCreds };
    this.publisher = new v1.PublisherClient(low);
    this.subscriber = new v1.SubscriberClient(low);
  }

  /** Does something when the test has ended; the last one first. */
  atEnd(run: () => Promise<unknown>): void {
    this.#closing.push(run);
  }

  /** Leaves everything as it is, because the server that had it is gone. */
  abandon(): void {
    this.#closing.length = 0;
  }

  async cleanUp(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) await close();
  }

  async close(): Promise<void> {
    await this.cleanUp();
    await this.pubsub.close();
    await this.publisher.close();
    await this.subscriber.close();
  }

  async newTopic(): Promise<Topic> {
    const [topic] = await this.pubsub.createTopic(fresh("topic"));
    this.atEnd(() => topic.delete());
    return topic;
  }

  async newSubscription(
    topic: Topic,
    config: Parameters<Topic["createSubscription"]>[1] = {},
  ): Promise<Subscription> {
    const [subscription] = await topic.createSubscription(fresh("sub"), config);
    this.atEnd(() => subscription.delete().catch(() => undefined));
    return subscription;
  }

  async newEndpoint(): Promise<{ endpoint: Endpoint; pushEndpoint: string }> {
    const endpoint = new Endpoint();
    const pushEndpoint = await endpoint.open();
    this.atEnd(() => endpoint.close());
    return { endpoint, pushEndpoint };
  }

  async pushTo(
    config: Parameters<Topic["createSubscription"]>[1] = {},
  ): Promise<{ topic: Topic; endpoint: Endpoint; subscription: Subscription }> {
    const topic = await this.newTopic();
    const { endpoint, pushEndpoint } = await this.newEndpoint();
    const subscription = await this.newSubscription(topic, { pushEndpoint, ...config });
    return { topic, endpoint, subscription };
  }

  send(topic: Topic, data: string, orderingKey?: string): Promise<string> {
    const key = orderingKey === undefined ? {} : { orderingKey };
    return topic.publishMessage({ data: Buffer.from(data), ...key });
  }

  async sendAll(topic: Topic, data: readonly string[], orderingKey = ""): Promise<void> {
    const messages = data.map((text) => ({ data: Buffer.from(text), orderingKey }));
    await this.publisher.publish({ topic: topic.name, messages });
  }

  async pull(subscription: Subscription, maxMessages = 100): Promise<Pulled[]> {
    const request = { subscription: subscription.name, maxMessages, returnImmediately: true };
    const [{ receivedMessages }] = await this.subscriber.pull(request);
    return (receivedMessages ?? []).map(({ ackId, message, deliveryAttempt }) => ({
      ackId: ackId ?? "",
      text: Buffer.from(message?.data ?? "").toString(),
      deliveryAttempt: deliveryAttempt ?? 0,
      attributes: message?.attributes ?? {},
    }));
  }

  async texts(subscription: Subscription): Promise<string[]> {
    return (await this.pull(subscription)).map(({ text }) => text);
  }

  async acknowledge(subscription: Subscription, pulled: readonly Pulled[]): Promise<void> {
    const ackIds = pulled.map(({ ackId }) => ackId);
    await this.subscriber.acknowledge({ subscription: subscription.name, ackIds });
  }

  async nack(subscription: Subscription, pulled: readonly Pulled[]): Promise<void> {
    const ackIds = pulled.map(({ ackId }) => ackId);
    const request = { subscription: subscription.name, ackIds, ackDeadlineSeconds: 0 };
    await this.subscriber.modifyAckDeadline(request);
  }

  /** Listens until `count` messages have come, each handled by `handle`. */
  async listen(
    subscription: Subscription,
    count: number,
    handle: (message: Message) => void,
  ): Promise<Message[]> {
    const messages: Message[] = [];
    await new Promise<void>((resolve, reject) => {
      subscription.on("error", reject);
      subscription.on("message", (message: Message) => {
        messages.push(message);
        handle(message);
        if (messages.length === count) resolve();
      });
    });
    return messages;
  }
}
