/**
 * Log lines as Cloud Logging and Error Reporting document them.
 *
 * @see https://cloud.google.com/logging/docs/structured-logging
 * @see https://cloud.google.com/error-reporting/docs/formatting-error-messages
 */
import { expect, test } from "vitest";
import { readLogLine } from "../../../../cli/function-log.ts";
import { logOptions, structuredLog } from "../../../../functions/gcp/structured-log.ts";
import { traceOf } from "../../../../functions/gcp/trace-header.ts";
import { boundLog, type LogContext } from "../../../../functions/log-context.ts";
import type { Log } from "../../../../functions/ports.ts";
import { MeshError } from "../../../../sdk/model/errors.ts";

const context: LogContext = {
  pipeline: "flights",
  plan: "bcc2c63574120a95",
  stage: "total-a21307",
  shard: 3,
  activation: "total-a21307/3/7",
  attempt: 2,
  bundles: ["read-7d91ca/0#12"],
  trace: {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    isSampled: true,
  },
};

function logged(
  log: (to: Log) => void,
  env: Readonly<Record<string, string>> = {},
): Record<string, unknown>[] {
  const lines: string[] = [];
  const to = structuredLog({ ...logOptions("my-project", env), write: (line) => lines.push(line) });
  log(boundLog(to, () => context));
  return lines.map((line) => {
    expect(line).toMatch(/^[^\n]+\n$/);
    return JSON.parse(line);
  });
}

function thrown(): MeshError {
  const cause = new RangeError("canary\n    at canary (file.js:1:1)\nmore");
  return new MeshError("ERR_USER_CODE", `check: ${cause.message}`, { cause });
}

test("an entry is one line with Cloud Logging's own fields, and labels to find it by", () => {
  const [entry] = logged((log) => log("WARNING", "Something.", { code: "ERR_X", count: 2 }));
  expect(entry).toEqual({
    severity: "WARNING",
    message: "Something.",
    code: "ERR_X",
    count: 2,
    activation: "total-a21307/3/7",
    attempt: 2,
    bundles: ["read-7d91ca/0#12"],
    "logging.googleapis.com/labels": {
      pipeline: "flights",
      plan: "bcc2c63574120a95",
      stage: "total-a21307",
      shard: "3",
    },
    "logging.googleapis.com/trace": "projects/my-project/traces/0af7651916cd43dd8448eb211c80319c",
    "logging.googleapis.com/spanId": "b7ad6b7169203331",
    "logging.googleapis.com/trace_sampled": true,
  });
});

test("an error is a ReportedErrorEvent of the cause's class and frames, without its message", () => {
  const [entry = {}] = logged((log) => log("ERROR", "It failed.", { error: thrown() }));
  expect(entry).toMatchObject({
    severity: "ERROR",
    "@type": "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent",
    serviceContext: { service: "flights/total-a21307", version: "bcc2c63574120a95" },
  });
  const lines = String(entry["stack_trace"]).split("\n");
  expect(lines[0]).toBe("RangeError");
  expect(lines[1]).toMatch(/^ {4}at thrown \(.*structured-log\.test\.ts:\d+:\d+\)$/);
  expect(JSON.stringify(entry)).not.toContain("canary");
});

test("a local world shows what the error says", () => {
  const env = { TIDEMARK_LOG_MESSAGES: "1" };
  const [entry = {}] = logged((log) => log("ERROR", "It failed.", { error: thrown() }), env);
  expect(entry["stack_trace"]).toMatch(/^RangeError: canary\n/);
  expect(entry["detail"]).toMatch(/^check: canary/);
});

test("an error of the mesh's own has its message in any world", () => {
  const error = new MeshError("ERR_UNAVAILABLE", "Could not commit a head: deadline exceeded");
  const [entry = {}] = logged((log) => log("ERROR", "Refused.", { error }));
  expect(entry["stack_trace"]).toMatch(/^MeshError: Could not commit a head: deadline exceeded\n/);
});

test("DEBUG is written only where it is asked for", () => {
  const log = (to: Log): void => to("DEBUG", "Activation.", { durationMs: 3 });
  expect(logged(log)).toEqual([]);
  expect(logged(log, { TIDEMARK_LOG: "debug" })).toMatchObject([{ durationMs: 3 }]);
});

test("what is thrown need be no Error", () => {
  for (const error of ["canary", null, { canary: 1 }]) {
    const [entry = {}] = logged((log) => log("ERROR", "It failed.", { error }));
    expect(entry["stack_trace"]).toMatch(/^(string|null|object)$/);
  }
});

test("the local view still reads a line", () => {
  const lines: string[] = [];
  const log = structuredLog({ ...logOptions("p", {}), write: (line) => lines.push(line) });
  boundLog(log, () => context)("ERROR", "It failed.", { code: "ERR_USER_CODE", count: 3 });
  const entry = readLogLine(
    { function: "total-a21307", text: lines[0]?.trim() ?? "", isError: false } as never,
    false,
  );
  expect(entry).toMatchObject({ severity: "ERROR", message: "It failed.", fields: { count: 3 } });
  expect(JSON.stringify(entry?.fields)).not.toContain("googleapis");
});

test.each([
  [
    { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
    true,
    "b7ad6b7169203331",
  ],
  [
    { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00" },
    false,
    "b7ad6b7169203331",
  ],
  [{ "x-cloud-trace-context": "0af7651916cd43dd8448eb211c80319c/1;o=1" }, true, "0000000000000001"],
  [
    { "x-cloud-trace-context": "0af7651916cd43dd8448eb211c80319c/18446744073709551615" },
    false,
    "ffffffffffffffff",
  ],
])("the headers %j name a trace", (headers, isSampled, spanId) => {
  expect(traceOf(headers)).toEqual({
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId,
    isSampled,
  });
});

test.each([undefined, {}, { traceparent: "nonsense" }, { "x-cloud-trace-context": "x/y" }])(
  "the headers %j name none",
  (headers) => {
    expect(traceOf(headers)).toBeUndefined();
  },
);
