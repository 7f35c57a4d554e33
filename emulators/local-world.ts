/**
 * Local world: the services of one local world, started and stopped together.
 *
 * Owns: which servers run, how clients reach them, and as whom. Does not own: topics (provision.ts),
 * functions (function-host.ts) and who may do what (iam/policy.ts).
 */
import { PubSub } from "@google-cloud/pubsub";
import { CloudTasksClient } from "@google-cloud/tasks";
import { clientOptions } from "../functions/gcp/pubsub-mailboxes.ts";
import { MeshError } from "../sdk/model/errors.ts";
import type { Faults } from "./faults.ts";
import { type FirestoreServer, startFirestore } from "./firestore/index.ts";
import type { FunctionHost } from "./function-host.ts";
import { searchGoogleEmulators, startGoogleFirestore, startGooglePubsub } from "./google/index.ts";
import type { IamPolicy } from "./iam/policy.ts";
import type { LocalIssuer } from "./local-issuer.ts";
import { type LocalRights, pubsubRights, startLocalRights, tasksRights } from "./local-rights.ts";
import { type PubsubServer, startPubsub } from "./pubsub/index.ts";
import { startTasks, type TasksServer } from "./tasks/index.ts";

/** Whose Pub/Sub and Firestore run. */
export type WorldName = "embedded" | "google";

/** Ports to listen on; any free one where left out. */
export interface LocalPorts {
  readonly pubsub?: number;
  readonly firestore?: number;
  readonly tasks?: number;
  readonly functions?: number;
}

/** How a local world is set up. */
export interface LocalWorldOptions {
  readonly world: WorldName;
  readonly project: string;
  readonly ports?: LocalPorts;
  readonly persistFolder?: string;
  readonly faults?: Faults;
  /** The longest pause after pushes that failed, in ms; embedded alone. Default 60,000. */
  readonly pushBackoffMaxMs?: number;
  /** Functions of this process: they are pushed to directly, and serve their services' URLs. */
  readonly functions?: FunctionHost;
  /**
   * Pub/Sub and Cloud Tasks sign what they send, where they are asked to; embedded ones alone. So
   * they do where a policy is given.
   */
  readonly isAuthenticated?: boolean;
  /**
   * Who may do what. Where left out, everybody may do everything. The world's own addresses are the
   * deployer's, who may do everything; `accessFor` gives those of others. Embedded services alone.
   */
  readonly policy?: IamPolicy;
}

/** The running services. */
export interface LocalWorld {
  readonly pubsubAddress: string;
  readonly firestoreAddress: string;
  readonly tasks: TasksServer;
  /** The embedded servers; undefined in Google's world. */
  readonly pubsub: PubsubServer | undefined;
  readonly firestore: FirestoreServer | undefined;
  /** Signs tokens that functions accept; undefined where they accept any call. */
  readonly issuer: LocalIssuer | undefined;
  readonly pubsubClient: PubSub;
  readonly tasksClient: CloudTasksClient;
  /**
   * Environment variables by which a program calls the services as this member: in the cloud the
   * metadata server would tell it who it is. The addresses end with the world.
   *
   * @param member `serviceAccount:EMAIL`
   * @throws ERR_EMULATOR when no port is to be had
   */
  accessFor(member: string): Promise<Readonly<Record<string, string>>>;
  stop(): Promise<void>;
}

interface Stoppable {
  stop(): Promise<void>;
}

interface Service extends Stoppable {
  readonly address: string;
}

type Keep = <S extends Service>(starting: Promise<S>) => Promise<S>;

/**
 * Starts the services.
 *
 * @throws ERR_PORT_IN_USE, ERR_EMULATOR
 */
