/**
 * Drain: no more input; what is open is fired and the job ends.
 *
 * Owns: stopping the sources, and the step to DRAINING. Does not own: telling reads of it
 * (tracker.ts), or what becomes of a sink that refuses (activation.ts).
 *
 * JD1. What a source has delivered before it was stopped is in a register, or comes no more, before
 *      the watermarks go to +∞: none of it is late by the drain.
 */
import type { MeshPlan } from "../../sdk/compile/plan.ts";
import type { Job } from "../job.ts";
import type { World } from "../ports.ts";
import { decodeRegister } from "../register.ts";
import type { Ticks } from "../ticks.ts";
import { changeJob } from "./change-job.ts";
import { type JobControl, requireState, stopping } from "./job-control.ts";
import { look } from "./look.ts";
import { subscriptionsOf } from "./subscription-names.ts";

/** How a job is drained. */
export interface DrainOptions {
  /** First takes what waits in the sources' subscriptions, until nothing came for so long. */
  readonly takeBacklogMs?: number | undefined;
  /** After this a sink that still refuses gets no more: what it should have had is set aside. */
  readonly timeoutMs?: number | undefined;
}

const POLL_MS = 200;

/**
 * Drains a job, sources first; returns when it is DRAINING. Draining one that drains already sets its
 * deadline anew.
 *
 * @throws ERR_OPTION if the job neither runs nor drains
 */
export async function drainJob(control: JobControl, options: DrainOptions = {}): Promise<void> {
  const { deployment, world, subscriptions, ticks } = control;
  const { plan } = deployment;
  const { sources } = subscriptionsOf(plan);
  const allowed = (job: Job): void => requireState(job, "drained", ["RUNNING", "DRAINING"]);
  const before = await changeJob(plan, world.store, (job) => void allowed(job));
  if (before.state === "RUNNING") {
    if (options.takeBacklogMs !== undefined) await untilSilent(control, options.takeBacklogMs);
    const configs = await subscriptions.configs(sources);
    await changeJob(plan, world.store, (job) => {
      allowed(job);
      return stopping(job, configs, world.clock.nowMs());
    });
    await subscriptions.stop(sources);
    await untilAnswered(control, sources);
  }
  const { timeoutMs } = options;
  const untilMs = timeoutMs === undefined ? undefined : world.clock.nowMs() + timeoutMs;
  await drain(plan, world, ticks, untilMs);
}

/**
 * Sets every topic's watermark to +∞ and has unbounded reads cut short, so that all windows fire and
 * the job comes to DONE. What comes in later is late.
 *
 * @param untilMs - processing time from which on a sink that refuses gets no more
 * @throws ERR_OPTION if the pipeline was never launched
 */
export async function drain(
  plan: MeshPlan,
  world: World,
  ticks: Ticks,
  untilMs?: number,
): Promise<void> {
  await changeJob(plan, world.store, (job) => {
    if (job.state !== "RUNNING" && job.state !== "DRAINING") return undefined;
    return { ...job, state: "DRAINING", ...(untilMs !== undefined && { drainUntilMs: untilMs }) };
  });
  await ticks.ensure();
}

/** Resolves when no delivery of the sources is out: so the world says, or so long none may take. */
export async function untilAnswered(
  { deployment, world, subscriptions }: JobControl,
  sources: readonly string[],
): Promise<void> {
  if (sources.length === 0) return;
  const { clock } = world;
  const endMs = clock.nowMs() + deployment.options.answerMsMax;
  while (clock.nowMs() < endMs) {
    if ((await look(clock, () => subscriptions.outstanding(sources))) === 0) return;
    await clock.sleep(Math.max(0, Math.min(POLL_MS, endMs - clock.nowMs())));
  }
}

/** Resolves when the sources have given nothing for so long. */
async function untilSilent({ world }: JobControl, silentMs: number): Promise<void> {
  const { clock, store } = world;
  let lastMs = clock.nowMs();
  for (;;) {
    const { job, registers } = await look(clock, () => store.snapshot());
    const { sources } = JSON.parse(job?.text ?? '{"sources":{}}') as Job;
    for (const { lastAtMs } of Object.values(sources)) lastMs = Math.max(lastMs, lastAtMs);
    for (const { text } of registers) lastMs = Math.max(lastMs, decodeRegister(text).atMs);
    const leftMs = lastMs + silentMs - clock.nowMs();
    if (leftMs <= 0) return;
    await clock.sleep(Math.min(1_000, leftMs));
  }
}
