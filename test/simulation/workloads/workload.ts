/**
 * Workload: a pipeline with its input and the answer, and what workloads share.
 */

import { seededRandom } from "../../../emulators/memory/seeded-random.ts";
import type { JobState } from "../../../functions/job.ts";
import type { EngineOptions } from "../../../functions/options.ts";
import { firestore, type Pipeline } from "../../../sdk/index.ts";
import { mergeByKey } from "../../support/oracle.ts";
import type { SimulatedMesh } from "../world/simulated-mesh.ts";

/** A pipeline with its input and the answer. */
export interface Workload {
  readonly name: string;
  readonly pipeline: Pipeline;
  /** Streaming: publishes the input while time goes on. */
  readonly feed?: (mesh: SimulatedMesh) => Promise<void>;
  readonly answer: Readonly<Record<string, unknown>>;
  /** Figures of the engine that it needs otherwise. */
  readonly engine?: Partial<EngineOptions>;
  /** The state in which the job ends; DONE where left out. */
  readonly endsAs?: JobState;
  /** Elements that are late because the source says so, and that must be dropped; 0 where left out. */
  readonly droppedLate?: number;
  /** How many more may be dropped, where messages stay with their source: they count for the next job. */
  readonly mayDrop?: (mesh: SimulatedMesh) => number;
  /** Elements that the user's code does not take; 0 where left out, any where some fail again. */
  readonly deadLetters?: number | "any";
  /** Reads real files, whose calls the scheduler must wait for. */
  readonly usesFiles?: boolean;
  /** What else happens, at times counted from the launch. */
  readonly actions?: readonly Action[];
  /** What the mesh wrote, in the form of the answer. */
  readonly result: (
    mesh: SimulatedMesh,
  ) => Record<string, unknown> | Promise<Record<string, unknown>>;
}

/** Something that is done to the mesh while it runs: a pause, an update, all instances at once gone. */
export interface Action {
  readonly atMs: number;
  readonly run: (mesh: SimulatedMesh) => Promise<void> | void;
}

export interface Event {
  readonly key: string;
  readonly value: number;
  readonly time: number;
}

export const MINUTE_MS = 60_000;

export const originMs = Date.UTC(2026, 0, 1);

export function eventsOf(seed: number, length: number): Event[] {
  const { fraction } = seededRandom(seed);
  return Array.from({ length }, (_, i) => ({
    key: `k${Math.floor(fraction() * 7)}`,
    value: Math.floor(fraction() * 100),
    time: originMs + i * 5 - Math.floor(fraction() * 200),
  }));
}

/** 20 ms of event time in 800 ms of processing time: a delay of seconds stays within bounds. */
export async function publishAll(
  mesh: SimulatedMesh,
  events: readonly Event[],
  topic = "events",
): Promise<void> {
  for (let i = 0; i < events.length; i += 4) {
    await mesh.publish(topic, events.slice(i, i + 4));
    await mesh.runFor(800);
  }
}

export function documents(mesh: Pick<SimulatedMesh, "store">): Record<string, unknown> {
  const entries = [...mesh.store.documents("out")];
  return Object.fromEntries(entries.map(([id, fields]) => [id, fields["value"]]));
}

export const keyed = firestore.collection<{ key: unknown; value: unknown }>("out", {
  id: (pair) => String(pair.key),
  fields: ({ value }) => ({ value }),
});

/** Several panes of a window: one document each. */
export const paned = firestore.collection<{ key: unknown; value: unknown }>("out", {
  id: (pair, { window, pane }) => `${pair.key}@${window.start}#${pane.index}`,
  fields: ({ value }) => ({ value }),
});

/** Sums the panes of a key and window. */
export function mergedPanes(mesh: Pick<SimulatedMesh, "store">): Record<string, unknown> {
  const panes = Object.entries(documents(mesh)).map(
    ([id, value]) => [id.split("#")[0] ?? "", Number(value)] as const,
  );
  return mergeByKey(panes);
}
