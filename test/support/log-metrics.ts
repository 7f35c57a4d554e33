/**
 * Log metrics: what a metric of Cloud Logging would take out of a line that a function has written.
 *
 * Owns: a line → an entry, as Cloud Run's agent makes it, and evaluating what log-filter.ts reads.
 *
 * @see https://docs.cloud.google.com/logging/docs/structured-logging
 */
import {
  type LogComparison,
  readExtractor,
  readLogFilter,
} from "../../emulators/pulumi/gcp/log-filter.ts";

/** What of a metric says which values it has. */
export interface LogMetric {
  readonly filter: string;
  readonly valueExtractor: string;
  readonly labelExtractors: Readonly<Record<string, string>>;
}

/** One value of a metric. */
export interface LogPoint {
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** Returns what a metric takes out of the lines of a function. */
export function pointsOf(metric: LogMetric, service: string, lines: readonly string[]): LogPoint[] {
  const comparisons = readLogFilter(metric.filter);
  return lines.flatMap((line) => {
    const entry = entryOf(service, line);
    if (!comparisons.every((each) => holds(each, at(entry, each.field)))) return [];
    const labels = Object.entries(metric.labelExtractors).map(
      ([name, extractor]) => [name, String(extract(entry, extractor))] as const,
    );
    const value = Number(extract(entry, metric.valueExtractor));
    return [{ value, labels: Object.fromEntries(labels) }];
  });
}

/** Fields with names of Cloud Logging's own leave the payload; what is no JSON is text. */
function entryOf(service: string, line: string): object {
  const resource = { type: "cloud_run_revision", labels: { service_name: service } };
  if (!line.startsWith("{")) return { resource, textPayload: line };
  const { severity, "logging.googleapis.com/labels": labels, ...rest } = JSON.parse(line);
  const payload = Object.entries(rest).filter(([name]) => !name.startsWith("logging.google"));
  return { resource, severity, labels, jsonPayload: Object.fromEntries(payload) };
}

function at(entry: object, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>(
      (value, name) => (value as Record<string, unknown> | undefined)?.[name],
      entry,
    );
}

function holds({ operator, value }: LogComparison, found: unknown): boolean {
  switch (operator) {
    case ":":
      return found !== undefined && (value === "*" || String(found).includes(value));
    case "=":
      return String(found) === value;
    case "!=":
      return String(found) !== value;
    case ">":
      return Number(found) > Number(value);
    case ">=":
      return Number(found) >= Number(value);
    case "<":
      return Number(found) < Number(value);
    case "<=":
      return Number(found) <= Number(value);
  }
}

function extract(entry: object, expression: string): unknown {
  const { field, pattern } = readExtractor(expression);
  const value = at(entry, field);
  return pattern === undefined ? value : pattern.exec(String(value))?.[1];
}
