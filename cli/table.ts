/**
 * Table: columns without frames that fit a width.
 *
 * Owns: the look of every table, and what goes when the terminal is narrow. Does not own: the cells.
 *
 * T1. No line is wider than the width given, so that a redrawn table never wraps.
 */
import CliTable from "cli-table3";
import pc from "picocolors";
import { shorten } from "./format.ts";

const GAP = "  ";

/** How narrow a flexible column may become before whole columns are left out. */
const FLEXIBLE_COLUMNS_MIN = 18;

/** One column of rows of type `Row`. */
export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string;
  readonly align?: "left" | "right";
  /** At least so wide, so that a table that is redrawn keeps its shape while figures grow. */
  readonly least?: number;
  /** The colour of a cell, given its text and row. */
  readonly paint?: (text: string, row: Row) => string;
  /** Gives way first when there is too little room: the column with the highest number goes first. */
  readonly dispensable?: number;
  /** May be shortened. */
  readonly isFlexible?: boolean;
}

/** Returns a table of `rows`, at most `width` columns wide. */
export function renderTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  width: number,
): string {
  const cells = rows.map((row) => columns.map((column) => oneLine(column.cell(row))));
  const natural = columns.map(({ head, least = 0 }, i) =>
    Math.max(head.length, least, ...cells.map((line) => [...(line[i] ?? "")].length)),
  );
  const widths = chooseWidths(columns, natural, width);
  const shown = columns.flatMap((column, i) => {
    const columnWidth = widths[i] ?? 0;
    return columnWidth > 0 ? [{ column, i, columnWidth }] : [];
  });
  const table = new CliTable({
    head: shown.map(({ column, columnWidth }) => pc.dim(shorten(column.head, columnWidth))),
    colWidths: shown.map(({ columnWidth }) => columnWidth),
    colAligns: shown.map(({ column }) => column.align ?? "left"),
    chars: frameless,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  rows.forEach((row, r) => {
    table.push(
      shown.map(({ column, i, columnWidth }) => {
        const text = shorten(cells[r]?.[i] ?? "", columnWidth);
        return column.paint?.(text, row) ?? text;
      }),
    );
  });
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

const frameless = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: GAP,
};

/** Returns the width of each column, 0 for one that is left out. */
function chooseWidths<Row>(
  columns: readonly Column<Row>[],
  natural: readonly number[],
  width: number,
): number[] {
  const widths = [...natural];
  const excess = (): number => {
    const shown = widths.filter((each) => each > 0);
    return shown.reduce((sum, each) => sum + each, GAP.length * (shown.length - 1)) - width;
  };
  shrink(columns, widths, excess, FLEXIBLE_COLUMNS_MIN);
  const order = columns
    .map(({ dispensable }, i) => ({ dispensable, i }))
    .filter(({ dispensable }) => dispensable !== undefined)
    .sort((a, b) => (b.dispensable ?? 0) - (a.dispensable ?? 0));
  for (const { i } of order) {
    if (excess() <= 0) break;
    widths[i] = 0;
  }
  widen(columns, widths, natural, -excess());
  // A terminal too narrow for what is left: every column gives, the last ones first.
  shrink(columns, widths, excess, 1);
  for (let i = widths.length - 1; i > 0 && excess() > 0; i--) widths[i] = 0;
  widths[0] = Math.max(1, (widths[0] ?? 0) - Math.max(0, excess()));
  return widths;
}

/** Takes from the flexible columns, always from the widest, down to `least`. */
function shrink<Row>(
  columns: readonly Column<Row>[],
  widths: number[],
  excess: () => number,
  least: number,
): void {
  while (excess() > 0) {
    const flexible = columns.flatMap(({ isFlexible }, i) =>
      isFlexible === true && (widths[i] ?? 0) > least ? [i] : [],
    );
    const [first] = flexible;
    if (first === undefined) return;
    const widest = flexible.reduce((a, b) => ((widths[b] ?? 0) > (widths[a] ?? 0) ? b : a), first);
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

/** Gives what became free when a column went back to the flexible ones. */
function widen<Row>(
  columns: readonly Column<Row>[],
  widths: number[],
  natural: readonly number[],
  room: number,
): void {
  let free = room;
  columns.forEach(({ isFlexible }, i) => {
    const now = widths[i] ?? 0;
    if (isFlexible !== true || now === 0 || free <= 0) return;
    const more = Math.min(free, (natural[i] ?? 0) - now);
    widths[i] = now + more;
    free -= more;
  });
}

/** Content with line ends or control characters would break the table's lines. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/[\u0000-\u001f\u007f]+/g, " ");
}
