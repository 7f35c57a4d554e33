/**
 * Local stack: a Pulumi program and an empty local cloud that it is applied to.
 *
 * Owns: starting and stopping them together, and what is left of a cloud. Does not own: what is in it
 * (gcp/cloud.ts), the engine (index.ts).
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FunctionHost, type LogLine, startFunctionHost } from "../function-host.ts";
import { IamPolicy } from "../iam/policy.ts";
import { type LocalWorld, startLocalWorld } from "../local-world.ts";
import { LocalCloud } from "./gcp/cloud.ts";
import { GcpProvider } from "./gcp/gcp-provider.ts";
import {
  destroy,
  type Outcome,
  type ProgramMessage,
  preview,
  type StackOptions,
  type Step,
  up,
} from "./index.ts";

/** How a local stack is started. */
export interface LocalStackOptions {
  readonly project: string;
  /** Where Pulumi.yaml is. */
  readonly program: string;
  /** Default `local`: Pulumi.local.yaml is read where it is there. */
  readonly stack?: string;
  /** `namespace:key` and value, above those of the files. */
  readonly config: Readonly<Record<string, string>>;
  /** The same for what the files would hold encrypted. */
  readonly secretConfig?: Readonly<Record<string, string>>;
  /** The longest pause after pushes that failed, in ms; default 60,000, as at Google. */
  readonly pushBackoffMaxMs?: number;
  readonly onLog?: (line: LogLine) => void;
  readonly onStep?: (step: Step) => void;
  readonly onMessage?: (message: ProgramMessage) => void;
  /** Ends a program that runs. */
  readonly signal?: AbortSignal;
}

/** A local stack that runs. */
export interface LocalStack {
  readonly cloud: LocalCloud;
  /** Environment variables by which ordinary clients reach the cloud as its owner. */
  readonly variables: Readonly<Record<string, string>>;
  preview(config?: Readonly<Record<string, string>>): Promise<Outcome>;
  up(config?: Readonly<Record<string, string>>): Promise<Outcome>;
  destroy(): Promise<Outcome>;
  /** Names of all that is there and that a program can make; none after `destroy`. */
  leftOver(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** What stays with a project: Google has no way to take it away, or nobody asks for it. */
const STAYS = /\/services\/[a-z]+\.googleapis\.com$|\/serviceAccounts\/service-\d+@/;

/**
 * Starts a local cloud, with nothing in it.
 *
 * @throws ERR_EMULATOR, ERR_PORT_IN_USE
 */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const { project, pushBackoffMaxMs, onLog } = options;
  const policy = new IamPolicy();
  const functions = await startFunctionHost([], onLog === undefined ? {} : { onLog });
  let world: LocalWorld | undefined;
  try {
    world = await startLocalWorld({
      ...{ world: "embedded", project, functions, policy },
      ...(pushBackoffMaxMs !== undefined && { pushBackoffMaxMs }),
    });
    const folder = await mkdtemp(join(tmpdir(), "tidemark-stack-"));
    const cloud = new LocalCloud({ project, world, functions, policy, folder });
    return stackOf(options, cloud, folder);
  } catch (error) {
    await functions.stop();
    await world?.stop();
    throw error;
  }
}

function stackOf(options: LocalStackOptions, cloud: LocalCloud, folder: string): LocalStack {
  const { project, program, config, secretConfig, onStep, onMessage, signal } = options;
  const { stack: name = "local" } = options;
  const { world, functions } = cloud;
  const variables = {
    PUBSUB_EMULATOR_HOST: world.pubsubAddress,
    FIRESTORE_EMULATOR_HOST: world.firestoreAddress,
    CLOUD_TASKS_EMULATOR_HOST: world.tasks.address,
    GOOGLE_CLOUD_PROJECT: project,
    METADATA_SERVER_DETECTION: "none",
  };
  const stack = (more: Readonly<Record<string, string>> = {}): StackOptions => ({
    folder: program,
    stack: name,
    provider: new GcpProvider(cloud),
    stateFile: join(folder, "state.json"),
    config: { "gcp:project": project, ...config, ...more },
    env: variables,
    ...(secretConfig !== undefined && { secretConfig }),
    ...(onStep !== undefined && { onStep }),
    ...(onMessage !== undefined && { onMessage }),
    ...(signal !== undefined && { signal }),
  });
  return {
    cloud,
    variables,
    preview: (more) => preview(stack(more)),
    up: (more) => up(stack(more)),
    destroy: () => destroy(stack()),
    leftOver: () => leftIn(cloud, functions),
    async stop() {
      // Functions first: without them nothing is sent to the services any more.
      await functions.stop();
      await world.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function leftIn(cloud: LocalCloud, functions: FunctionHost): Promise<string[]> {
  const { pubsubClient } = cloud.world;
  const [[topics], [subscriptions]] = await Promise.all([
    pubsubClient.getTopics(),
    pubsubClient.getSubscriptions(),
  ]);
  return [
    ...cloud.names().filter((name) => !STAYS.test(name)),
    ...topics.map(({ name }) => name),
    ...subscriptions.map(({ name }) => name),
    ...functions.status().map(({ name }) => `the processes of ${name}`),
    ...cloud.policy
      .bindings()
      .map(({ role, member, resource }) => `${role} of ${member} on ${resource}`),
  ];
}