export async function startLocalWorld(options: LocalWorldOptions): Promise<LocalWorld> {
  // Google's clients look for the metadata server even here, and warn that there is none.
  process.env["METADATA_SERVER_DETECTION"] ??= "none";
  const started: Stoppable[] = [];
  const keep: Keep = async (starting) => {
    const service = await starting;
    started.push(service);
    return service;
  };
  try {
    if (options.world === "google") await needGoogle();
    const rights = await startLocalRights(options);
    const { issuer } = rights;
    if (issuer !== undefined) started.push(issuer);
    const { tasks, pubsub, firestore } = await startEmbedded(options, rights, keep);
    const [pubsubAddress, firestoreAddress] = await Promise.all([
      pubsub?.address ?? addressOf(keep(startGooglePubsub(portOf(options, "pubsub")))),
      firestore?.address ?? addressOf(keep(startGoogleFirestore(portOf(options, "firestore")))),
    ]);
    const { project } = options;
    const pubsubClient = new PubSub({
      projectId: project,
      apiEndpoint: pubsubAddress,
      emulatorMode: true,
    });
    const tasksClient = new CloudTasksClient(clientOptions(project, tasks.address));
    return {
      pubsubAddress,
      firestoreAddress,
      tasks,
      pubsub,
      firestore,
      issuer,
      pubsubClient,
      tasksClient,
      async accessFor(member) {
        return variablesOf(project, {
          pubsub: (await pubsub?.addressFor(member)) ?? pubsubAddress,
          firestore: (await firestore?.addressFor(member)) ?? firestoreAddress,
          tasks: await tasks.addressFor(member),
        });
      },
      async stop() {
        await Promise.allSettled([pubsubClient.close(), tasksClient.close()]);
        await stopAll(started);
      },
    };
  } catch (error) {
    await stopAll(started);
    throw error;
  }
}

interface EmbeddedServices {
  readonly tasks: TasksServer;
  readonly pubsub: PubsubServer | undefined;
  readonly firestore: FirestoreServer | undefined;
}

/** In Google's world, of the services only Cloud Tasks is ours. */
async function startEmbedded(
  options: LocalWorldOptions,
  rights: LocalRights,
  keep: Keep,
): Promise<EmbeddedServices> {
  const { functions, pushBackoffMaxMs } = options;
  const tasks = await keep(
    startTasks({
      ...serviceOptions(options, "tasks"),
      ...tasksRights(rights),
      ...(functions !== undefined && { localUrl: functions.localUrl }),
    }),
  );
  if (options.world === "google") return { tasks, pubsub: undefined, firestore: undefined };
  const { access, push } = pubsubRights(rights);
  const pubsub = await keep(
    startPubsub({
      ...serviceOptions(options, "pubsub"),
      push: {
        ...push,
        ...(pushBackoffMaxMs !== undefined && { backoffMaxMs: pushBackoffMaxMs }),
        ...(functions !== undefined && { direct: functions.dispatch }),
      },
      ...(access !== undefined && { access }),
    }),
  );
  const firestore = await keep(
    startFirestore({
      ...serviceOptions(options, "firestore"),
      ...(rights.access !== undefined && { access: rights.access }),
    }),
  );
  return { tasks, pubsub, firestore };
}

/** Returns the environment variables by which ordinary clients reach a world's services. */
export function variablesOf(
  project: string,
  addresses: Readonly<Record<"pubsub" | "firestore" | "tasks", string>>,
): Readonly<Record<string, string>> {
  return {
    PUBSUB_EMULATOR_HOST: addresses.pubsub,
    FIRESTORE_EMULATOR_HOST: addresses.firestore,
    CLOUD_TASKS_EMULATOR_HOST: addresses.tasks,
    GOOGLE_CLOUD_PROJECT: project,
    METADATA_SERVER_DETECTION: "none",
  };
}

async function needGoogle(): Promise<void> {
  const { missing } = await searchGoogleEmulators();
  if (missing.length === 0) return;
  throw new MeshError(
    "ERR_EMULATOR",
    `Google's emulators can't run here. ${missing.join(" ")} Or use the embedded world.`,
  );
}

async function addressOf(starting: Promise<Service>): Promise<string> {
  return (await starting).address;
}

function portOf(options: LocalWorldOptions, service: keyof LocalPorts): { port?: number } {
  const port = options.ports?.[service];
  return port === undefined ? {} : { port };
}

function serviceOptions(
  options: LocalWorldOptions,
  service: keyof LocalPorts,
): { port?: number; persistFolder?: string; faults?: Faults } {
  const { persistFolder, faults } = options;
  return {
    ...portOf(options, service),
    ...(persistFolder !== undefined && { persistFolder: `${persistFolder}/${service}` }),
    ...(faults !== undefined && { faults }),
  };
}

/** The last one started is stopped first: who sends stops before who takes. */
async function stopAll(services: readonly Stoppable[]): Promise<void> {
  for (const service of services.toReversed()) await service.stop();
}
