/**
 * Log context: what every entry of one activation or group commit tells, bound once.
 *
 * Owns: the fields by which entries are found. Does not own: the form of an entry (gcp/).
 */
import type { Envelope } from "./envelope.ts";
import type { Log } from "./ports.ts";

/** A request's place in a trace. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  readonly isSampled: boolean;
}

/** Where an entry comes from. */
export interface LogContext {
  readonly pipeline: string;
  /** Hash of the plan. */
  readonly plan: string;
  readonly stage: string;
  readonly shard?: number;
  /** `stage/shard/version` of the commit that an activation makes; `producer/index` of a group. */
  readonly activation?: string;
  /** Counts the runs of one activation, from 1. */
  readonly attempt?: number;
  /** `producer#sequence` of each message. */
  readonly bundles?: readonly string[];
  readonly trace?: TraceContext | undefined;
}

/** Returns a log whose entries tell `context`, which is made only when there is something to log. */
export function boundLog(log: Log, context: () => LogContext): Log {
  return (severity, message, fields) => log(severity, message, { ...context(), ...fields });
}

/** Returns a log whose entries tell of a request's trace, if it has one. */
export function tracedLog(log: Log, trace: TraceContext | undefined): Log {
  if (trace === undefined) return log;
  return (severity, message, fields) => log(severity, message, { trace, ...fields });
}

/** Returns the ids of bundles, for a log. */
export function bundleIds(envelopes: readonly Envelope[]): string[] {
  return envelopes.map(({ producer, sequence }) => `${producer}#${sequence}`);
}
