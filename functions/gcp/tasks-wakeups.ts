/**
 * Tasks wake-ups: the Wakeups port on Cloud Tasks.
 *
 * A task's name makes it one: Cloud Tasks refuses a name that it has seen within the last hours.
 */
import type { CloudTasksClient } from "@google-cloud/tasks";
import type { Wakeups } from "../ports.ts";
import { isCode, unavailable } from "./grpc-errors.ts";
import { clientOptions } from "./pubsub-mailboxes.ts";
import type { PushAuth } from "./push-auth.ts";

/** Where wake-ups go. */
export interface TasksOptions {
  readonly project: string;
  /** `projects/P/locations/L/queues/Q`. */
  readonly queue: string;
  readonly trackerUrl: string;
  /** `host:port` of an emulator; undefined in the cloud. */
  readonly emulatorHost: string | undefined;
  /** Whom the tracker expects to be called by. */
  readonly auth: PushAuth;
}

/** The Wakeups port on Cloud Tasks. */
export class TasksWakeups implements Wakeups {
  readonly #options: TasksOptions;
  #client: Promise<CloudTasksClient> | undefined;

  constructor(options: TasksOptions) {
    this.#options = options;
  }

  async wake(name: string, dueMs: number): Promise<void> {
    const { queue, trackerUrl, auth } = this.#options;
    this.#client ??= newClient(this.#options);
    const client = await this.#client;
    try {
      await client.createTask({
        parent: queue,
        task: {
          name: `${queue}/tasks/${name}`,
          scheduleTime: { seconds: Math.floor(dueMs / 1000), nanos: (dueMs % 1000) * 1e6 },
          httpRequest: { url: trackerUrl, httpMethod: "POST", ...tokenOf(auth) },
        },
      });
    } catch (error) {
      if (!isCode(error, "ALREADY_EXISTS")) throw unavailable(`schedule ${name}`, error);
    }
  }

  async close(): Promise<void> {
    if (this.#client !== undefined) await (await this.#client).close();
  }
}

/** Cloud Tasks signs each call in the name of the account. */
function tokenOf(auth: PushAuth): {
  oidcToken?: { serviceAccountEmail: string; audience: string };
} {
  const [serviceAccountEmail] = auth.kind === "oidc" ? auth.accounts : [];
  if (auth.kind === "emulated" || serviceAccountEmail === undefined) return {};
  const audience = auth.trackerAudience ?? auth.audience;
  return { oidcToken: { serviceAccountEmail, audience } };
}

/** The client is large and a cold start doesn't need it: loaded with the first wake-up. */
async function newClient({ project, emulatorHost }: TasksOptions): Promise<CloudTasksClient> {
  const { CloudTasksClient: Client } = await import("@google-cloud/tasks");
  return new Client(clientOptions(project, emulatorHost));
}
