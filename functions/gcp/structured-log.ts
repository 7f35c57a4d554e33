/**
 * Structured log: entries as Cloud Logging and Error Reporting read them, one line of JSON each.
 *
 * Owns: the form of a line, and what of an error may stand in it. Does not own: what is logged.
 *
 * SL1. No element content: of an error of user code, a decoder or a schema, the class and the stack are
 *      written and its message is not, unless `showsMessages` (the local worlds, where the log stays).
 * SL2. DEBUG entries are written only where they are asked for.
 *
 * @see https://cloud.google.com/logging/docs/structured-logging
 * @see https://cloud.google.com/error-reporting/docs/formatting-error-messages
 */
import { isMeshError } from "../../sdk/model/errors.ts";
import type { TraceContext } from "../log-context.ts";
import { mayHoldContent, stackWithoutMessage } from "../metrics/failures.ts";
import type { Log } from "../ports.ts";
import { stackText } from "../stack-text.ts";

/** How entries are written. */
export interface LogOptions {
  /** Google Cloud project, which names traces. */
  readonly project: string;
  readonly isDebug: boolean;
  readonly showsMessages: boolean;
  readonly write?: (line: string) => void;
}

/** Makes Error Reporting take an entry as an error, whatever else stands in it. */
const REPORTED =
  "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent";

/** Returns a log that writes lines to stdout. */
export function structuredLog(options: LogOptions): Log {
  const { project, isDebug, write = toStdout } = options;
  return (severity, message, fields = {}) => {
    if (severity === "DEBUG" && !isDebug) return;
    const { trace, error, pipeline, plan, stage, shard, ...rest } = fields;
    const labels = labelsOf({ pipeline, plan, stage, shard });
    const entry = {
      severity,
      message,
      ...rest,
      ...(error !== undefined && errorFields(error, labels, options)),
      "logging.googleapis.com/labels": labels,
      ...traceFields(trace as TraceContext | undefined, project),
    };
    write(`${JSON.stringify(entry)}\n`);
  };
}

/** Returns how a function's variables say that it logs. */
export function logOptions(
  project: string,
  env: Readonly<Record<string, string | undefined>>,
): LogOptions {
  return {
    project,
    isDebug: env["TIDEMARK_LOG"] === "debug",
    showsMessages: env["TIDEMARK_LOG_MESSAGES"] === "1",
  };
}

/** What entries are found by. */
function labelsOf(fields: Readonly<Record<string, unknown>>): Record<string, string> {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known.map(([name, value]) => [name, String(value)]));
}

/** Error Reporting groups by the stack of the cause, and tells services and versions apart. */
function errorFields(
  error: unknown,
  { pipeline, stage, plan }: Readonly<Record<string, string>>,
  { showsMessages }: LogOptions,
): object {
  const stack =
    showsMessages || !mayHoldContent(error) ? fullStack(error) : stackWithoutMessage(error);
  return {
    "@type": REPORTED,
    serviceContext: { service: `${pipeline ?? "tidemark"}/${stage ?? "tracker"}`, version: plan },
    stack_trace: stack,
    ...(showsMessages && { detail: error instanceof Error ? error.message : String(error) }),
  };
}

function fullStack(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const own = error.stack ?? error.message;
  const stack = isMeshError(error) && cause instanceof Error ? (cause.stack ?? own) : own;
  return stackText(stack);
}

function traceFields(trace: TraceContext | undefined, project: string): object {
  if (trace === undefined) return {};
  return {
    "logging.googleapis.com/trace": `projects/${project}/traces/${trace.traceId}`,
    "logging.googleapis.com/spanId": trace.spanId,
    "logging.googleapis.com/trace_sampled": trace.isSampled,
  };
}

function toStdout(line: string): void {
  process.stdout.write(line);
}
