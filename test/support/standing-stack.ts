/**
 * Standing stack: a Pulumi program of test/support/ that was applied here, and clients around it.
 *
 * Owns: what is closed where something fails on the way, and deploying functions anew. Does not own:
 * what is asked of the mesh (rights-mesh.ts, sweep-mesh.ts).
 */
import { fileURLToPath } from "node:url";
import type { LogLine } from "../../emulators/function-host.ts";
import { GcpProvider } from "../../emulators/pulumi/gcp/gcp-provider.ts";
import type { Outcome } from "../../emulators/pulumi/index.ts";
import { type LocalStack, startLocalStack } from "../../emulators/pulumi/local-stack.ts";
import { MeshClients } from "./mesh-clients.ts";

export const PROJECT = "tidemark-local";
const FUNCTION = "gcp:cloudfunctionsv2/function:Function";
/** Failures are what these meshes are for. */
const PUSH_BACKOFF_MS_MAX = 200;

/** A stack that stands. */
export interface StandingStack {
  readonly stack: LocalStack;
  readonly clients: MeshClients;
  /** What functions have logged. */
  readonly log: readonly LogLine[];
  readonly outputs: Outcome["plainOutputs"];
}

/**
 * Applies a program and hands it on.
 *
 * @param folder - of the program, in test/support/
 * @throws Error if the program fails, and what `use` throws; everything is closed then
 */
export async function withStandingStack<T>(
  folder: string,
  use: (standing: StandingStack) => Promise<T>,
): Promise<T> {
  const program = fileURLToPath(new URL(folder, import.meta.url));
  const log: LogLine[] = [];
  const stack = await startLocalStack({
    project: PROJECT,
    program,
    config: {},
    onLog: (line) => void log.push(line),
    pushBackoffMaxMs: PUSH_BACKOFF_MS_MAX,
  });
  const clients = new MeshClients(stack.variables);
  try {
    const { failures, plainOutputs } = await stack.up();
    if (failures.length > 0) throw new Error(JSON.stringify(failures));
    return await use({ stack, clients, log, outputs: plainOutputs });
  } catch (error) {
    await clients.close();
    await stack.stop();
    throw error;
  }
}

/**
 * Deploys the functions of an account anew, as Google does: each is built, and given its secrets.
 *
 * @returns how many there are
 * @throws StatusError PERMISSION_DENIED if a right for it is missing
 */
export async function redeploy({ cloud }: LocalStack, account: string): Promise<number> {
  const provider = new GcpProvider(cloud);
  let count = 0;
  for (const name of cloud.names(`projects/${PROJECT}/locations/`)) {
    const inputs = cloud.get(name);
    const { serviceAccountEmail } = (inputs["serviceConfig"] ?? {}) as Record<string, unknown>;
    if (serviceAccountEmail !== account) continue;
    await provider.update(FUNCTION, { id: name, inputs, outputs: {} }, inputs);
    count++;
  }
  return count;
}
