/**
 * Deployment: all that another program needs to know of a running job, stored beside it.
 *
 * Owns: its form. Who launches a job writes it (launch.ts); who controls one reads it (cli/), and so
 * needs nothing but the pipeline's name.
 */
import type { CompileOptions, MeshPlan } from "../sdk/compile/plan.ts";
import { MeshError } from "../sdk/model/errors.ts";
import type { PipelineGraph } from "../sdk/model/graph.ts";
import type { EngineOptions } from "./options.ts";
import type { Store } from "./ports.ts";

/** How a plan was deployed. */
export interface Deployment {
  readonly plan: MeshPlan;
  readonly compile: CompileOptions;
  readonly options: EngineOptions;
  /** Cloud Tasks queue: `projects/P/locations/L/queues/Q`; empty in memory. */
  readonly queue: string;
  /** URL of the tracker's function; empty in memory. */
  readonly trackerUrl: string;
  /** Where each stage's subscription pushes to, by stage; empty in memory. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** Of a local mesh: who replaces its functions when it is updated from another terminal. */
  readonly updater?: { readonly url: string; readonly token: string };
  /** Where each transform stands in the author's files, by its name: a bundle has forgotten it. */
  readonly places?: Readonly<Record<string, string>>;
  /** In whose name, and for which audience, the tracker is woken; left out where anybody may call. */
  readonly caller?: { readonly account: string; readonly audience: string };
  /** Of a job that `pulumi up` has launched: the stack, so that no other one takes it for its own. */
  readonly stack?: string;
}

/** Returns where the transforms of a graph stand, `file:line` by name. */
export function placesOf({ nodes }: PipelineGraph): Record<string, string> {
  const places: Record<string, string> = {};
  for (const { name, place } of nodes) {
    if (place !== undefined) places[name] = `${place.file}:${place.line}`;
  }
  return places;
}

/** Stores a deployment under its plan's hash; storing it again changes nothing. */
export function putDeployment(store: Store, deployment: Deployment): Promise<void> {
  return store.putDeployment(deployment.plan.hash, JSON.stringify(deployment));
}

/**
 * Returns the deployment of a plan.
 *
 * @throws ERR_PLAN_MISMATCH if none is stored
 */
export async function readDeployment(store: Store, planHash: string): Promise<Deployment> {
  const text = await store.readDeployment(planHash);
  if (text !== undefined) return JSON.parse(text) as Deployment;
  throw new MeshError(
    "ERR_PLAN_MISMATCH",
    `The stored job runs plan ${planHash}, of which no deployment is stored. ` +
      "It was launched by an older version: start it again.",
  );
}
