import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import {
  formatAge,
  formatDuration,
  formatEventTime,
  formatRate,
  shorten,
} from "../../../cli/format.ts";
import { LogGate, readLogLine } from "../../../cli/function-log.ts";
import { orWords, similarTo } from "../../../cli/similar.ts";
import { freshnessWords, type LiveStage, liveStageTable } from "../../../cli/stage-table.ts";
import { operationsResult } from "../../../functions/metrics/operations.ts";
import { MAX_TIMESTAMP, MIN_TIMESTAMP, toTimestamp } from "../../../sdk/model/time.ts";

const nowMs = Date.UTC(2026, 10, 22, 12);

const stage: LiveStage = {
  stage: "read-pubsub-flights-e12b93",
  kind: "ingest",
  elementsIn: 1_234_567,
  elementsOut: 1_234_567,
  activations: 0,
  bundlesInFlight: 0,
  inputWatermark: toTimestamp(nowMs - 90_000),
  outputWatermark: MIN_TIMESTAMP,
  hold: MAX_TIMESTAMP,
  droppedLate: 0,
  droppedClosed: 0,
  duplicates: 0,
  deadLetters: 3,
  idleMs: 100,
  freshnessMs: undefined,
  elementsInFlight: 0,
  rate: { inPerSecond: 0, outPerSecond: 0 },
  retries: 0,
  conflicts: 0,
  busyMs: 0,
  latency: undefined,
  systemLatency: undefined,
  hotKeys: [],
  operations: operationsResult([]),
  failures: [],
  ratePerSecond: 12_345.6,
  backlog: 20_000,
};

test.each([
  [-5, "0 ms"],
  [320, "320 ms"],
  [4_230, "4.2 s"],
  [59_999, "59 s"],
  [200_000, "3 min 20 s"],
  [3_605_000, "1 h"],
  [25 * 365.25 * 86_400_000, "25 y"],
])("a duration of %d ms reads %s", (durationMs, words) => {
  expect(formatDuration(durationMs)).toBe(words);
});

test("ages, rates and the ends of time are short", () => {
  expect(formatAge(200_000)).toBe("3 min");
  expect([0, 0.25, 9.9, 1_234.5].map(formatRate)).toEqual(["0", "0.3", "9.9", "1,235"]);
  expect(formatEventTime(MIN_TIMESTAMP)).toBe("-∞");
  expect(formatEventTime(MAX_TIMESTAMP)).toBe("+∞");
  expect(formatEventTime(toTimestamp(0))).toBe("1970-01-01 00:00:00");
});

test("what is cut from a name stands in its middle, so that the hash stays", () => {
  expect(shorten("combine-per-key-6ea92c", 18)).toBe("combine-pe…-6ea92c");
  expect(shorten("short", 18)).toBe("short");
  expect(shorten("combine-per-key-6ea92c", 1)).toBe("…");
});

test.each([200, 120, 100, 80, 60, 40, 20, 10, 3])(
  "no line of the table is wider than a terminal of %d columns",
  (width) => {
    const other = {
      ...stage,
      stage: "a-very-long-name-of-a-stage-of-forty-abcdef",
      backlog: undefined,
    };
    const lines = stripVTControlCharacters(liveStageTable([stage, other], nowMs, width)).split(
      "\n",
    );
    expect(lines).toHaveLength(3);
    expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(width);
  },
);

test.each<[string, Partial<LiveStage>, string]>([
  ["the age of its watermark while it works", {}, "1 min"],
  ["∞ while work waits and no watermark is known", { inputWatermark: MIN_TIMESTAMP }, "∞"],
  ["done at the end of time", { inputWatermark: MAX_TIMESTAMP }, "done"],
  ["no input before the first", { idleMs: undefined, backlog: 0 }, "no input"],
  ["idle when nothing comes", { idleMs: 65_000, backlog: 0 }, "idle 1 min"],
  ["its age while something waits, however long ago it worked", { idleMs: 65_000 }, "1 min"],
])("freshness of a stage is %s", (_, changes, words) => {
  expect(freshnessWords({ ...stage, ...changes }, nowMs)).toBe(words);
});

test("similar names come in the order of their distance, and others not at all", () => {
  expect(similarTo("flihgts", ["fligths", "flights", "words"])).toEqual(["flights", "fligths"]);
  expect(orWords(["a", "b", "c"])).toBe("a, b or c");
});

test("of structured log lines only warnings and worse are shown, of others all", () => {
  const line = (text: string) => ({ function: "f", pid: 1, stream: "stdout", text }) as const;
  expect(readLogLine(line('{"severity":"INFO","message":"a"}'), false)).toBeUndefined();
  expect(readLogLine(line('{"severity":"INFO","message":"a"}'), true)?.message).toBe("a");
  expect(readLogLine(line('{"severity":"ERROR","message":"a","code":"E"}'), false)).toEqual({
    function: "f",
    severity: "ERROR",
    message: "a",
    fields: { code: "E" },
  });
  expect(readLogLine(line('{"a":1}'), false)?.severity).toBeUndefined();
  expect(readLogLine(line("{broken"), false)?.message).toBe("{broken");
  expect(readLogLine(line("  "), false)).toBeUndefined();
});

test("a flood of log lines is cut, and the rest counted", () => {
  const gate = new LogGate();
  const passed = Array.from({ length: 100 }, () => gate.passes(1_000)).filter(Boolean).length;
  expect(passed).toBe(20);
  expect(gate.takeLeftOut()).toBe("… 80 more log lines of functions");
  expect(gate.takeLeftOut()).toBeUndefined();
  expect(gate.passes(2_000)).toBe(true);
});
