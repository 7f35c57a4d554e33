/**
 * Metrics: whether what dashboards and alerts look at can be there.
 *
 * Owns: the prefixes of metrics that a mesh or Google's services write. Does not own: what is shown.
 */
import type { InputCheck } from "./input-check.ts";

/** Source: docs.cloud.google.com/monitoring/api/metrics_gcp; the last two are the user's own. */
const PREFIXES = [
  "pubsub.googleapis.com/",
  "run.googleapis.com/",
  "cloudfunctions.googleapis.com/",
  "cloudtasks.googleapis.com/",
  "firestore.googleapis.com/",
  "storage.googleapis.com/",
  "monitoring.googleapis.com/",
  "logging.googleapis.com/",
  "custom.googleapis.com/",
  "workload.googleapis.com/",
];

/** Fails for each metric in a text whose name begins like none that is known. */
export function checkMetrics(check: InputCheck, path: string, source: string): void {
  for (const [, metric = ""] of source.matchAll(/metric\.type\s*=\s*\\?"([^"\\]+)\\?"/g)) {
    if (PREFIXES.some((prefix) => metric.startsWith(prefix))) continue;
    check.fail(path, `no service writes the metric ${metric}`);
  }
}
