/**
 * Quiesce: a running job comes to rest, so that its state can be copied or replaced.
 *
 * Owns: stopping deliveries in the right order, waiting until nothing is on its way, and putting
 * everything back where that takes too long. Does not own: what is then done with the state
 * (snapshot.ts, update.ts, restore.ts), or going on (resume.ts).
 *
 * QU1. At rest no bundle is on its way, by heads and confirmed registers, and the versions that are
 *      returned are those of one moment: a head that is read at its version then belongs to it.
 * QU2. What a register plans that is not confirmed may be on its way still: its messages come again,
 *      and it stays.
 * QU3. Whoever finds a job that is coming to rest may bring it to rest, or let it go on. Its mailboxes
 *      may stand still then with bundles on their way: those are let in first, for nobody else does. A
 *      seal of before is void then. A job whose state is half moved is not touched.
 */
import type { MeshPlan } from "../../sdk/compile/plan.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import { advanceMessage } from "../advance.ts";
import { type Job, type JobChange, sourceOf } from "../job.ts";
import type { MeshSnapshot, OutgoingMessage } from "../ports.ts";
import { registerId } from "../register.ts";
import { addMetrics, confirmed, decodeHeads, openRegisters, removable } from "../registers.ts";
import { advanceSource } from "../source-watermark.ts";
import { bundlesInFlight, type MeshView } from "../watermark.ts";
import { changeJob } from "./change-job.ts";
import { untilAnswered } from "./drain.ts";
import { halfMoved, type JobControl, requireState, stopping, withChange } from "./job-control.ts";
import { look } from "./look.ts";
import { resume } from "./resume.ts";
import { subscriptionsOf } from "./subscription-names.ts";

/** A job at rest. */
export interface Quiet {
  readonly job: Job;
  /** The mesh as of one moment, with what is left of its registers. */
  readonly mesh: MeshSnapshot;
}

/** How a job is brought to rest. */
export interface QuiesceOptions {
  /** What it is to rest for. */
  readonly change: JobChange;
  /** Named by the job once it rests: its shards may then be sealed (seal.ts). */
  readonly seal?: string;
  /** How long what is on its way may take, each time that deliveries were stopped, in ms. */
  readonly timeoutMs: number;
}

const POLL_MS = 200;

/** How often mailboxes are stopped, should more be sent each time. */
const ATTEMPTS_MAX = 5;

/** A read that has not answered is told again after this, in ms. */
const TELL_AGAIN_MS = 2_000;

/**
 * Brings a running job to rest.
 *
 * @throws ERR_UPDATE_TIMEOUT if it does not come to rest in time; it runs on then
 * @throws ERR_OPTION if it does not run
 */
export async function quiesce(control: JobControl, options: QuiesceOptions): Promise<Quiet> {
  const { deployment, world, subscriptions } = control;
  const { plan } = deployment;
  const { sources, mailboxes, all } = subscriptionsOf(plan);
  const configs = await subscriptions.configs(all);
  let isTakenUp = false;
  await changeJob(plan, world.store, (job) => {
    isTakenUp = job.state === "UPDATING";
    if (isTakenUp) return unsealed(job); // Another caller has begun, and was cut off.
    requireState(job, "brought to rest", ["RUNNING"]);
    const { change } = options;
    return { ...stopping(job, configs, world.clock.nowMs()), state: "UPDATING", change };
  });
  try {
    await subscriptions.stop(sources);
    await untilAnswered(control, sources);
    if (isTakenUp) await letInWaiting(control, mailboxes);
    const mesh = await untilAllStill(control, mailboxes, options.timeoutMs);
    return await atRest(control, mesh, options);
  } catch (error) {
    await resume(control);
    throw error;
  }
}

/** @throws ERR_OPTION if the state is half moved */
function unsealed(job: Job): Job | undefined {
  const { change } = job;
  if (change?.phase === "moving") throw halfMoved(job);
  if (change?.seal === undefined) return undefined;
  const { seal: _, ...rest } = change;
  return { ...job, change: rest };
}

/** Stops the mailboxes when nothing is on its way, and lets in once more what came up meanwhile. */
async function untilAllStill(
  control: JobControl,
  mailboxes: readonly string[],
  timeoutMs: number,
): Promise<MeshSnapshot> {
  const { deployment, world, subscriptions } = control;
  const { plan } = deployment;
  for (let attempt = 1; ; attempt++) {
    await untilStill(control, timeoutMs);
    await subscriptions.stop(mailboxes);
    await untilAnswered(control, mailboxes);
    const mesh = await look(world.clock, () => world.store.snapshot());
    const job = jobOf(mesh);
    const inFlight = inFlightOf(plan, mesh, job);
    if (inFlight.length === 0) return mesh;
    if (attempt >= ATTEMPTS_MAX) throw tooLate(job, inFlight);
    await letIn(control, mailboxes, job); // An instance that was cut off has sent more.
  }
}

/** Lets in what waits where a caller who was cut off has stopped the mailboxes (QU3). */
async function letInWaiting(control: JobControl, mailboxes: readonly string[]): Promise<void> {
  const { deployment, world } = control;
  const { plan } = deployment;
  const mesh = await look(world.clock, () => world.store.snapshot());
  const job = jobOf(mesh);
  const reads = readsToTell(plan, mesh, job, world.clock.nowMs());
  const isWaiting = reads.length > 0 || inFlightOf(plan, mesh, job).length > 0;
  if (isWaiting) await letIn(control, mailboxes, job);
}

