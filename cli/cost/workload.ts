/**
 * Workload: what comes in a month, and what each stage makes of it.
 *
 * Owns: the figures that a plan does not hold, and what is assumed of those that nobody gave.
 * Does not own: measuring them (measured-flow.ts).
 *
 * Every assumption stands here under its name, and docs/cost.md says the same.
 */
import type { MeshPlan, StagePlan } from "../../sdk/compile/plan.ts";

/** What comes in, and how it is to be treated. */
export interface Workload {
  readonly eventsPerMonth: number;
  /** Hours of the month over which events come; fewer are a burst. */
  readonly activeHours: number;
  /** Of one event's message, without the request around it. */
  readonly eventBytes: number;
  /** How often the tracker runs while something is going on. */
  readonly freshnessMs: number;
  readonly vcpus: number;
  readonly memoryGib: number;
}

/** What one event brings to a stage, in the mean. */
export interface StageFlow {
  /** Elements, or accumulators of a lifted combine, that reach it. */
  readonly inPerEvent: number;
  /** Elements that it gives to each of its outputs. */
  readonly outPerEvent: number;
}

/** What one event brings to each stage. */
export type Flow = ReadonlyMap<string, StageFlow>;

/** Hours of a month of 730. */
export const MONTH_HOURS = 730;
/** An event of which nobody said how big it is. */
export const EVENT_BYTES = 600;
/** Elements that come to one pane of a grouping, where no sample tells. */
export const ELEMENTS_PER_PANE = 10;
/** Processor time of one element in one stage; `npm start` takes less on a busy machine. */
export const CPU_S_PER_ELEMENT = 0.000_5;
/** From a push to its answer: one Firestore commit and one publish. Not measured on Google Cloud. */
export const REQUEST_S = 0.08;
/** A bundle's bytes for each element, compressed. */
export const ELEMENT_BYTES = 100;
/** An entry of the tracker's log, about half of it what Cloud Logging adds. */
export const LOG_ENTRY_BYTES = 1_000;

/** Returns what an event brings to each stage where no sample tells: nothing is filtered out. */
export function assumedFlow(plan: MeshPlan): Flow {
  const sources = plan.stages.filter(({ kind }) => kind !== "shuffle").length;
  const flow = new Map<string, StageFlow>();
  for (const stage of plan.stages) {
    const edges = plan.edges.filter(({ to, side }) => to === stage.id && side === undefined);
    const inPerEvent =
      stage.kind === "shuffle"
        ? edges.reduce((sum, { from }) => sum + (flow.get(from)?.outPerEvent ?? 0), 0)
        : 1 / sources;
    const outPerEvent = firesPanes(stage) ? inPerEvent / ELEMENTS_PER_PANE : inPerEvent;
    flow.set(stage.id, { inPerEvent, outPerEvent });
  }
  return flow;
}

/** Whether a stage gives its elements when windows end, and not at once. */
export function firesPanes({ shuffle }: StagePlan): boolean {
  return shuffle?.kind === "groupByKey" || shuffle?.kind === "combinePerKey";
}
