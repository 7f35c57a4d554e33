/**
 * A workload that reads a real file: NDJSON, counted by key.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { count, files, kv, pipeline } from "../../../sdk/index.ts";
import { mergeByKey } from "../../support/oracle.ts";
import { documents, type Event, eventsOf, keyed, type Workload } from "./workload.ts";

export function fileRead(seed: number): Workload {
  const events = eventsOf(seed, 50);
  const folder = mkdtempSync(join(tmpdir(), "tidemark-sim-"));
  const path = join(folder, "events.ndjson");
  writeFileSync(path, events.map((event) => `${JSON.stringify(event)}\n`).join(""));
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
    end: () => rmSync(folder, { recursive: true }),
  };
}
