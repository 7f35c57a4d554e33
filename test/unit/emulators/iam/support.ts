/** A world with rights, and ordinary clients of its services in the name of a principal. */
import firestoreModule, { Firestore } from "@google-cloud/firestore";
import { v1 as pubsubV1 } from "@google-cloud/pubsub";
import { CloudTasksClient } from "@google-cloud/tasks";
import { status } from "@grpc/grpc-js";
import { expect } from "vitest";
import { type Binding, IamPolicy } from "../../../../emulators/iam/policy.ts";
import { type LocalWorld, startLocalWorld } from "../../../../emulators/local-world.ts";
import { clientOptions } from "../../../../functions/gcp/pubsub-mailboxes.ts";

const { v1: firestoreV1 } = firestoreModule;

export const project = "p";
export const inProject = (rest: string): string => `projects/${project}/${rest}`;
export const stageEmail: string = `stage@${project}.iam.gserviceaccount.com`;
export const stage: string = `serviceAccount:${stageEmail}`;
export const pusherEmail: string = `pusher@${project}.iam.gserviceaccount.com`;
export const pusherAccount: string = inProject(`serviceAccounts/${pusherEmail}`);
export const database: string = inProject("databases/(default)");

type DocumentsClient = InstanceType<typeof firestoreV1.FirestoreClient>;

/** Clients of all services, with the addresses of one principal; each is made when it is used. */
export class Clients {
  readonly #variables: Readonly<Record<string, string>>;
  readonly #made = new Map<string, { close(): Promise<unknown> }>();

  constructor(variables: Readonly<Record<string, string>>) {
    this.#variables = variables;
  }

  get publisher(): pubsubV1.PublisherClient {
    return this.#once("publisher", () => new pubsubV1.PublisherClient(this.#options("PUBSUB")));
  }

  get subscriber(): pubsubV1.SubscriberClient {
    return this.#once("subscriber", () => new pubsubV1.SubscriberClient(this.#options("PUBSUB")));
  }

  get tasks(): CloudTasksClient {
    return this.#once("tasks", () => new CloudTasksClient(this.#options("CLOUD_TASKS")));
  }

  get documents(): DocumentsClient {
    return this.#once(
      "documents",
      () => new firestoreV1.FirestoreClient(this.#options("FIRESTORE")),
    );
  }

  /** The one that programs use. */
  get firestore(): Firestore {
    return this.#once("firestore", () => {
      const host = this.#variables["FIRESTORE_EMULATOR_HOST"] ?? "";
      const client = new Firestore({ projectId: project, host, ssl: false });
      return Object.assign(client, { close: () => client.terminate() });
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#made.values()].map((client) => client.close()));
  }

  #options(service: string): ReturnType<typeof clientOptions> {
    return clientOptions(project, this.#variables[`${service}_EMULATOR_HOST`]);
  }

  #once<T extends { close(): Promise<unknown> }>(name: string, make: () => T): T {
    const client = (this.#made.get(name) as T | undefined) ?? make();
    this.#made.set(name, client);
    return client;
  }
}

/** A world with a policy that is empty at first. */
export class PolicyWorld implements AsyncDisposable {
  readonly policy: IamPolicy = new IamPolicy();
  #world: LocalWorld | undefined;
  readonly #clients = new Map<string, Clients>();

  static async start(
    options: Partial<Parameters<typeof startLocalWorld>[0]> = {},
  ): Promise<PolicyWorld> {
    const rig = new PolicyWorld();
    const { policy } = rig;
    rig.#world = await startLocalWorld({ world: "embedded", project, policy, ...options });
    return rig;
  }

  get world(): LocalWorld {
    if (this.#world === undefined) throw new Error("The world has not started.");
    return this.#world;
  }

  /** Clients in the name of a member. */
  async as(member: string): Promise<Clients> {
    const known = this.#clients.get(member);
    if (known !== undefined) return known;
    const clients = new Clients(await this.world.accessFor(member));
    this.#clients.set(member, clients);
    return clients;
  }

  /** Clients of the deployer, who may do everything. */
  get deployer(): Clients {
    const known = this.#clients.get("");
    if (known !== undefined) return known;
    const { pubsubAddress, firestoreAddress, tasks } = this.world;
    const clients = new Clients({
      PUBSUB_EMULATOR_HOST: pubsubAddress,
      FIRESTORE_EMULATOR_HOST: firestoreAddress,
      CLOUD_TASKS_EMULATOR_HOST: tasks.address,
    });
    this.#clients.set("", clients);
    return clients;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#clients.values()].map((clients) => clients.close()));
    await this.world.stop();
  }
}

type Call = (clients: Clients) => Promise<unknown>;

/** One call, and the binding that is missing at first. */
export interface Case {
  readonly permission: string;
  /** What the permission is asked on. */
  readonly on: string;
  readonly role: string;
  readonly call: Call;
  /** Where the role is given, where not on `on` itself. */
  readonly at?: string;
  /** What else the call needs. */
  readonly also?: readonly Pick<Binding, "resource" | "role">[];
}

/** A call that needs a permission on a resource, which a role gives. */
export function needing(
  permission: string,
  on: string,
  role: string,
  call: Call,
  rest: Pick<Case, "at" | "also"> = {},
): Case {
  return { permission, on, role: `roles/${role}`, call, ...rest };
}

/** Makes the call without its right, which must be named, and with it. */
export async function checkCase(rig: PolicyWorld, each: Case): Promise<void> {
  const { policy } = rig;
  const clients = await rig.as(stage);
  for (const binding of each.also ?? []) policy.grant({ ...binding, member: stage });
  const refused = expect.objectContaining({
    code: status.PERMISSION_DENIED,
    details:
      `Permission '${each.permission}' denied on resource '${each.on}' (or it may not exist). ` +
      `Caller: ${stage}.`,
  });
  await expect(each.call(clients)).rejects.toEqual(refused);
  expect(policy.denials).toEqual([
    expect.objectContaining({ member: stage, permission: each.permission, resource: each.on }),
  ]);
  const binding = { resource: each.at ?? each.on, role: each.role, member: stage };
  policy.grant(binding);
  await each.call(clients);
  expect(policy.unused()).toEqual([]);
  expect(policy.denials).toHaveLength(1);
}
