/** Query 10, LOG_TO_SHARDED_FILES: all events, written to files by window, and an index of them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  afterAny,
  afterCount,
  afterEach,
  afterProcessingTime,
  afterWatermark,
  type DoFn,
  defaultTrigger,
  fixedWindows,
  type KV,
  orFinally,
  type PCollection,
  repeatedly,
  type TriggerSpec,
} from "tidemark";
import type { NexmarkEvent } from "../generator/events.ts";
import type { QuerySettings } from "./nexmark-query.ts";

/** A file that was written. */
interface LogFile {
  readonly file: string;
  readonly events: number;
}

/** All files of a window. */
export interface WindowIndex {
  readonly files: readonly string[];
  readonly events: number;
}

const SHARDS = 8;
const EVENTS_MAX = 100_000;
const LATE_BATCH = { seconds: 10 };

/** Before the end of a window, files of so many events; after it, what came late, now and then. */
const trigger: TriggerSpec = afterEach(
  orFinally(repeatedly(afterCount(EVENTS_MAX)), afterWatermark()),
  repeatedly(afterAny(afterCount(EVENTS_MAX), afterProcessingTime({ delay: LATE_BATCH }))),
);

/** Returns a row for each window whose files are written. */
export function logToShardedFiles(
  events: PCollection<NexmarkEvent>,
  { windowSizeMs, logFolder }: QuerySettings,
): PCollection<WindowIndex> {
  const allowedLateness = { days: 1 };
  return events
    .keyBy(shardOf, { name: "shard" })
    .windowInto(fixedWindows(windowSizeMs), {
      trigger,
      accumulation: "discarding",
      allowedLateness,
    })
    .groupByKey({ name: "events of a file" })
    .parDo(writeLog(logFolder), { name: "write file" })
    .keyBy(() => "index")
    .windowInto(fixedWindows(windowSizeMs), {
      trigger: defaultTrigger(),
      accumulation: "discarding",
    })
    .groupByKey({ name: "files of a window" })
    .map(({ value }) => indexOf(value), { name: "index" });
}

/** Spreads the events evenly: prices and ids do, bidders don't. */
function shardOf(event: NexmarkEvent): number {
  return (event.type === "bid" ? event.price : event.id) % SHARDS;
}

/** The name follows from the pane, so that a bundle that is run again writes the same file. */
function writeLog(folder: string): DoFn<KV<number, readonly NexmarkEvent[]>, LogFile> {
  return {
    setup() {
      mkdirSync(folder, { recursive: true });
    },
    process({ key: shard, value: events }, context) {
      const { window, pane } = context;
      const file = `${window.start}-${shard}-${pane.timing}-${pane.index}.ndjson`;
      const lines = events.map((event) => `${JSON.stringify(event)}\n`);
      writeFileSync(join(folder, file), lines.join(""));
      context.output({ file, events: events.length });
    },
  };
}

function indexOf(logs: readonly LogFile[]): WindowIndex {
  return {
    files: logs.map(({ file }) => file).sort(),
    events: logs.reduce((sum, { events }) => sum + events, 0),
  };
}
