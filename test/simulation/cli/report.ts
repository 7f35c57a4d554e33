/**
 * Report: what runs gave, as tables for people.
 */
import { formatCount, formatDuration } from "../../../cli/format.ts";
import { renderTable } from "../../../cli/table.ts";
import type { Violation } from "../simulate.ts";
import { FAULT_NAMES, FAULTS } from "../world/faults.ts";
import type { Totals } from "./totals.ts";

/** Returns the tables at the end of a command. */
export function reportOf(totals: Totals, wallMs: number, width: number): string {
  const figures: [string, string][] = [
    ["runs", formatCount(totals.runs)],
    ["steps", formatCount(totals.steps)],
    ["virtual time", formatDuration(totals.virtualMs)],
    ["wall time", formatDuration(wallMs)],
    ["violations", formatCount(totals.violations.length)],
  ];
  const summary = renderTable(
    figures,
    [
      { head: "simulation", cell: ([name]) => name },
      { head: "", cell: ([, value]) => value, align: "right" },
    ],
    width,
  );
  const faults = renderTable(
    FAULT_NAMES,
    [
      { head: "no.", cell: (name) => String(FAULTS[name].number), align: "right" },
      { head: "fault", cell: (name) => name },
      { head: "times", cell: (name) => formatCount(totals.faults[name] ?? 0), align: "right" },
    ],
    width,
  );
  return [summary, faults, ...totals.violations.map(violationText)].join("\n\n");
}

/** Returns what a violation says, with the command that replays it. */
export function violationText(violation: Violation): string {
  const { workload, seed, checker, words, replay, lines } = violation;
  return [
    `VIOLATION of ${checker}: workload "${workload}", seed ${seed}`,
    `  ${words}`,
    "  the last steps:",
    ...lines.slice(-20).map((line) => `    ${line}`),
    `  replay: ${replay}`,
  ].join("\n");
}
