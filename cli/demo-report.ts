/**
 * Demo report: what the demo found, for people or as JSON.
 */
import pc from "picocolors";
import type { FlightsOutcome } from "../examples/flights-oracle.ts";
import type { WorstByDay } from "./demo-clients.ts";
import { formatCount, formatDuration, formatMany } from "./format.ts";
import { renderTable } from "./table.ts";

const DAYS_SHOWN = 5;
const AIRPORTS_SHOWN = 5;
const DIFFERENCES_MAX = 10;

/** What a demo found. */
export interface DemoResult {
  readonly events: number;
  /** Sum of the flights of all documents. */
  readonly counted: number;
  readonly documents: number;
  readonly worst: WorstByDay;
  readonly expected: FlightsOutcome;
  readonly differences: readonly string[];
  /** From the first publish to DONE, in ms. */
  readonly wallMs: number;
  /** From the first publish until all was taken in, in ms. */
  readonly ingestMs: number;
}

/** Returns a result as text. */
export function demoReport(result: DemoResult, width: number): string {
  const { events, counted, documents, worst, expected, differences, wallMs, ingestMs } = result;
  const days = [...worst].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, DAYS_SHOWN);
  const table = renderTable(
    days,
    [
      { head: "day", cell: ([day]) => day.slice(0, 10) },
      {
        head: "worst airports, mean delay in minutes",
        cell: ([, airports]) =>
          airports
            .slice(0, AIRPORTS_SHOWN)
            .map(({ airport, delay }) => `${airport} ${delay.toFixed(0)}`)
            .join(", "),
        isFlexible: true,
      },
    ],
    width,
  );
  const perSecond = formatCount(Math.round(events / (wallMs / 1_000)));
  return [
    table,
    "",
    `airport-hours: ${formatMany(documents, "document")} in Firestore; worst-airports: ${formatMany(worst.size, "message")} from Pub/Sub`,
    `${formatMany(events, "event")} in ${formatDuration(wallMs)} end to end, ${perSecond}/s (taken in after ${formatDuration(ingestMs)})`,
    "",
    ...(differences.length === 0
      ? [
          pc.green(
            `${formatCount(events)} in, ${formatCount(counted)} counted, every airport-hour equal`,
          ),
          `(${formatCount(expected.hours.size)} airport-hours and the worst ten of ${formatMany(expected.days.size, "day")}, against a direct computation)`,
        ]
      : [
          pc.red(
            `${formatCount(events)} in, ${formatCount(counted)} counted; ${formatMany(differences.length, "difference")}:`,
          ),
          ...differences.slice(0, DIFFERENCES_MAX).map((words) => `  ${words}`),
        ]),
  ].join("\n");
}

/** Returns a result as one JSON object. */
export function demoJson({ expected, worst, wallMs, ingestMs, ...result }: DemoResult): string {
  return JSON.stringify({
    ...result,
    isEqual: result.differences.length === 0,
    airportHours: expected.hours.size,
    days: expected.days.size,
    wallMs: Math.round(wallMs),
    ingestMs: Math.round(ingestMs),
    eventsPerSecond: Math.round(result.events / (wallMs / 1_000)),
    worst: Object.fromEntries([...worst].sort(([a], [b]) => (a < b ? -1 : 1))),
  });
}
