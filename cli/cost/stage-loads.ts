/**
 * Stage loads: a plan and its workload → what each function does in a month, as the clouds bill it.
 *
 * Owns: the formula, which docs/cost.md tells. Pure. Does not own: its assumptions (workload.ts), or
 * what an operation costs (estimate.ts).
 *
 * Events come at random and evenly over the active hours. Between two that come far apart nothing is
 * gathered: each has a group commit and an activation of its own, and a tick or two.
 */

import { DEFAULT_OPTIONS } from "../../functions/options.ts";
import type { MeshPlan, StagePlan } from "../../sdk/compile/plan.ts";
import type { Outputs } from "./outputs.ts";
import {
  CPU_S_PER_ELEMENT,
  ELEMENT_BYTES,
  type Flow,
  firesPanes,
  LOG_ENTRY_BYTES,
  REQUEST_S,
  type Workload,
} from "./workload.ts";

/** What one function does in a month. */
export interface Load {
  readonly requests: number;
  /** Time in which at least one request is on, of all instances. */
  readonly busySeconds: number;
  /** Bytes of Pub/Sub, of publishing and of pushing, each request counted as it is billed. */
  readonly pubsubBytes: number;
  readonly documentsRead: number;
  readonly documentsWritten: number;
  readonly documentsDeleted: number;
  readonly taskOperations: number;
  /** Of watermarks, which the tracker logs. */
  readonly logBytes: number;
  /** Of the metric that is made of them. */
  readonly metricBytes: number;
}

/** All that the formula needs. */
export interface LoadInput {
  readonly plan: MeshPlan;
  readonly workload: Workload;
  readonly flow: Flow;
  readonly outputs: ReadonlyMap<string, Outputs>;
  readonly requestBytesMin: number;
}

/** Requests are billed by tenths of a second. */
const BILLED_S_MIN = 0.1;
/** An activation that finds its shard closed reads head and parts. */
const READS_PER_OPENING = 2;
/** An instance without requests ends after about this. Source: Cloud Run, "up to 15 minutes". */
const INSTANCE_IDLE_S = 900;
/** A value of a distribution. Source: the pricing page of Google Cloud Observability. */
const METRIC_POINT_BYTES = 80;
/** State goes into a segment, and once more into the one that it is merged with. */
const WRITES_PER_SEGMENT = 2;

interface Rates {
  /** Activations or group commits a month that give elements. */
  readonly sending: number;
  readonly load: Load;
}

/** Returns the load of each stage, and of the tracker under the name `tracker`. */
export function stageLoads(input: LoadInput): ReadonlyMap<string, Load> {
  const { plan, workload } = input;
  const rates = new Map<string, Rates>();
  for (const stage of plan.stages) {
    rates.set(
      stage.id,
      stage.kind === "shuffle" ? shuffleRates(input, stage, rates) : sourceRates(input, stage),
    );
  }
  const loads = new Map<string, Load>();
  for (const [id, { load }] of rates) loads.set(id, load);
  const groups = plan.stages
    .filter(({ kind }) => kind === "ingest")
    .reduce((total, { id }) => total + (rates.get(id)?.sending ?? 0), 0);
  loads.set("tracker", trackerLoad(plan, workload, groups));
  return loads;
}

function sourceRates(input: LoadInput, stage: StagePlan): Rates {
  const { workload, flow } = input;
  const events = workload.eventsPerMonth * (flow.get(stage.id)?.inPerEvent ?? 0);
  const isRead = stage.kind === "read";
  const perSecond = events / activeSeconds(workload);
  // While one group is on its way, the next one gathers.
  const groups = isRead
    ? events / DEFAULT_OPTIONS.chunkElementsMax
    : events / Math.min(DEFAULT_OPTIONS.groupMessagesMax, 1 + perSecond * REQUEST_S);
  // A confirmation rides on the next register, if there is one while the group is on its way.
  const confirmations = isRead ? 0 : groups * Math.exp(-perSecond * REQUEST_S);
  const requests = isRead ? groups : events;
  const out = sent(input, stage, groups);
  const pushed = isRead ? 0 : events * Math.max(input.requestBytesMin, workload.eventBytes);
  const load = {
    requests,
    busySeconds: busySeconds(workload, requests, events),
    pubsubBytes: pushed + out.bytes,
    documentsRead: isRead ? groups : 0,
    documentsWritten: groups + confirmations + out.documents,
    // Registers are deleted by the tracker, the head of a read by its successor.
    documentsDeleted: isRead ? groups : 0,
    taskOperations: 0,
    logBytes: 0,
    metricBytes: 0,
  };
  return { sending: groups, load };
}

