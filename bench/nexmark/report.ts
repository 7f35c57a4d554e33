/** Report: what a run of a query gave, as a line of JSON or of a table. */
import type { NexmarkWorld } from "./options.ts";
import type { Outcome } from "./outcome.ts";
import type { NexmarkMode, NexmarkQuery } from "./queries/nexmark-query.ts";

/** What a query's run gave. */
export interface Report {
  readonly query: number;
  readonly name: string;
  readonly world: NexmarkWorld;
  readonly mode: NexmarkMode;
  readonly events: number;
  readonly results: number;
  readonly seconds: number;
  readonly eventsPerSecond: number;
}

/** How a query was run. */
export interface RunOf {
  readonly world: NexmarkWorld;
  readonly mode: NexmarkMode;
  readonly events: number;
}

/** Returns the figures of a run. */
export function reportOf({ query, name }: NexmarkQuery, run: RunOf, outcome: Outcome): Report {
  const { seconds, lines } = outcome;
  return {
    query,
    name,
    world: run.world,
    mode: run.mode,
    events: run.events,
    results: lines.length,
    seconds: Math.round(seconds * 1_000) / 1_000,
    eventsPerSecond: Math.round(run.events / seconds),
  };
}

/** The head of the table. */
export const TABLE_HEAD: string = row("query", "", "events", "results", "seconds", "events/s");

/** Returns a line of the table. */
export function tableRow(report: Report): string {
  const { query, name, events, results, seconds, eventsPerSecond } = report;
  const count = (n: number): string => n.toLocaleString("en-US");
  const figures = [count(events), count(results), seconds.toFixed(2), count(eventsPerSecond)];
  return row(String(query), name, ...figures);
}

function row(query: string, name: string, ...figures: readonly string[]): string {
  return [query.padStart(5), name.padEnd(32), ...figures.map((text) => text.padStart(9))].join(
    "  ",
  );
}
