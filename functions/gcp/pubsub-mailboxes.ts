/**
 * Pub/Sub mailboxes: the Mailboxes port on Pub/Sub.
 *
 * Owns: requests within Pub/Sub's limits. It publishes by the generated client, for the usual one
 * waits to gather messages, and a bundle is gathered already.
 */
import { v1 } from "@google-cloud/pubsub";
import { credentials } from "@grpc/grpc-js";
import type { Mailboxes, OutgoingMessage } from "../ports.ts";
import { refusedOrUnavailable } from "./grpc-errors.ts";

/** One publish request takes 1,000 messages and 10 MB (https://cloud.google.com/pubsub/quotas). */
const REQUEST_MESSAGES_MAX = 1_000;
const REQUEST_BYTES_MAX = 9_500_000;

/** Bytes that a message takes beside its data, at most about: key, attributes and framing. */
const MESSAGE_OVERHEAD_BYTES = 1_000;

/** The Mailboxes port on Pub/Sub. */
export class PubsubMailboxes implements Mailboxes {
  readonly #client: InstanceType<typeof v1.PublisherClient>;
  readonly #project: string;

  /** @param emulatorHost - `host:port` of an emulator; undefined in the cloud */
  constructor(project: string, emulatorHost: string | undefined) {
    this.#project = project;
    this.#client = new v1.PublisherClient(clientOptions(project, emulatorHost));
  }

  async publish(messages: readonly OutgoingMessage[]): Promise<void> {
    const byTopic = Map.groupBy(messages, (message) => message.topic);
    const topics = [...byTopic].map(([topic, ofTopic]) => this.#publishTo(topic, ofTopic));
    await Promise.all(topics);
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  /** One request after the other: messages of one ordering key must arrive in order. */
  async #publishTo(topic: string, messages: readonly OutgoingMessage[]): Promise<void> {
    const path = topic.startsWith("projects/")
      ? topic
      : `projects/${this.#project}/topics/${topic}`;
    for (const request of requestsOf(messages)) {
      try {
        await this.#client.publish({
          topic: path,
          messages: request.map(({ data, attributes, orderingKey }) => {
            return { data, attributes, orderingKey };
          }),
        });
      } catch (cause) {
        throw refusedOrUnavailable(`publish to ${path}`, cause);
      }
    }
  }
}

/** Returns options for a generated client: an emulator is spoken to without TLS or credentials. */
export function clientOptions(
  project: string,
  emulatorHost: string | undefined,
): ConstructorParameters<typeof v1.PublisherClient>[0] {
  if (emulatorHost === undefined) return { projectId: project };
  const [host = "", port = ""] = emulatorHost.split(":");
  return {
    projectId: project,
    servicePath: host,
    apiEndpoint: host,
    port: Number(port),
    sslCreds: credentials.createInsecure(),
  };
}

function requestsOf(messages: readonly OutgoingMessage[]): OutgoingMessage[][] {
  const requests: OutgoingMessage[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const message of messages) {
    const more = message.data.length + MESSAGE_OVERHEAD_BYTES;
    const request = requests.at(-1);
    const isFull = request === undefined || request.length >= REQUEST_MESSAGES_MAX;
    if (isFull || bytes + more > REQUEST_BYTES_MAX) {
      requests.push([message]);
      bytes = more;
    } else {
      request.push(message);
      bytes += more;
    }
  }
  return requests;
}
