/**
 * Report: a chaos run's figures as people read them. Pure.
 */
import { formatCount, formatDuration } from "../../cli/format.ts";
import { renderTable } from "../../cli/table.ts";
import type { ChaosOutcome } from "./outcome.ts";

const FAULTS_SHOWN = 20;

type Row = readonly [name: string, figure: string, note?: string];

/** Returns the table of a run, and what is wrong below it. */
export function reportText(outcome: ChaosOutcome, columns: number): string {
  const table = renderTable(
    rowsOf(outcome),
    [
      { head: "", cell: ([name]) => name },
      { head: "count", cell: ([, figure]) => figure, align: "right" },
      { head: "", cell: ([, , note]) => note ?? "", isFlexible: true },
    ],
    columns,
  );
  const { faults } = outcome;
  const shown = faults.slice(0, FAULTS_SHOWN).map((fault) => `wrong: ${fault}`);
  if (faults.length > shown.length) shown.push(`and ${faults.length - shown.length} more`);
  return [table, ...shown].join("\n");
}

function rowsOf(outcome: ChaosOutcome): Row[] {
  const byProcess = Object.entries(outcome.killsByProcess).map(([name, n]) => `${name} ${n}`);
  return [
    ["events", formatCount(outcome.events), `in ${formatCount(outcome.messages)} messages`],
    ["kills", formatCount(outcome.kills), byProcess.join(", ")],
    ["  under way", formatCount(outcome.killsUnderWay), "the process had requests"],
    ["connections cut", formatCount(outcome.connectionsCut)],
    ["answers lost", formatCount(outcome.answersLost)],
    ["cold starts", formatCount(outcome.coldStarts)],
    ["redeliveries", formatCount(outcome.redeliveries), "requests that failed or broke off"],
    ["duplicates dropped", formatCount(outcome.duplicatesDropped), "bundles and elements"],
    ["sink duplicates", formatCount(outcome.sinkDuplicates), "the same id, the same bytes"],
    ["results", formatCount(outcome.results), "documents and messages"],
    ["lost", formatCount(outcome.lost), "flights"],
    ["doubled", formatCount(outcome.doubled), "flights"],
    ["wall time", formatDuration(outcome.wallMs)],
    ["events/s", formatCount(outcome.eventsPerSecond)],
  ];
}
