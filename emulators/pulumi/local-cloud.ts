/**
 * Local cloud, started: services, functions and rights of one project, empty, to apply a Pulumi
 * program to.
 *
 * Owns: starting and stopping. Does not own: what is in it (gcp/cloud.ts), the engine (index.ts).
 */
import { rm } from "node:fs/promises";
import { type LogLine, startFunctionHost } from "../function-host.ts";
import { IamPolicy } from "../iam/policy.ts";
import { type LocalWorld, startLocalWorld } from "../local-world.ts";
import { LocalCloud } from "./gcp/cloud.ts";
import { GcpProvider } from "./gcp/gcp-provider.ts";
import type { Provider } from "./provider.ts";

/** How a local cloud is started. */
export interface LocalCloudOptions {
  readonly project: string;
  /** Where uploaded objects and the code of functions are kept; taken away in the end. */
  readonly folder: string;
  readonly onLog?: (line: LogLine) => void;
}

/** A local cloud that runs. */
export interface RunningCloud {
  readonly cloud: LocalCloud;
  readonly provider: Provider;
  /** Environment variables by which ordinary clients reach it as its owner. */
  readonly variables: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/**
 * Starts an empty local cloud.
 *
 * @throws ERR_EMULATOR, ERR_PORT_IN_USE
 */
export async function startLocalCloud(options: LocalCloudOptions): Promise<RunningCloud> {
  const { project, folder, onLog } = options;
  const policy = new IamPolicy();
  const functions = await startFunctionHost([], onLog === undefined ? {} : { onLog });
  let world: LocalWorld;
  try {
    world = await startLocalWorld({ world: "embedded", project, functions, policy });
  } catch (error) {
    await functions.stop();
    throw error;
  }
  const cloud = new LocalCloud({ project, world, functions, policy, folder });
  return {
    cloud,
    provider: new GcpProvider(cloud),
    variables: {
      PUBSUB_EMULATOR_HOST: world.pubsubAddress,
      FIRESTORE_EMULATOR_HOST: world.firestoreAddress,
      CLOUD_TASKS_EMULATOR_HOST: world.tasks.address,
      GOOGLE_CLOUD_PROJECT: project,
      METADATA_SERVER_DETECTION: "none",
    },
    async stop() {
      // Functions first: without them nothing is sent to the services any more.
      await functions.stop();
      await world.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
