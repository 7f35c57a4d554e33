/**
 * Job step: what `pulumi up` does about jobs, before and after resources are declared.
 *
 * Owns: the decisions. Does not own: how they are carried out (jobs.ts), which state fits
 * (sdk/compile/compatibility.ts).
 *
 * JS1. A plan that does not fit the stored state is refused in the preview already, and before
 *      anything has changed.
 * JS2. A preview changes nothing, of no job.
 * JS3. Each step may be cut off and taken again by the next `pulumi up`.
 * JS4. No job goes on without its functions: a pipeline that is taken out has come to its end first.
 */

import { requireState } from "../functions/control/job-control.ts";
import type { Deployment } from "../functions/deployment.ts";
import { isGone, type Job } from "../functions/job.ts";
import { requireLaunchable } from "../functions/launch.ts";
import {
  comparePlans,
  requireCompatible,
  type UpdateOptions,
} from "../sdk/compile/compatibility.ts";
import type { MeshPlan } from "../sdk/compile/plan.ts";
import { MeshError } from "../sdk/model/errors.ts";
import type { DeployConfig } from "./config.ts";
import { adoptedSubscriptions } from "./feeds.ts";
import type { Jobs, StoredJob } from "./jobs.ts";

/** What the step goes by. */
export interface JobStepInput {
  readonly jobs: Jobs;
  readonly config: Pick<
    DeployConfig,
    "rename" | "drop" | "override" | "drainRemoved" | "updateTimeoutSeconds"
  >;
  /** Names this stack among others of one project. */
  readonly stack: string;
  readonly isPreview: boolean;
  /** Tells the person who runs Pulumi. */
  readonly tell: (words: string) => void;
}

/** The jobs of one run of the program. */
export class JobStep {
  readonly #input: JobStepInput;
  readonly #stored = new Map<string, StoredJob>();

  constructor(input: JobStepInput) {
    this.#input = input;
  }

  /**
   * Looks at the stored jobs, and refuses what does not fit.
   *
   * @throws ERR_UPDATE_INCOMPATIBLE if the state of one does not fit its new plan
   * @throws ERR_OPTION if one stands where it can't be updated, or was taken out while it runs
   */
  async check(plans: readonly MeshPlan[]): Promise<void> {
    for (const stored of await this.#input.jobs.stored()) {
      this.#stored.set(stored.job.pipeline, stored);
    }
    for (const plan of plans) {
      const stored = this.#stored.get(plan.pipeline);
      if (stored !== undefined) this.#checkOne(stored, plan);
    }
    for (const stored of this.#removed(plans)) this.#checkRemoved(stored);
  }

  /** Brings jobs to where their functions can be replaced; does nothing in a preview. */
  async prepare(
    deployments: readonly Pick<Deployment, "plan" | "compile" | "options">[],
  ): Promise<void> {
    const { jobs, config, isPreview, tell } = this.#input;
    if (isPreview) return;
    const timeoutMs = config.updateTimeoutSeconds * 1_000;
    for (const { job, deployment } of this.#removed(deployments.map(({ plan }) => plan))) {
      tell(`Pipeline ${job.pipeline} was taken out: its job is drained.`);
      await jobs.drain(deployment, timeoutMs);
    }
    for (const next of deployments) {
      const stored = this.#stored.get(next.plan.pipeline);
      if (stored === undefined || isOf(stored, next.plan) || isGone(stored.job)) continue;
      if (stored.job.state === "DONE") {
        await jobs.clear(stored.deployment);
        continue;
      }
      tell(`Pipeline ${next.plan.pipeline}: its state moves to plan ${next.plan.hash}.`);
      const options = this.#updateOptions(stored, next.plan);
      // Addresses are the old ones until the new functions stand.
      const deployment = { ...stored.deployment, ...next };
      await jobs.prepare(stored.deployment, { ...options, deployment, timeoutMs });
    }
  }

  /**
   * Launches a job, or lets it go on under its new plan.
   *
   * @returns how it stands; undefined in a preview
   */
  async settle(deployment: Deployment): Promise<Job["state"] | undefined> {
    const { jobs, isPreview, stack } = this.#input;
    if (isPreview) return undefined;
    const { plan } = deployment;
    await jobs.feed(deployment, adoptedSubscriptions(plan));
    const stored = this.#stored.get(plan.pipeline);
    const own = { ...deployment, stack };
    const isAnew = stored === undefined || isGone(stored.job) || stored.job.state === "DONE";
    const goesOn = !isAnew && (!isOf(stored, plan) || stored.job.state === "UPDATING");
    const job = goesOn ? await jobs.finish(own) : await jobs.launch(own);
    return job.state;
  }

  #checkOne(stored: StoredJob, plan: MeshPlan): void {
    const { job, deployment } = stored;
    // Nothing of it is left that could fit or not: it begins anew.
    if (isGone(job)) return;
    requireLaunchable(job);
    if (isOf(stored, plan)) return;
    if (job.state === "DONE") {
      const { tell } = this.#input;
      tell(`Pipeline ${plan.pipeline} is DONE, and its plan has changed: it begins anew.`);
      return;
    }
    requireState(job, "updated", ["RUNNING", "UPDATING"]);
    const options = this.#updateOptions(stored, plan);
    requireCompatible(deployment.plan, comparePlans(deployment.plan, plan, options));
  }

