/**
 * Pipeline: one query between a source of events and files of results.
 *
 * Owns: both sources, the sink and the form of a line of results. Does not own: the queries, and
 * publishing the events of a streaming run.
 */
import { files, type Pipeline, pipeline, pubsub, watermarks } from "tidemark";
import { NEXMARK_DEFAULTS, type NexmarkConfiguration } from "./generator/config.ts";
import { type NexmarkEvent, nexmarkEvents } from "./generator/events.ts";
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
  const timestamp = (event: NexmarkEvent): number => event.timestamp;
  const watermark = watermarks.boundedOutOfOrderness(disorderMs);
  return pipeline(`nexmark-q${query}`, (p) => {
    const input =
      mode === "batch"
        ? p.create(nexmarkEvents(config), { timestamp })
        : p.read(pubsub.topic<NexmarkEvent>(EVENTS_TOPIC, { timestamp, watermark }));
    input
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
