/**
 * Log filter: what of Cloud Logging's query language filters and extractors of metrics are written in.
 *
 * Owns: reading comparisons that are joined by AND, and extractors. What else the language has is
 * refused: nobody here can say whether it would match.
 *
 * @see https://docs.cloud.google.com/logging/docs/view/logging-query-language
 */

/** One comparison: `jsonPayload.code = "ERR_SINK"`; `field:*` is true where the field is there. */
export interface LogComparison {
  readonly field: string;
  readonly operator: "=" | "!=" | ">" | ">=" | "<" | "<=" | ":";
  readonly value: string;
}

/** Fields of an entry. Source: docs.cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry. */
const FIELDS = [
  ...["logName", "resource", "timestamp", "receiveTimestamp", "severity", "insertId", "labels"],
  ...["httpRequest", "operation", "trace", "spanId", "traceSampled", "sourceLocation", "split"],
  ...["textPayload", "jsonPayload", "protoPayload"],
];
/** What a resource of this type is told by. Source: docs.cloud.google.com/monitoring/api/resources. */
const CLOUD_RUN_LABELS = [
  "project_id",
  "service_name",
  "revision_name",
  "location",
  "configuration_name",
];

const COMPARISON = /^([A-Za-z_][\w.]*)\s*(!=|>=|<=|=|>|<|:)\s*("(?:[^"\\]|\\.)*"|[\w.*/-]+)$/;

/** @throws Error that says what can't be read, or which field no entry has */
export function readLogFilter(filter: string): readonly LogComparison[] {
  return filter.split(/\s+AND\s+|\n+/).map((part) => {
    const [, field = "", operator = "", value = ""] = COMPARISON.exec(part.trim()) ?? [];
    if (field === "") throw new Error(`"${part}" is no comparison such as severity = "ERROR"`);
    requireField(field);
    const text = value.startsWith('"') ? (JSON.parse(value) as string) : value;
    return { field, operator: operator as LogComparison["operator"], value: text };
  });
}

/**
 * Reads `EXTRACT(field)` or `REGEXP_EXTRACT(field, "regex")`.
 *
 * @throws Error that says what can't be read, or which field no entry has
 */
export function readExtractor(expression: string): {
  readonly field: string;
  readonly pattern: RegExp | undefined;
} {
  const [, name, field = "", , quoted] =
    /^(EXTRACT|REGEXP_EXTRACT)\(\s*([\w.]+)\s*(,\s*("(?:[^"\\]|\\.)*")\s*)?\)$/.exec(expression) ??
    [];
  if (name === undefined || (name === "EXTRACT") !== (quoted === undefined)) {
    throw new Error(`"${expression}" is neither EXTRACT(field) nor REGEXP_EXTRACT(field, "regex")`);
  }
  requireField(field);
  if (quoted === undefined) return { field, pattern: undefined };
  const pattern = new RegExp(JSON.parse(quoted) as string);
  const groups = (new RegExp(`${pattern.source}|`).exec("")?.length ?? 1) - 1;
  if (groups !== 1) throw new Error(`${String(pattern)} must have one group, not ${groups}`);
  return { field, pattern };
}

function requireField(field: string): void {
  const [top = "", second, third = ""] = field.split(".");
  if (!FIELDS.includes(top)) {
    throw new Error(`a log entry has no field ${field}; it has ${FIELDS.join(", ")}`);
  }
  if (top !== "resource" || second === undefined || second === "type") return;
  if (second !== "labels" || !CLOUD_RUN_LABELS.includes(third)) {
    throw new Error(
      `a resource has no ${field}; that of a function has ${CLOUD_RUN_LABELS.join(", ")}`,
    );
  }
}
