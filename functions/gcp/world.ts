/**
 * World: the ports on Google Cloud, or on emulators that speak its protocols.
 *
 * Owns: which adapter stands behind each port. Everything else of the engine knows ports alone.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { localFiles } from "../connectors/file-writer.ts";
import type { Clock, Random, Subscriptions, World } from "../ports.ts";
import type { FunctionEnvironment } from "./environment.ts";
import { FirestoreStore, firestoreClient } from "./firestore-store.ts";
import { PubsubMailboxes } from "./pubsub-mailboxes.ts";
import { PubsubSubscriptions } from "./pubsub-subscriptions.ts";
import { logOptions, structuredLog } from "./structured-log.ts";
import { TasksWakeups } from "./tasks-wakeups.ts";

/** A world that holds connections. */
export interface CloudWorld extends World {
  /** What feeds the mesh; only the control of a job touches it. */
  readonly subscriptions: Subscriptions;
  close(): Promise<void>;
}

const realClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (delayMs) => sleep(delayMs),
};

const realRandom: Random = {
  id: () => randomBytes(10).toString("hex"),
  fraction: () => Math.random(),
};

/** Returns the world of an environment. */
export function cloudWorld(environment: FunctionEnvironment, pipeline: string): CloudWorld {
  const { project, database, queue, trackerUrl, tasksEmulatorHost, auth } = environment;
  const db = firestoreClient(project, database);
  const mailboxes = new PubsubMailboxes(project, environment.pubsubEmulatorHost);
  const subscriptions = new PubsubSubscriptions(project, environment.pubsubEmulatorHost);
  const emulatorHost = tasksEmulatorHost;
  const wakeups = new TasksWakeups({ project, queue, trackerUrl, emulatorHost, auth });
  return {
    store: new FirestoreStore(db, pipeline),
    mailboxes,
    subscriptions,
    wakeups,
    clock: realClock,
    random: realRandom,
    files: localFiles,
    log: structuredLog(logOptions(project, process.env)),
    async close() {
      const clients = [mailboxes, subscriptions, wakeups];
      await Promise.allSettled([db.terminate(), ...clients.map((client) => client.close())]);
    },
  };
}