function shuffleRates(
  input: LoadInput,
  stage: StagePlan,
  before: ReadonlyMap<string, Rates>,
): Rates {
  const { plan, workload, flow } = input;
  const { inPerEvent, outPerEvent } = flow.get(stage.id) ?? { inPerEvent: 0, outPerEvent: 0 };
  const elements = workload.eventsPerMonth * inPerEvent;
  const edges = plan.edges.filter(({ to }) => to === stage.id);
  const bundles = edges.reduce((sum, { from, side }) => {
    const sending = before.get(from)?.sending ?? 0;
    return sum + bundlesSent(elements / edges.length, sending, stage.shards, side !== undefined);
  }, 0);
  const panes = workload.eventsPerMonth * outPerEvent;
  const advances = firesPanes(stage) ? advancesOf(stage, panes, workload) : 0;
  const requests = bundles + advances;
  const out = sent(input, stage, firesPanes(stage) ? advances : bundles);
  const segments =
    ((elements * ELEMENT_BYTES) / DEFAULT_OPTIONS.memtableBytesMax) * WRITES_PER_SEGMENT;
  const load = {
    requests,
    busySeconds: busySeconds(workload, requests, elements + panes),
    pubsubBytes: billedBytes(input, requests, elements * ELEMENT_BYTES) + out.bytes,
    documentsRead: openings(workload, requests, elements) * READS_PER_OPENING,
    documentsWritten: requests + segments + out.documents,
    documentsDeleted: requests + segments,
    taskOperations: 0,
    logBytes: 0,
    metricBytes: 0,
  };
  return { sending: firesPanes(stage) ? advances : bundles, load };
}

/** Bundles in which elements reach a stage: of each sender's step one for each shard that it meets. */
function bundlesSent(elements: number, steps: number, shards: number, toAll: boolean): number {
  if (steps === 0 || elements === 0) return 0;
  const perStep = elements / steps;
  if (toAll) return Math.min(steps, elements) * shards;
  const met = shards * (1 - (1 - 1 / shards) ** Math.max(1, perStep));
  return Math.min(elements, steps) * met;
}

/** Messages by which the tracker tells shards that a window has ended. */
function advancesOf(stage: StagePlan, panes: number, workload: Workload): number {
  const periodMs = Math.max(workload.freshnessMs, windowPeriodMs(stage));
  const moments = (activeSeconds(workload) * 1_000) / periodMs;
  return Math.min(panes, stage.shards * moments);
}

/** How far apart windows end: at those moments alone the tracker has something to tell. */
function windowPeriodMs({ shuffle }: StagePlan): number {
  const windowFn = shuffle?.windowing.windowFn;
  if (windowFn?.kind === "fixed") return windowFn.sizeMs;
  if (windowFn?.kind === "sliding") return windowFn.periodMs;
  return 0;
}

/** What a stage gives: bundles for others are theirs to count, sinks are its own. */
function sent(
  input: LoadInput,
  stage: StagePlan,
  steps: number,
): { readonly bytes: number; readonly documents: number } {
  const use = input.outputs.get(stage.id) ?? { documents: 0, messages: 0 };
  const elements = input.workload.eventsPerMonth * (input.flow.get(stage.id)?.outPerEvent ?? 0);
  const messages = elements * use.messages;
  const requests = Math.min(messages, steps);
  return {
    bytes: billedBytes(input, requests, messages * ELEMENT_BYTES) / 2,
    documents: elements * use.documents,
  };
}

/** Published and pushed. */
function billedBytes({ requestBytesMin }: LoadInput, requests: number, bytes: number): number {
  return 2 * Math.max(requests * requestBytesMin, bytes);
}

function trackerLoad(plan: MeshPlan, workload: Workload, groups: number): Load {
  const ticks = periodsWithTick(workload, groups, workload.freshnessMs);
  const logMs = Math.max(workload.freshnessMs, DEFAULT_OPTIONS.watermarkLogMs);
  const logged = periodsWithTick(workload, groups, logMs) * plan.stages.length;
  const heads = plan.stages.reduce((count, { shards }) => count + shards, 0);
  const registers = ticks === 0 ? 0 : Math.max(1, groups / ticks);
  return {
    requests: ticks,
    busySeconds: busySeconds(workload, ticks, 0),
    pubsubBytes: 0,
    documentsRead: ticks * (heads + registers + 1),
    documentsWritten: ticks,
    documentsDeleted: ticks + groups,
    // Each function asks for the tick of a period; all but one hear that it is there already.
    taskOperations: ticks * (1 + plan.stages.length),
    logBytes: logged * LOG_ENTRY_BYTES,
    metricBytes: logged * METRIC_POINT_BYTES,
  };
}

/** Periods of the month in which the tracker runs. */
function periodsWithTick(workload: Workload, groups: number, periodMs: number): number {
  const periods = (activeSeconds(workload) * 1_000) / periodMs;
  // An event that comes alone is seen by the tick after it and by the one that finds all at rest.
  return periods * (1 - Math.exp((-2 * groups) / periods));
}

/** Openings of a shard that another instance had last, or whose instance had nothing to do and ended. */
function openings(workload: Workload, requests: number, elements: number): number {
  const instances = Math.max(1, Math.ceil(cpuShare(workload, elements)));
  const perSecond = requests / activeSeconds(workload);
  const isCold = Math.exp(-perSecond * INSTANCE_IDLE_S);
  return requests * Math.max(isCold, 1 - 1 / instances);
}

function cpuShare(workload: Workload, elements: number): number {
  return (elements * CPU_S_PER_ELEMENT) / (activeSeconds(workload) * workload.vcpus);
}

/**
 * Time that is billed: at least one request is on, or as many instances as the elements need. With
 * requests at random the share of time without any is e to the minus of their rate times length.
 */
function busySeconds(workload: Workload, requests: number, elements: number): number {
  const seconds = activeSeconds(workload);
  const length = Math.max(BILLED_S_MIN, REQUEST_S);
  const someOn = 1 - Math.exp((-requests / seconds) * length);
  return seconds * Math.max(someOn, cpuShare(workload, elements));
}

function activeSeconds({ activeHours }: Workload): number {
  return activeHours * 3_600;
}
