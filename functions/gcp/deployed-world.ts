/**
 * Deployed world: the ports of a job as another program reaches them, which controls it.
 *
 * Owns: a stored deployment → the environment of its functions. Emulators' addresses are this process's
 * own, as of every ordinary client.
 */
import type { Deployment } from "../deployment.ts";
import type { PushAuth } from "./push-auth.ts";
import { type CloudWorld, cloudWorld } from "./world.ts";

/** Returns the world of a deployment; whoever asks for it closes it. */
export function deployedWorld(
  project: string,
  database: string,
  { plan, compile, options, queue, trackerUrl, caller }: Deployment,
): CloudWorld {
  return cloudWorld(
    {
      project,
      database,
      planHash: plan.hash,
      compile,
      options,
      queue,
      trackerUrl,
      tasksEmulatorHost: process.env["CLOUD_TASKS_EMULATOR_HOST"],
      pubsubEmulatorHost: process.env["PUBSUB_EMULATOR_HOST"],
      auth: authOf(caller),
    },
    plan.pipeline,
  );
}

function authOf(caller: Deployment["caller"]): PushAuth {
  if (caller === undefined) return { kind: "emulated" };
  return { kind: "oidc", audience: caller.audience, accounts: [caller.account] };
}
