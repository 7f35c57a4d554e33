/**
 * The embedded Firestore: google.firestore.v1 over gRPC, for the unmodified client.
 *
 * Owns: starting and stopping the server. Does not own: the methods (service-*.ts, listen.ts), the
 * database (database.ts).
 *
 * Where it differs from the real service:
 * - `readTime` reaches back 60 s (`historyMs`), not an hour; see document-store.ts.
 * - A write waits 2 s for a lock (`lockDeadlineMs`), not 20 s; reads never wait; see locks.ts.
 * - No composite index is ever missing: queries by anything but the name scan; see query/run.ts.
 * - Not there: PartitionQuery, ExecutePipeline, the Write stream, findNearest, explain, security
 *   rules, TTL, FirestoreAdmin. Each call of these answers UNIMPLEMENTED with its name.
 */
import { Server, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { bind } from "../bind.ts";
import { Faults } from "../faults.ts";
import type { Access } from "../iam/access.ts";
import { Entrances } from "../iam/entrances.ts";
import { realTimers, type Timers } from "../timers.ts";
import { type FirestoreCounts, newCounts } from "./counts.ts";
import { Databases } from "./databases.ts";
import type { IndexExemptFields } from "./index-entries.ts";
import { lockDeadlineMsDefault, receivedBytesMax } from "./limits.ts";
import { ListenStreams } from "./listen.ts";
import { firestoreNeeds } from "./permissions.ts";
import { openCommitLog } from "./persistence.ts";
import { loadFirestoreService, type Received } from "./protos.ts";
import {
  streamHandler,
  unaryHandler,
  unimplementedHandler,
  unimplementedStreamHandler,
} from "./rpc.ts";
import { listMethods } from "./service-lists.ts";
import { readMethods, readStreamMethods } from "./service-reads.ts";
import { writeMethods } from "./service-writes.ts";
import type { Concurrency } from "./transactions.ts";

export type { FirestoreCounts } from "./counts.ts";
export type { IndexExemptFields } from "./index-entries.ts";
export type { Concurrency } from "./transactions.ts";

/** What the embedded Firestore is started with. */
export interface FirestoreServerOptions {
  /** The port to listen on; a free one unless given. */
  readonly port?: number;
  /** The address to listen on; 127.0.0.1 unless given. */
  readonly host?: string;
  /** A folder in which documents survive a restart; without it they live in memory only. */
  readonly persistFolder?: string;
  /** Faults to answer calls with, by the method's name (`Commit`, `RunQuery`, …). */
  readonly faults?: Faults;
  /** The clock and the timers; the machine's own unless given. */
  readonly timers?: Timers;
  /** How read-write transactions keep their reads; pessimistic unless given, as for server SDKs. */
  readonly concurrency?: Concurrency;
  /** How long a write waits for another transaction's lock; 2,000 ms unless given. */
  readonly lockDeadlineMs?: number;
  /** How far back `readTime` reaches; 60,000 ms unless given. */
  readonly historyMs?: number;
  /** How many superseded bytes are kept for that at most; 1 GiB unless given. */
  readonly historyBytesMax?: number;
  /** Field paths that have no index, by collection id; they do not count as index entries. */
  readonly indexExemptFields?: IndexExemptFields;
  /** Whose calls are taken; everybody's where left out. */
  readonly access?: Access;
}

/** A running embedded Firestore. */
export interface FirestoreServer {
  /** `host:port`, the value for FIRESTORE_EMULATOR_HOST. */
  readonly address: string;
  /** The billable operations so far; each access gives a new, fixed copy. */
  readonly counts: FirestoreCounts;
  /** The address of a principal of its own; without `access`, that of everybody. */
  addressFor(member: string): Promise<string>;
  /**
   * Takes a database away, `projects/P/databases/D`, with all that is in it. What a persist folder
   * keeps of it comes back with the next start.
   */
  drop(database: string): void;
  /** Ends all streams and transactions, and closes the port. */
  stop(): Promise<void>;
}

/** How long open calls may take to finish when the server stops. */
const stopGraceMs = 500;

/**
 * Starts an embedded Firestore.
 *
 * @throws ERR_PORT_IN_USE when the port is taken; ERR_EMULATOR when it can't start otherwise
 */
export async function startFirestore(
  options: FirestoreServerOptions = {},
): Promise<FirestoreServer> {
  const faults = options.faults ?? new Faults();
  const timers = options.timers ?? realTimers;
  const counts = newCounts();
  const definition = loadFirestoreService();
  const log =
    options.persistFolder === undefined ? undefined : openCommitLog(options.persistFolder);
  const databases = new Databases({
    ...options,
    timers,
    counts,
    log,
    concurrency: options.concurrency ?? "pessimistic",
    lockDeadlineMs: options.lockDeadlineMs ?? lockDeadlineMsDefault,
    indexExemptFields: options.indexExemptFields ?? {},
  });
  for (const document of log?.restored() ?? []) databases.of(document.name).store.restore(document);
  const listens = new ListenStreams(databases, faults, timers);
  const server = new Server({
    "grpc.max_receive_message_length": receivedBytesMax,
    "grpc.max_send_message_length": -1,
    ...options.access?.serverOptions(firestoreNeeds, ({ message }: Received) => message),
  });
  server.addService(definition, implementation(definition, databases, faults, listens));
  const { host = "127.0.0.1", port = 0, access } = options;
  const service = "Firestore";
  const address = await bind(server, { service, host, port }).catch((error: unknown) => {
    log?.close();
    throw error;
  });
  const entrances = new Entrances(server, { service, host, main: address, access });
  return {
    address,
    addressFor: (member) => entrances.addressFor(member),
    get counts() {
      return { ...counts };
    },
    drop: (database) => databases.drop(database),
    async stop() {
      databases.stop();
      listens.stop();
      await shutDown(server);
      log?.close();
    },
  };
}

function implementation(
  definition: ReturnType<typeof loadFirestoreService>,
  databases: Databases,
  faults: Faults,
  listens: ListenStreams,
): UntypedServiceImplementation {
  const handlers: UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(definition)) {
    handlers[name] = method.responseStream
      ? unimplementedStreamHandler(name)
      : unimplementedHandler(name);
  }
  const unary = {
    ...readMethods(databases),
    ...listMethods(databases),
    ...writeMethods(databases),
  };
  for (const [name, method] of Object.entries(unary)) {
    handlers[name] = unaryHandler(name, faults, method);
  }
  for (const [name, method] of Object.entries(readStreamMethods(databases))) {
    handlers[name] = streamHandler(name, faults, method);
  }
  handlers["Listen"] = listens.handler();
  return handlers;
}

// Calls under way may finish; a client that keeps one open for longer is cut off.
async function shutDown(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    const cancelTimer = realTimers.after(stopGraceMs, () => {
      server.forceShutdown();
      resolve();
    });
    server.tryShutdown(() => {
      cancelTimer();
      resolve();
    });
  });
}
