/**
 * Compare table: what an update makes of each stage, for people.
 *
 * Owns: the text. Does not own: the comparison (sdk/compile/compatibility.ts).
 */
import pc from "picocolors";
import type {
  PlanComparison,
  StageComparison,
  StageVerdict,
} from "../sdk/compile/compatibility.ts";
import { renderTable } from "./table.ts";

const WORDS: Readonly<Record<StageVerdict, string>> = {
  same: "goes on as it is",
  renamed: "goes on under another name",
  resharded: "moves to other shards",
  new: "begins empty",
  removed: "ends",
  incompatible: "does not fit",
};

/** Returns a comparison as a table, with reasons and ways out below it. */
export function compareTable({ stages }: PlanComparison, width: number): string {
  const table = renderTable(
    stages,
    [
      { head: "runs now", cell: ({ old }) => old?.name ?? "", isFlexible: true },
      { head: "then", cell: ({ new: next }) => next?.name ?? "", isFlexible: true },
      { head: "shards", cell: shardsOf },
      { head: "state", cell: ({ verdict }) => WORDS[verdict], paint: paintOf },
    ],
    width,
  );
  const faults = stages.filter(({ verdict }) => verdict === "incompatible");
  const details = faults.flatMap(({ old, reasons, waysOut }) => [
    "",
    `"${old?.name}":`,
    ...reasons.map((reason) => `  ${reason}`),
    ...waysOut.map((way) => `  → ${way}`),
  ]);
  return [table, ...details].join("\n");
}

function shardsOf({ old, new: next }: StageComparison): string {
  const counts = [old, next].flatMap((stage) => (stage === undefined ? [] : [stage.shards]));
  const [from, to] = counts;
  if (from === 0 || from === undefined) return to === undefined || to === 0 ? "" : String(to);
  return to === undefined || from === to ? String(from) : `${from} → ${to}`;
}

function paintOf(text: string, { verdict }: StageComparison): string {
  if (verdict === "incompatible") return pc.red(text);
  return verdict === "same" ? pc.dim(text) : text;
}
