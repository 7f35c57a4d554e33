/**
 * Pipeline: one query between a source of events and files of results.
 *
 * Owns: both sources, the sink and the form of a line of results. Does not own: the queries, and
 * publishing the events of a streaming run.
 */
import {
  files,
  OffsetRangeTracker,
  type Pipeline,
  pipeline,
  pubsub,
  type Source,
  splitOffsetRange,
  splittable,
  watermarks,
} from "tidemark";
import { NEXMARK_DEFAULTS, type NexmarkConfiguration } from "./generator/config.ts";
import { type NexmarkEvent, nexmarkEventAt } from "./generator/events.ts";
import type { NexmarkMode, NexmarkQuery } from "./queries/nexmark-query.ts";

/** The topic that a streaming run reads. */
export const EVENTS_TOPIC = "nexmark-events";

/** What a run may set. */
export interface RunSettings {
  /** What differs from Beam's defaults. */
  readonly config: Partial<NexmarkConfiguration>;
  readonly mode: NexmarkMode;
  /** Where results and logs go. */
  readonly folder: string;
}

/** What a pipeline is built from: plain data, which travels in a variable of the environment. */
export interface PipelineSettings extends RunSettings {
  /** How far in event time a message may come behind a later one. */
  readonly disorderMs: number;
}

/** A result, and the pane in which it came. */
export interface ResultLine<T = unknown> {
  readonly result: T;
  readonly windowStartMs: number;
  readonly windowEndMs: number;
  readonly timing: string;
  readonly paneIndex: number;
}

/** Returns the pipeline of a query. */
export function nexmarkPipeline(
  { query, build }: NexmarkQuery,
  { config: given, mode, disorderMs, folder }: PipelineSettings,
): Pipeline {
  const config = { ...NEXMARK_DEFAULTS, ...given };
  return pipeline(`nexmark-q${query}`, (p) => {
    p.read(mode === "batch" ? boundedEvents(config) : eventsTopic(disorderMs), { name: "events" })
      .apply("query", (all) => build(all, { ...config, mode, logFolder: `${folder}/logs` }))
      .write(
        files.ndjson<object>(`${folder}/results`, {
          row: (result, { window, pane }): ResultLine => ({
            result,
            windowStartMs: window.start,
            windowEndMs: window.end,
            timing: pane.timing,
            paneIndex: pane.index,
          }),
        }),
      );
  });
}

/** Makes each event where it is read. */
function boundedEvents(config: NexmarkConfiguration): Source<NexmarkEvent> {
  const eventAt = nexmarkEventAt(config);
  return splittable<NexmarkEvent>({
    name: "nexmark events",
    bounded: true,
    initialRestriction: () => ({ from: 0, to: config.events }),
    split: (range, wanted) => splitOffsetRange(range, wanted),
    newTracker: (range) => new OffsetRangeTracker(range),
    process(tracker, out) {
      for (let i = tracker.currentRestriction().from; tracker.tryClaim(i); i++) {
        const event = eventAt(i);
        out.output(event, { timestamp: event.timestamp });
      }
    },
  });
}

function eventsTopic(disorderMs: number): Source<NexmarkEvent> {
  return pubsub.topic<NexmarkEvent>(EVENTS_TOPIC, {
    timestamp: (event) => event.timestamp,
    watermark: watermarks.boundedOutOfOrderness(disorderMs),
  });
}
