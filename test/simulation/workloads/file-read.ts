/**
 * A workload that reads a real file: NDJSON, counted by key. The file is the same for all seeds, and
 * its path stands in the plan, so that a run is the same wherever the tree lies.
 */
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { count, files, kv, pipeline } from "../../../sdk/index.ts";
import { mergeByKey } from "../../support/oracle.ts";
import { documents, type Event, keyed, type Workload } from "./workload.ts";

const path = relative(process.cwd(), fileURLToPath(new URL("events.ndjson", import.meta.url)));

export function fileRead(): Workload {
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  const events = lines.map((line) => JSON.parse(line) as Event);
  return {
    name: "file read",
    pipeline: pipeline("sim-file", (p) =>
      p
        .read(files.ndjson<Event>(path))
        .map((event) => kv(event.key, event.value))
        .combinePerKey(count())
        .write(keyed),
    ),
    answer: mergeByKey(events.map(({ key }) => [key, 1] as const)),
    result: documents,
    usesFiles: true,
  };
}