/** Has mailboxes that were stopped deliver again; state that is being moved takes nothing in. */
async function letIn(
  { subscriptions }: JobControl,
  mailboxes: readonly string[],
  { stopped, change }: Job,
): Promise<void> {
  if (change?.phase !== "stopping") return;
  const configs = Object.entries(stopped?.configs ?? {});
  const ofMailboxes = configs.filter(([name]) => mailboxes.includes(name));
  await subscriptions.start(Object.fromEntries(ofMailboxes));
}

/** Waits until nothing is on its way, and tells reads to wait meanwhile. */
async function untilStill(
  { deployment, world }: JobControl,
  timeoutMs: number,
): Promise<MeshSnapshot> {
  const { plan } = deployment;
  const { clock, store, mailboxes } = world;
  const endMs = clock.nowMs() + timeoutMs;
  let toldMs = Number.NEGATIVE_INFINITY;
  for (;;) {
    const mesh = await look(clock, () => store.snapshot());
    const job = jobOf(mesh);
    const inFlight = inFlightOf(plan, mesh, job);
    const nowMs = clock.nowMs();
    const reads = readsToTell(plan, mesh, job, nowMs);
    if (inFlight.length === 0 && reads.length === 0) return mesh;
    if (nowMs >= endMs) throw tooLate(job, inFlight);
    if (reads.length > 0 && toldMs <= nowMs - TELL_AGAIN_MS) {
      await mailboxes.publish(reads);
      toldMs = nowMs;
    }
    await clock.sleep(POLL_MS);
  }
}

/** What is on its way, by stage; none is left out but what unconfirmed registers plan (QS2). */
function inFlightOf(plan: MeshPlan, mesh: MeshSnapshot, job: Job): [stage: string, n: number][] {
  const registers = openRegisters(mesh, job);
  const view: MeshView = {
    plan,
    heads: decodeHeads(mesh),
    registers: confirmed(registers, registers),
    sources: {},
  };
  return [...bundlesInFlight(view)].filter(([, bundles]) => bundles > 0);
}

/** Shards that may read on by messages to themselves, and have not been told to wait. */
function readsToTell(
  plan: MeshPlan,
  mesh: MeshSnapshot,
  job: Job,
  nowMs: number,
): OutgoingMessage[] {
  const reading = plan.stages.filter(
    ({ kind, shuffle }) => kind === "read" || shuffle?.kind === "readEach",
  );
  const heads = decodeHeads(mesh);
  return reading.flatMap(({ id, shards }) =>
    Array.from({ length: shards }, (_, shard) => shard)
      .filter((shard) => {
        const head = heads.get(`${id}/${shard}`);
        return head !== undefined && head.isStill !== true;
      })
      .map((shard) => {
        const no = { synchronizedMs: undefined, drains: false, proves: false };
        const told = { stage: id, shard, ...no, pauses: true };
        return advanceMessage(plan, job, told, nowMs);
      }),
  );
}

/** Takes the registers of what has arrived out, and counts what they observed and counted. */
async function atRest(
  { deployment, world }: JobControl,
  mesh: MeshSnapshot,
  { change, seal }: QuiesceOptions,
): Promise<Quiet> {
  const { plan } = deployment;
  const before = jobOf(mesh);
  const all = openRegisters(mesh, before);
  const removed = removable(all, decodeHeads(mesh), Number.NEGATIVE_INFINITY);
  const sources = Object.fromEntries(
    plan.stages.flatMap(({ id, ingest }) => {
      if (ingest === undefined) return [];
      const observed = all.flatMap(({ stage, observed: seen, atMs }) =>
        stage === id && seen !== undefined ? [{ ...seen, atMs }] : [],
      );
      // As of when it was stopped: the time since then is no silence of the source.
      const atMs = before.stopped?.atMs ?? world.clock.nowMs();
      return [[id, advanceSource(sourceOf(before, id), ingest.watermark, observed, atMs)]];
    }),
  );
  const ingest = addMetrics(before, confirmed(removed, all));
  const rested: Job = { ...before, sources, ingest };
  const job = seal === undefined ? rested : withChange(rested, { ...change, seal });
  const gone = new Set(removed.map(registerId));
  const version = mesh.job?.version ?? 0;
  const record = { version: version + 1, text: JSON.stringify(job) };
  await world.store.commitJob({
    previousVersion: version,
    job: record,
    registersToPut: [],
    registersToDelete: [...gone],
  });
  const registers = mesh.registers.filter(({ id }) => !gone.has(id));
  return { job, mesh: { ...mesh, registers, job: record } };
}

/** Returns the job of a mesh that was launched. */
function jobOf({ job }: MeshSnapshot): Job {
  return JSON.parse(job?.text ?? "{}") as Job;
}

function tooLate({ pipeline }: Job, inFlight: readonly (readonly [string, number])[]): MeshError {
  const words =
    inFlight.length === 0
      ? "a read had not ended its chunk"
      : inFlight
          .map(([stage, n]) => `${n} ${n === 1 ? "bundle" : "bundles"} to ${stage}`)
          .join(", ");
  return new MeshError(
    "ERR_UPDATE_TIMEOUT",
    `Pipeline ${pipeline} did not come to rest in time: still on the way: ${words}. ` +
      "Everything was put back, and it runs on.",
  );
}
