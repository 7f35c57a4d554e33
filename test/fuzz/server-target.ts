/**
 * Server targets: the embedded services' gRPC calls, and the raw ports of all servers.
 *
 * Owns: sound requests to break, and the look whether a server still works. Does not own: the ways to
 * break them (mutations.ts).
 */
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, credentials, status } from "@grpc/grpc-js";
import { startFirestore } from "../../emulators/firestore/index.ts";
import { startFunctionHost } from "../../emulators/function-host.ts";
import { startPubsub } from "../../emulators/pubsub/index.ts";
import { startTasks } from "../../emulators/tasks/index.ts";
import type { Target } from "./fuzz-run.ts";
import type { Answer } from "./stage-target.ts";

const CALL_MS = 5_000;
const RAW_MS = 20;
const RAW_CHECK_MS = 2_000;

/** Bytes of a protobuf field that has a length: number, then text, bytes or fields. */
function field(number: number, content: string | Uint8Array): Uint8Array {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}

function fields(...all: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(all);
}

const topic = "projects/p/topics/tea";
const database = "projects/p/databases/(default)";
const queue = "projects/p/locations/l/queues/q";
const documentName = `${database}/documents/teas/green`;

/** Sound requests by service and call; small, so that every length is one byte. */
const CALLS = {
  pubsub: {
    "google.pubsub.v1.Publisher/CreateTopic": field(1, topic),
    "google.pubsub.v1.Publisher/Publish": fields(field(1, topic), field(2, field(1, "leaf"))),
    "google.pubsub.v1.Publisher/UpdateTopic": fields(field(1, field(1, topic)), field(2, "")),
    "google.pubsub.v1.Publisher/ListTopics": field(1, "projects/p"),
    "google.pubsub.v1.Subscriber/CreateSubscription": fields(
      field(1, "projects/p/subscriptions/sip"),
      field(2, topic),
    ),
    "google.pubsub.v1.Subscriber/Acknowledge": fields(
      field(1, "projects/p/subscriptions/sip"),
      field(2, "1"),
    ),
    "google.pubsub.v1.Subscriber/Seek": field(1, "projects/p/subscriptions/sip"),
  },
  firestore: {
    "google.firestore.v1.Firestore/Commit": fields(
      field(1, database),
      field(2, field(1, field(1, documentName))),
    ),
    "google.firestore.v1.Firestore/BatchWrite": fields(
      field(1, database),
      field(2, field(1, field(1, documentName))),
    ),
    "google.firestore.v1.Firestore/GetDocument": field(1, documentName),
    "google.firestore.v1.Firestore/BeginTransaction": field(1, database),
    "google.firestore.v1.Firestore/Rollback": fields(field(1, database), field(2, "x")),
    "google.firestore.v1.Firestore/ListCollectionIds": field(1, `${database}/documents`),
  },
  tasks: {
    "google.cloud.tasks.v2.CloudTasks/CreateQueue": fields(
      field(1, "projects/p/locations/l"),
      field(2, field(1, queue)),
    ),
    "google.cloud.tasks.v2.CloudTasks/GetQueue": field(1, queue),
    "google.cloud.tasks.v2.CloudTasks/CreateTask": fields(field(1, queue), field(2, "")),
    "google.cloud.tasks.v2.CloudTasks/ListTasks": field(1, queue),
  },
} as const;

/** Starts the servers; returns their targets. */
export async function startServerTargets(): Promise<{
  targets: Target[];
  stop(): Promise<void>;
}> {
  const [pubsub, firestore, tasks, host] = await Promise.all([
    startPubsub(),
    startFirestore(),
    startTasks(),
    startFunctionHost([]),
  ]);
  const front = new URL(host.url("none")).host;
  const clients: Client[] = [];
  const grpc = (name: keyof typeof CALLS, address: string): Target => {
    const client = new Client(address, credentials.createInsecure());
    clients.push(client);
    return grpcTarget(`${name} gRPC`, client, Object.entries<Uint8Array>(CALLS[name]));
  };
  const targets = [
    grpc("pubsub", pubsub.address),
    grpc("firestore", firestore.address),
    grpc("tasks", tasks.address),
    rawTarget("pubsub port", pubsub.address, HTTP2),
    rawTarget("firestore port", firestore.address, HTTP2),
    rawTarget("tasks port", tasks.address, HTTP2),
    rawTarget("function host", front, Buffer.from("POST /none HTTP/1.1\r\nhost: x\r\n\r\n{}")),
  ];
  return {
    targets,
    async stop() {
      for (const client of clients) client.close();
      await Promise.all([pubsub.stop(), firestore.stop(), tasks.stop(), host.stop()]);
    },
  };
}

/** A client's first bytes: the preface and an empty settings frame. */
const HTTP2 = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
  Buffer.from([0, 0, 5, 1, 5, 0, 0, 0, 1, 0x83, 0x86, 0x84, 0x41, 0x00]),
]);

function grpcTarget(
  name: string,
  client: Client,
  calls: readonly (readonly [string, Uint8Array])[],
): Target {
  const call = async (path: string, data: Uint8Array): Promise<Answer> => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const itself = (bytes: Buffer): Buffer => bytes;
    const options = { deadline: Date.now() + CALL_MS };
    client.makeUnaryRequest(`/${path}`, itself, itself, Buffer.from(data), options, (error) =>
      resolve(error?.code ?? status.OK),
    );
    const code = await promise;
    const isGone = code === status.DEADLINE_EXCEEDED || code === status.UNAVAILABLE;
    return isGone ? { fault: `${path}: ${status[code]}` } : { kind: status[code] ?? "?" };
  };
  return {
    name,
    input(mutations) {
      const [path, sample] = mutations.one(calls);
      return call(path, mutations.below(4) === 0 ? sample : mutations.bytes(sample));
    },
    async check() {
      for (const [path, sample] of calls) {
        const answer = await call(path, sample);
        if ("fault" in answer) return answer.fault;
      }
      return undefined;
    },
  };
}

function rawTarget(name: string, address: string, sample: Uint8Array): Target {
  const [host = "", port = ""] = address.split(":");
  const send = async (data: Uint8Array, waitMs: number): Promise<Answer> => {
    const socket = connect({ host, port: Number(port) });
    const { promise, resolve } = Promise.withResolvers<string>();
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
    socket.on("data", () => resolve("answered"));
    socket.on("close", () => resolve("closed"));
    socket.write(data);
    const ended = await Promise.race([promise, sleep(waitMs, "no answer")]);
    socket.destroy();
    return ended === "ECONNREFUSED" ? { fault: "its port is closed" } : { kind: ended };
  };
  return {
    name,
    input: (mutations) => send(mutations.bytes(sample), RAW_MS),
    async check() {
      const answer = await send(sample, RAW_CHECK_MS);
      const isFault = !("kind" in answer) || answer.kind !== "answered";
      return isFault ? `a sound request: ${JSON.stringify(answer)}` : undefined;
    },
  };
}
