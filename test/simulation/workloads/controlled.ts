/**
 * Workloads of job control: a stream that is paused, updated, restored, drained or cancelled in the
 * midst of traffic, while everything fails that can.
 */
import { cancel } from "../../../functions/control/cancel.ts";
import { drainJob } from "../../../functions/control/drain.ts";
import { pause } from "../../../functions/control/pause.ts";
import { restore } from "../../../functions/control/restore.ts";
import { resume } from "../../../functions/control/resume.ts";
import { newSnapshotId, snapshot } from "../../../functions/control/snapshot.ts";
import { abortUpdate, finishUpdate, prepareUpdate } from "../../../functions/control/update.ts";
import type { Deployment } from "../../../functions/deployment.ts";
import type { CompileOptions } from "../../../sdk/compile/plan.ts";
import { isMeshError } from "../../../sdk/model/errors.ts";
import type { SimulatedMesh } from "../world/simulated-mesh.ts";
import {
  answersOf,
  CALLED,
  controlled,
  type Names,
  otherNames,
  partsOf,
  resultsOf,
} from "./controlled-pipeline.ts";
import { type Event, publishAll, type Workload } from "./workload.ts";

/** What is done in the midst of a part of the input; undefined: nothing. */
type Act = ((mesh: SimulatedMesh) => Promise<void>) | undefined;

/** How long a job may take to come to rest, in ms. */
const REST_MS_MAX = 60_000;

/** How long a part may take to be taken, in ms: longer, and the checkers have something to say. */
const TAKEN_MS_MAX = 20 * 60_000;

/** How long a deploy takes for which somebody did not wait, in ms. */
const HASTY_MS = 3_000;

/** A command that is cut off ten times takes longer than a person's; ids are remembered meanwhile. */
const DEDUP_MS = 24 * 60 * 60_000;

/** Paused twice, and taken up again. */
export function paused(seed: number): Workload {
  const act = async ({ operator }: SimulatedMesh): Promise<void> => {
    await operator.untilDone(pause);
    await operator.wait((seed % 7) * 2_000);
    await operator.untilDone(resume);
  };
  return workload("paused and resumed", seed, [undefined, act, act]);
}

/** Updated to more shards than before. */
export function moreShards(seed: number): Workload {
  return workload("updated to more shards", seed, [undefined, toShards(seed, 3), undefined]);
}

/** Updated to more shards, and then to fewer. */
export function fewerShards(seed: number): Workload {
  return workload("updated to fewer shards", seed, [
    toShards(seed, 3),
    toShards(seed, 1),
    undefined,
  ]);
}

/** Updated to other names, two of them in exchange, and back. */
export function renamed(seed: number): Workload {
  const there = (mesh: SimulatedMesh): Promise<void> =>
    update(mesh, seed, { names: otherNames(seed) });
  const back = (mesh: SimulatedMesh): Promise<void> =>
    update(mesh, seed, { names: CALLED, from: otherNames(seed), compile: { shards: 2 } });
  return workload("updated under other names", seed, [undefined, there, back]);
}

/** Updates that end at some call, and are given again. */
export function cutOff(seed: number): Workload {
  const there = (mesh: SimulatedMesh): Promise<void> =>
    update(mesh, seed, {
      names: otherNames(seed),
      compile: { shards: 3 },
      cutOffAfter: (seed * 7) % 97,
    });
  const back = (mesh: SimulatedMesh): Promise<void> =>
    update(mesh, seed, { names: CALLED, from: otherNames(seed), cutOffAfter: (seed * 11) % 83 });
  return workload("updates cut off", seed, [undefined, there, back]);
}

/** Updates that end at some call, and are taken back. */
export function takenBack(seed: number): Workload {
  const act = async (mesh: SimulatedMesh): Promise<void> => {
    const { operator } = mesh;
    const next = controlled(seed, CALLED);
    const deployment = mesh.deploymentOf(next, { shards: 3 });
    const input = { deployment, timeoutMs: REST_MS_MAX };
    await operator.once((control) => prepareUpdate(control, input), (seed * 7) % 127);
    // Moved already: it can only go on.
    if ((await mesh.job())?.plan === deployment.plan.hash) {
      mesh.deploy(next, deployment);
      return finish(mesh);
    }
    await operator.untilDone(abortUpdate);
  };
  return workload("updates taken back", seed, [undefined, act, act]);
}

/** Taken back to a snapshot: what is computed again has the same ids. */
export function restored(seed: number): Workload {
  const act = async ({ operator }: SimulatedMesh): Promise<void> => {
    const id = await operator.untilDone(async (control) => {
      const each = newSnapshotId(control);
      await snapshot(control, each, REST_MS_MAX);
      return each;
    });
    await operator.wait((seed % 5) * 2_000);
    await operator.untilDone((control) => restore(control, id));
  };
  return workload("restored", seed, [undefined, act, undefined]);
}

/** Drained in the midst of traffic: what the sources had not given by then stays with them. */
export function drained(seed: number): Workload {
  const parts = partsOf(seed);
  const options = seed % 3 === 0 ? { takeBacklogMs: 3_000 } : {};
  const act = (mesh: SimulatedMesh): Promise<void> =>
    mesh.operator.untilDone(async (control) => {
      // Drained by a try of which nobody heard.
      if ((await mesh.job())?.state !== "DONE") await drainJob(control, options);
    });
  return {
    ...workload("drained", seed, [undefined, undefined, act], "left"),
    answer: { notBetween: [] },
    // An instance that took longer than a delivery may sends late what its source keeps.
    mayDrop: (mesh) => mesh.unacknowledged("events").length * mesh.plan.edges.length,
    result: (mesh) => ({ notBetween: notBetween(mesh, seed, parts.flat()) }),
  };
}