  /** What the configuration says of a change; with `override`, all that does not fit is given up. */
  #updateOptions({ deployment }: StoredJob, plan: MeshPlan): UpdateOptions {
    const { config, tell } = this.#input;
    const { pipeline } = plan;
    const renames = pick(config.rename[pipeline], deployment.plan);
    const drops = (config.drop[pipeline] ?? []).filter((name) => isIn(deployment.plan, name));
    if (!config.override.includes(pipeline)) return { renames, drops };
    const { stages } = comparePlans(deployment.plan, plan, { renames, drops });
    const unfit = stages.flatMap(({ verdict, old }) =>
      verdict === "incompatible" && old !== undefined ? [old.id] : [],
    );
    if (unfit.length > 0)
      tell(`Pipeline ${pipeline}: the state of ${unfit.join(", ")} is given up.`);
    return { renames, drops: [...drops, ...unfit] };
  }

  /** Jobs of this stack that run and whose pipelines it has no more. */
  #removed(plans: readonly MeshPlan[]): StoredJob[] {
    const names = new Set(plans.map(({ pipeline }) => pipeline));
    return [...this.#stored.values()].filter(
      ({ job, deployment }) =>
        deployment.stack === this.#input.stack && !names.has(job.pipeline) && !isOver(job),
    );
  }

  #checkRemoved({ job }: StoredJob): void {
    const { config, tell } = this.#input;
    const { pipeline, state } = job;
    if (config.drainRemoved && (state === "RUNNING" || state === "DRAINING")) {
      tell(`Pipeline ${pipeline} was taken out: its job is drained before its functions go.`);
      return;
    }
    throw new MeshError(
      "ERR_OPTION",
      `Pipeline ${pipeline} was taken out of tidemark:pipelines, but its job is ${state}. ` +
        `Bring it to its end first (tidemark drain ${pipeline}, or tidemark cancel ${pipeline}), ` +
        "or let this program drain it: pulumi config set tidemark:drainRemoved true.",
    );
  }
}

function isOver({ state }: Job): boolean {
  return state === "DONE" || state === "CANCELLED";
}

function isOf({ job }: StoredJob, plan: MeshPlan): boolean {
  return job.plan === plan.hash;
}

/** A rename that was carried out may stay in the configuration: what is no longer there is no fault. */
function pick(
  renames: Readonly<Record<string, string>> = {},
  running: MeshPlan,
): Record<string, string> {
  return Object.fromEntries(Object.entries(renames).filter(([old]) => isIn(running, old)));
}

function isIn({ stages }: MeshPlan, name: string): boolean {
  return stages.some((stage) => stage.name === name || stage.id === name);
}
