/**
 * Elements: what a PCollection holds, after a run in memory.
 *
 * Owns: the way from a transform under test to its elements, panes and dead letters. Values come back
 * as they were, Maps and dates too.
 */
import type { PlayOptions } from "../../emulators/testing/memory-play.ts";
import type { Json } from "../../sdk/coders/coder.ts";
import { anyCoder } from "../../sdk/coders/json-coder.ts";
import {
  type PaneInfo,
  type PCollection,
  pipeline,
  pubsub,
  type Root,
  type Source,
  type Window,
  watermarks,
} from "../../sdk/index.ts";
import { runInMemory } from "./run-memory.ts";

/** An element that came out. */
export interface OutElement<T> {
  readonly element: T;
  readonly timestamp: number;
  readonly window: Window;
  readonly pane: PaneInfo;
}

/** What was set aside. */
export interface OutLetter {
  readonly element?: unknown;
  readonly data?: string;
  readonly error: { readonly code: string; readonly message: string };
}

/** What came out of a run. */
export interface Elements<T> {
  readonly out: readonly OutElement<T>[];
  /** The elements alone, sorted by their JSON. */
  readonly sorted: readonly T[];
  readonly dead: readonly OutLetter[];
}

/** Runs what `build` makes, and returns its elements. */
export async function elementsOf<T>(
  build: (p: Root) => PCollection<T>,
  options: PlayOptions = {},
): Promise<Elements<T>> {
  const sink = pubsub.topic<T>("out", {
    encode: (element, { timestamp, window, pane }) =>
      JSON.stringify({ element: anyCoder.encode(element), timestamp, window, pane }),
  });
  const run = await runInMemory(
    pipeline("elements", (p) => build(p).write(sink)),
    options,
  );
  const out = run
    .messages<OutElement<Json>>("out")
    .map((one): OutElement<T> => ({ ...one, element: anyCoder.decode(one.element) as T }));
  return {
    out,
    sorted: sortedByJson(out.map(({ element }) => element)),
    dead: run.messages<OutLetter>(run.mesh.plan.deadLetterTopic),
  };
}

/** Values in an order that does not depend on where they came from. */
export function sortedByJson<T>(values: readonly T[]): T[] {
  const text = (value: T): string => JSON.stringify(anyCoder.encode(value)) ?? "";
  return [...values].sort((a, b) => (text(a) < text(b) ? -1 : 1));
}

/** An element with its event time, as tests publish it. */
export interface Timed<V> {
  readonly at: number;
  readonly v: V;
}

/** A topic of timed elements whose watermark is the newest event time: what is older is late. */
export function timedTopic<V>(name: string): Source<Timed<V>> {
  return pubsub.topic<Timed<V>>(name, {
    timestamp: ({ at }) => at,
    watermark: watermarks.boundedOutOfOrderness(0),
  });
}

/** Few elements in each bundle, so that a small input makes several of them. */
export const SMALL_BUNDLES: PlayOptions = {
  engine: { bundleElementsMax: 2, chunkElementsMax: 3, groupMessagesMax: 3 },
};