/** Cancelled with its state kept, and taken up again. */
export function cancelledAndResumed(seed: number): Workload {
  const act = async ({ operator }: SimulatedMesh): Promise<void> => {
    await operator.untilDone((control) => cancel(control, { keepsState: true }));
    await operator.wait((seed % 7) * 2_000);
    await operator.untilDone(resume);
  };
  return workload("cancelled and resumed", seed, [undefined, act, undefined]);
}

/** Cancelled: nothing runs afterwards, and what was written stays. */
export function cancelled(seed: number): Workload {
  const all = answersOf(seed, partsOf(seed).flat());
  const act = async ({ operator }: SimulatedMesh): Promise<void> => {
    await operator.untilDone((control) => cancel(control, { keepsState: false }));
    await operator.wait(4 * 60_000);
  };
  return {
    ...workload("cancelled", seed, [undefined, act, undefined], "left"),
    endsAs: "CANCELLED",
    answer: { wrong: [] },
    result: (mesh) => {
      const wrong = Object.entries(resultsOf(mesh)).flatMap(([collection, results]) =>
        Object.entries(results).filter(([id, value]) => all[collection]?.[id] !== value),
      );
      return { wrong: wrong.map(([id]) => id) };
    },
  };
}

/** A stream in three parts, with something done in the midst of each. */
function workload(
  name: string,
  seed: number,
  acts: readonly Act[],
  rest: "taken" | "left" = "taken",
): Workload {
  const parts = partsOf(seed);
  return {
    name,
    pipeline: controlled(seed, CALLED),
    engine: { dedupRetentionMs: DEDUP_MS },
    async feed(mesh) {
      let isTaken = true;
      for (const [i, events] of parts.entries()) {
        const before = 4 * (1 + ((seed + i) % 2));
        await publishAll(mesh, events.slice(0, before));
        const acting = acts[i]?.(mesh);
        acting?.catch(() => {}); // Awaited below.
        await publishAll(mesh, events.slice(before));
        if (acting !== undefined) await mesh.during(acting);
        if (acting !== undefined && rest === "left") isTaken = false;
        // A part is taken before the next begins: nothing of it is late, however long it waited.
        const endMs = mesh.nowMs + TAKEN_MS_MAX;
        const isWaiting = (): boolean => mesh.backlog("events") > 0 && mesh.nowMs < endMs;
        while (isTaken && isWaiting()) await mesh.runFor(1_000);
      }
    },
    answer: answersOf(seed, parts.flat()),
    result: resultsOf,
  };
}

function toShards(seed: number, shards: number): Act {
  return (mesh) => update(mesh, seed, { names: CALLED, compile: { shards } });
}

interface Update {
  readonly names: Names;
  /** Names of the transforms before; as now where left out. */
  readonly from?: Names;
  readonly compile?: CompileOptions;
  /** Calls after which each step ends at first; undefined: none does. */
  readonly cutOffAfter?: number;
}

/** Updates, and gives each step again until it is done. */
async function update(
  mesh: SimulatedMesh,
  seed: number,
  { names, from = CALLED, compile, cutOffAfter }: Update,
): Promise<void> {
  const next = controlled(seed, names);
  const deployment = mesh.deploymentOf(next, compile);
  const changed = from.map((old, i) => [old, names[i] ?? old] as const);
  const renames = Object.fromEntries(changed.filter(([old, name]) => old !== name));
  const input = { deployment, renames, timeoutMs: REST_MS_MAX };
  await mesh.operator.untilDone((control) => prepareUpdate(control, input), cutOffAfter);
  if (seed % 10 === 4) await finishTooEarly(mesh, deployment);
  mesh.deploy(next, deployment);
  // Functions stand before what pushes to them.
  if (seed % 10 === 9) await finishTooEarly(mesh, deployment);
  await finish(mesh, cutOffAfter === undefined ? undefined : cutOffAfter % 13);
}

/** Done, where old functions refuse until new ones stand, or refused, where topics are not there yet. */
async function finishTooEarly(mesh: SimulatedMesh, deployment: Deployment): Promise<void> {
  const { operator } = mesh;
  await operator
    .once((control) => finishUpdate({ ...control, deployment }))
    .catch((error: unknown) => {
      if (!isMeshError(error) || error.code !== "ERR_OPTION") throw error;
    });
  await operator.wait(HASTY_MS);
}

/** What stands in place is subscribed, and the job goes on. */
async function finish(mesh: SimulatedMesh, cutOffAfter?: number): Promise<void> {
  mesh.subscribe();
  await mesh.operator.untilDone(finishUpdate, cutOffAfter);
}

/** Results that are less than what was certainly taken, or more than what may have been. */
function notBetween(mesh: SimulatedMesh, seed: number, events: readonly Event[]): string[] {
  const left = mesh.unacknowledged("events").map(({ data }) => Buffer.from(data).toString());
  const most = answersOf(seed, events);
  const least = answersOf(
    seed,
    events.filter((event) => !left.includes(JSON.stringify(event))),
  );
  const { sessions: _, ...results } = resultsOf(mesh);
  const ids = Object.keys(most).flatMap((name) =>
    Object.keys(most[name] ?? {}).map((id) => [name, id] as const),
  );
  return ids.flatMap(([name, id]) => {
    const is = results[name]?.[id] ?? 0;
    const isBetween = is >= (least[name]?.[id] ?? 0) && is <= (most[name]?.[id] ?? 0);
    // Which sessions there are depends on what was taken.
    return name === "sessions" || isBetween ? [] : [`${name} ${id}: ${is}`];
  });
}
