/**
 * Trace header: which trace a request belongs to.
 *
 * Owns: the two headers by which it is told: W3C's traceparent, and Google's older one.
 */
import type { TraceContext } from "../log-context.ts";

/** Headers as Node gives them. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Returns the trace of a request; undefined if it has none that can be read.
 *
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 * @see https://cloud.google.com/trace/docs/trace-context#legacy-http-header
 */
export function traceOf(headers: Headers | undefined): TraceContext | undefined {
  const parent = textOf(headers?.["traceparent"]);
  const [, traceId, spanId, flags] =
    /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/.exec(parent) ?? [];
  if (traceId !== undefined && spanId !== undefined) {
    return { traceId, spanId, isSampled: (Number.parseInt(flags ?? "0", 16) & 1) === 1 };
  }
  const own = textOf(headers?.["x-cloud-trace-context"]);
  const [, id, span, sampled] = /^([0-9a-f]{32})\/(\d{1,20})(?:;o=(\d))?$/.exec(own) ?? [];
  if (id === undefined || span === undefined) return undefined;
  return {
    traceId: id,
    spanId: BigInt.asUintN(64, BigInt(span)).toString(16).padStart(16, "0"),
    isSampled: sampled === "1",
  };
}

function textOf(header: string | readonly string[] | undefined): string {
  return typeof header === "string" ? header : (header?.[0] ?? "");
}
