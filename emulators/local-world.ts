/**
 * Local world: the services of one local world, started and stopped together.
 *
 * Owns: which servers run and how clients reach them. Does not own: topics (provision.ts) and
 * functions (function-host.ts).
 */
import { PubSub } from "@google-cloud/pubsub";
import { CloudTasksClient } from "@google-cloud/tasks";
import { clientOptions } from "../functions/gcp/pubsub-mailboxes.ts";
import { MeshError } from "../sdk/model/errors.ts";
import type { Faults } from "./faults.ts";
import { type FirestoreServer, startFirestore } from "./firestore/index.ts";
import { searchGoogleEmulators, startGoogleFirestore, startGooglePubsub } from "./google/index.ts";
import { type LocalIssuer, startLocalIssuer } from "./local-issuer.ts";
import { type PubsubServer, type PubsubServerOptions, startPubsub } from "./pubsub/index.ts";
import type { DirectDispatch } from "./pubsub/push/push-client.ts";
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
  /** A shorter way from the embedded Pub/Sub server to functions of this process. */
  readonly direct?: DirectDispatch;
  /** Pub/Sub and Cloud Tasks sign what they send, where they are asked to; embedded ones alone. */
  readonly isAuthenticated?: boolean;
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
  stop(): Promise<void>;
}

interface Stoppable {
  stop(): Promise<void>;
}

interface Service extends Stoppable {
  readonly address: string;
}

/**
 * Starts the services.
 *
 * @throws ERR_PORT_IN_USE, ERR_EMULATOR
 */
export async function startLocalWorld(options: LocalWorldOptions): Promise<LocalWorld> {
  // Google's clients look for the metadata server even here, and warn that there is none.
  process.env["METADATA_SERVER_DETECTION"] ??= "none";
  const started: Stoppable[] = [];
  const keep = async <S extends Service>(starting: Promise<S>): Promise<S> => {
    const service = await starting;
    started.push(service);
    return service;
  };
  try {
    const isEmbedded = options.world === "embedded";
    if (!isEmbedded) await needGoogle();
    const issuer = await issuerOf(options);
    if (issuer !== undefined) started.push(issuer);
    const tasks = await keep(
      startTasks({ ...serviceOptions(options, "tasks"), ...signing(issuer) }),
    );
    const pubsub = isEmbedded
      ? await keep(
          startPubsub({ ...serviceOptions(options, "pubsub"), ...pushOptions(options, issuer) }),
        )
      : undefined;
    const firestore = isEmbedded
      ? await keep(startFirestore(serviceOptions(options, "firestore")))
      : undefined;
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

async function issuerOf({
  isAuthenticated = false,
  world,
}: LocalWorldOptions): Promise<LocalIssuer | undefined> {
  if (!isAuthenticated) return undefined;
  if (world === "embedded") return startLocalIssuer();
  throw new MeshError(
    "ERR_OPTION",
    "Google's Pub/Sub emulator signs nothing that it pushes. Use the embedded world.",
  );
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

function pushOptions(
  { direct }: LocalWorldOptions,
  issuer: LocalIssuer | undefined,
): Pick<PubsubServerOptions, "push"> {
  return { push: { ...(direct !== undefined && { direct }), ...signing(issuer) } };
}

function signing(issuer: LocalIssuer | undefined): {
  identityToken?: (audience: string, email: string) => string;
} {
  if (issuer === undefined) return {};
  return { identityToken: (audience, email) => issuer.token(audience, email) };
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
