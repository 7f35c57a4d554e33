/**
 * Cost report: an estimate as text for people, or as one JSON object.
 *
 * Owns: the words and the shape. Does not own: the figures (estimate.ts, dataflow.ts).
 */
import pc from "picocolors";
import { PRICES_OF } from "../../infra/prices.ts";
import { formatBytes, formatCount, formatDuration, formatRate } from "../format.ts";
import { type Column, renderTable } from "../table.ts";
import { type Dollars, type Estimate, sumOf } from "./estimate.ts";
import { MONTH_HOURS, type Workload } from "./workload.ts";

/** All that is told. */
export interface CostFigures {
  readonly pipeline: string;
  readonly workload: Workload;
  /** Events of the sample that the flow was measured with; undefined where it is assumed. */
  readonly sampleEvents: number | undefined;
  readonly estimate: Estimate;
  readonly dataflow: number;
  /** Events a month from which on Dataflow is cheaper; undefined if there are none. */
  readonly breakEven: number | undefined;
  readonly hasOwnPrices: boolean;
}

interface Row {
  readonly name: string;
  readonly dollars: Dollars;
  readonly isSum: boolean;
}

const services: readonly (readonly [string, keyof Dollars])[] = [
  ["requests", "requests"],
  ["compute", "compute"],
  ["Pub/Sub", "pubsub"],
  ["Firestore", "firestore"],
  ["Tasks", "tasks"],
  ["Monitoring", "monitoring"],
];

/** Returns an estimate as text. */
export function costReport(figures: CostFigures, width: number): string {
  const { estimate, dataflow } = figures;
  const rows: Row[] = [...estimate.byFunction].map(([name, dollars]) => {
    return { name, dollars, isSum: false };
  });
  rows.push({ name: "in all", dollars: estimate.total, isSum: true });
  rows.push({ name: "less the free tiers", dollars: estimate.afterFree, isSum: true });
  return [
    headline(figures),
    renderTable(rows, columns, width),
    `Dataflow, streaming on one n1-standard-2 with Streaming Engine: ${inDollars(dataflow)}`,
    breakEvenWords(figures),
    ...basis(figures),
  ].join("\n\n");
}

/** Returns an estimate as one JSON object. */
export function costJson(figures: CostFigures): string {
  const { estimate, breakEven, sampleEvents, ...rest } = figures;
  return JSON.stringify({
    ...rest,
    pricesOf: PRICES_OF,
    sampleEvents: sampleEvents ?? null,
    functions: Object.fromEntries(estimate.byFunction),
    total: sumOf(estimate.total),
    totalAfterFree: sumOf(estimate.afterFree),
    breakEvenEventsPerMonth: breakEven === undefined ? null : Math.round(breakEven),
  });
}

const columns: readonly Column<Row>[] = [
  {
    head: "a month",
    cell: ({ name }) => name,
    isFlexible: true,
    paint: (text, { isSum }) => (isSum ? pc.bold(text) : text),
  },
  ...services.map(
    ([head, service]): Column<Row> => ({
      head,
      cell: ({ dollars }) => inDollars(dollars[service]),
      align: "right",
      dispensable: 1,
    }),
  ),
  {
    head: "in all",
    cell: ({ dollars }) => inDollars(sumOf(dollars)),
    align: "right",
    paint: (text) => pc.bold(text),
  },
];

function headline({ pipeline, workload }: CostFigures): string {
  const { eventsPerMonth, activeHours, freshnessMs } = workload;
  const perSecond = eventsPerMonth / (activeHours * 3_600);
  const rate = perSecond >= 0.1 ? perSecond.toFixed(1) : perSecond.toPrecision(1);
  const when = activeHours === MONTH_HOURS ? "" : ` in ${activeHours} hours`;
  return (
    `${pc.bold(pipeline)}  ${formatCount(eventsPerMonth)} events a month${when}, ` +
    `${rate}/s, a tick each ${formatDuration(freshnessMs)}`
  );
}

function breakEvenWords({ breakEven, workload }: CostFigures): string {
  if (breakEven === undefined) return "There is no load at which Dataflow is cheaper.";
  const rate = formatRate(breakEven / (workload.activeHours * 3_600));
  return `Break-even: ${formatCount(Number(breakEven.toPrecision(2)))} events a month, ${rate}/s. Above it Dataflow is cheaper.`;
}

function basis({ sampleEvents, workload, hasOwnPrices }: CostFigures): string[] {
  const flow =
    sampleEvents === undefined
      ? "What each stage makes of an event is assumed: nothing is filtered, ten elements a pane.\nMeasure it: --publish TOPIC=FILE with a sample."
      : `What each stage makes of an event was measured with ${formatCount(sampleEvents)} events.`;
  const prices = hasOwnPrices ? "your own" : `list prices of ${PRICES_OF}, us-central1`;
  return [
    pc.dim(
      `${flow}\nEvents of ${formatBytes(workload.eventBytes)}; ${workload.vcpus} vCPU, ${workload.memoryGib} GiB; prices: ${prices}.\nStorage, builds and network are not in it. The formula: docs/cost.md`,
    ),
  ];
}

function inDollars(dollars: number): string {
  if (dollars === 0) return "$0";
  return dollars < 0.01 ? "<$0.01" : `$${dollars.toFixed(2)}`;
}
