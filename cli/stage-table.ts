/**
 * Stage table: the stages of a mesh, one a row.
 *
 * Owns: which figures a stage shows and in which words. Does not own: the layout (table.ts), where
 * the figures come from (functions/status.ts, stage-sampler.ts).
 */
import pc from "picocolors";
import type { StageStatus } from "../functions/status.ts";
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from "../sdk/model/time.ts";
import { formatAge, formatCount, formatEventTime, formatRate } from "./format.ts";
import type { OpenLetters } from "./open-letters.ts";
import { type Column, renderTable } from "./table.ts";

/** A stage without a commit for so long, and with nothing on its way, is idle. */
const IDLE_MS = 10_000;

/** A stage as `dev` shows it. */
export interface LiveStage extends StageStatus {
  /** Elements taken a second, over the last seconds. */
  readonly ratePerSecond: number;
  /** Messages that wait for the stage; undefined where the world doesn't tell. */
  readonly backlog: number | undefined;
}

/** Widths of usual figures: with them the table keeps its shape from the first look on. */
const liveWidths: Readonly<Record<string, number>> = {
  in: 7,
  out: 7,
  "in/s": 6,
  watermark: "2001-01-31 17:05:00".length,
};

/** Returns the table of a mesh that runs. */
export function liveStageTable(stages: readonly LiveStage[], nowMs: number, width: number): string {
  const columns = liveColumns(nowMs).map((column) => ({
    ...column,
    least: liveWidths[column.head] ?? 0,
  }));
  return renderTable(stages, columns, width);
}

/** Returns the table of a job, as the store alone tells of it. */
export function jobStageTable(
  stages: readonly StageStatus[],
  open: OpenLetters,
  nowMs: number,
  width: number,
): string {
  const isAny = (count: (stage: StageStatus) => number): boolean =>
    stages.some((stage) => count(stage) > 0);
  const columns = [
    ...nameColumns,
    ...countColumns,
    ...jobColumns(nowMs),
    ...lossColumns,
    ...(open.total > 0 ? [openColumn(open)] : []),
    ...troubleColumns.filter(({ count }) => isAny(count)),
  ];
  return renderTable(stages, columns, width);
}

/** Returns the table of a run that is over. */
export function finalStageTable(stages: readonly StageStatus[], width: number): string {
  return renderTable(stages, [...nameColumns, ...countColumns, ...lossColumns], width);
}

const nameColumns: readonly Column<StageStatus>[] = [
  { head: "stage", cell: (s) => s.stage, isFlexible: true, paint: pc.bold },
  { head: "kind", cell: (s) => s.kind, dispensable: 9 },
];

const countColumns: readonly Column<StageStatus>[] = [
  { head: "in", cell: (s) => formatCount(s.elementsIn), align: "right" },
  { head: "out", cell: (s) => formatCount(s.elementsOut), align: "right", dispensable: 5 },
];

const lossColumns: readonly Column<StageStatus>[] = [
  {
    head: "late",
    cell: (s) => formatCount(s.droppedLate),
    align: "right",
    paint: (text, s) => (s.droppedLate > 0 ? pc.yellow(text) : pc.dim(text)),
    dispensable: 3,
  },
  {
    head: "dead",
    cell: (s) => formatCount(s.deadLetters),
    align: "right",
    paint: (text, s) => (s.deadLetters > 0 ? pc.red(text) : pc.dim(text)),
    dispensable: 2,
  },
];

function jobColumns(nowMs: number): readonly Column<StageStatus>[] {
  return [
    {
      head: "in/s",
      cell: (s) => formatRate(s.rate.inPerSecond),
      align: "right",
      dispensable: 4,
    },
    {
      head: "in flight",
      cell: (s) => formatCount(Math.max(s.bundlesInFlight, s.elementsInFlight)),
      align: "right",
      dispensable: 11,
    },
    { head: "watermark", cell: (s) => formatEventTime(s.outputWatermark), dispensable: 10 },
    { head: "lag", cell: (s) => lagWords(s, nowMs), align: "right" },
    { head: "p50", cell: (s) => msWords(s.latency?.p50Ms), align: "right", dispensable: 8 },
    { head: "p95", cell: (s) => msWords(s.latency?.p95Ms), align: "right", dispensable: 7 },
    {
      head: "system p95",
      cell: (s) => msWords(s.systemLatency?.p95Ms),
      align: "right",
      dispensable: 12,
    },
  ];
}

function openColumn({ byStage }: OpenLetters): Column<StageStatus> {
  const countOf = ({ stage }: StageStatus): number => byStage.get(stage) ?? 0;
  return {
    head: "open",
    cell: (s) => formatCount(countOf(s)),
    align: "right",
    paint: (text, s) => (countOf(s) > 0 ? pc.red(text) : pc.dim(text)),
    dispensable: 1,
  };
}

/** A column that is shown only where there is something to tell. */
interface TroubleColumn extends Column<StageStatus> {
  readonly count: (stage: StageStatus) => number;
}

const troubleColumns: readonly TroubleColumn[] = [
  trouble("closed", 13, (s) => s.droppedClosed),
  trouble("twice", 14, (s) => s.duplicates),
  trouble("retries", 15, (s) => s.retries),
  trouble("conflicts", 16, (s) => s.conflicts),
];

function trouble(head: string, dispensable: number, count: TroubleColumn["count"]): TroubleColumn {
  return { head, count, cell: (s) => formatCount(count(s)), align: "right", dispensable };
}

function msWords(durationMs: number | undefined): string {
  return durationMs === undefined ? "" : formatAge(durationMs);
}

/** Returns how far a stage's output watermark lies behind the clock. */
function lagWords({ outputWatermark, freshnessMs }: StageStatus, nowMs: number): string {
  if (outputWatermark >= MAX_TIMESTAMP) return "at its end";
  if (freshnessMs === undefined) return "not begun";
  return freshnessMs >= 0 ? formatAge(freshnessMs) : `${formatAge(outputWatermark - nowMs)} ahead`;
}

function liveColumns(nowMs: number): readonly Column<LiveStage>[] {
  return [
    ...nameColumns,
    ...countColumns,
    {
      head: "in/s",
      cell: (s) => formatRate(s.ratePerSecond),
      align: "right",
      paint: (text, s) => (s.ratePerSecond > 0 ? pc.green(text) : pc.dim(text)),
      dispensable: 4,
    },
    {
      head: "backlog",
      cell: (s) => (s.backlog === undefined ? "?" : formatCount(s.backlog)),
      align: "right",
      dispensable: 6,
    },
    { head: "watermark", cell: (s) => formatEventTime(s.inputWatermark), dispensable: 7 },
    {
      head: "freshness",
      cell: (s) => freshnessWords(s, nowMs),
      align: "right",
      dispensable: 8,
    },
    ...lossColumns,
  ];
}

/**
 * Returns how far a stage's event time lies behind the clock: now − input watermark. A stage to which
 * nothing comes any more is idle: its watermark may stand for other reasons than work to do.
 */
export function freshnessWords(stage: LiveStage, nowMs: number): string {
  if (stage.inputWatermark >= MAX_TIMESTAMP) return "done";
  const isWaiting = (stage.backlog ?? 0) > 0 || stage.bundlesInFlight > 0;
  const { idleMs } = stage;
  if (idleMs === undefined && !isWaiting) return "no input";
  if (idleMs !== undefined && idleMs >= IDLE_MS && !isWaiting) return `idle ${formatAge(idleMs)}`;
  if (stage.inputWatermark <= MIN_TIMESTAMP) return "∞";
  return formatAge(nowMs - stage.inputWatermark);
}
