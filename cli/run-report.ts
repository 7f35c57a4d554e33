/**
 * Run report: what came of a run, as text or as one JSON object.
 *
 * Owns: how much of everything is shown, and how. Does not own: the figures (memory-run.ts).
 */
import pc from "picocolors";
import { formatBytes, formatCount, formatDuration, formatMany } from "./format.ts";
import {
  elementsOfSources,
  type RunResult,
  type SetAside,
  type WrittenDocument,
} from "./memory-run.ts";
import { finalStageTable } from "./stage-table.ts";
import { type Column, renderTable } from "./table.ts";

const ROWS_MAX = 8;
const MESSAGES_MAX = 3;
const DEAD_LETTERS_MAX = 5;
const MESSAGE_CHARS_MAX = 400;

/** What is shown of a result. */
export interface ReportOptions {
  /** Collections whose documents are shown whole; where empty, the first rows of each. */
  readonly collections: readonly string[];
  readonly width: number;
}

/** Returns a result as text for people. */
export function runReport(result: RunResult, { collections, width }: ReportOptions): string {
  const { pipeline, state, wallMs, stages, documents, messages, files, deadLetters } = result;
  const taken = elementsOfSources(stages);
  const rate = formatCount(Math.round(taken / Math.max(0.001, wallMs / 1_000)));
  const shown = Object.entries(documents).filter(
    ([name]) => collections.length === 0 || collections.includes(name),
  );
  const rowsMax = collections.length === 0 ? ROWS_MAX : Number.POSITIVE_INFINITY;
  const parts = [
    `${pc.bold(pipeline)}  ${state}  ${formatMany(taken, "element")} in ${formatDuration(wallMs)}, ${rate}/s`,
    finalStageTable(stages, width),
    ...shown.map(([name, rows]) => documentsPart(name, rows, rowsMax, width)),
    ...Object.entries(messages).map(([topic, sent]) => messagesPart(topic, sent, width)),
    ...(files.length > 0 ? [filesPart(files)] : []),
    ...(deadLetters.length > 0 ? [deadLettersPart(deadLetters)] : []),
  ];
  return parts.join("\n\n");
}

/** Returns a result as one JSON object, whole. */
export function runJson(result: RunResult, collections: readonly string[]): string {
  const { stages, documents, ...rest } = result;
  return JSON.stringify({
    ...rest,
    stages: stages.map(
      ({
        stage,
        kind,
        elementsIn,
        elementsOut,
        droppedLate,
        droppedClosed,
        duplicates,
        deadLetters,
      }) => ({
        stage,
        kind,
        elementsIn,
        elementsOut,
        droppedLate,
        droppedClosed,
        duplicates,
        deadLetters,
      }),
    ),
    documents: Object.fromEntries(
      Object.entries(documents).filter(
        ([name]) => collections.length === 0 || collections.includes(name),
      ),
    ),
  });
}

function documentsPart(
  name: string,
  rows: readonly WrittenDocument[],
  rowsMax: number,
  width: number,
): string {
  const shown = rows.slice(0, rowsMax);
  const names = [...new Set(shown.flatMap((row) => Object.keys(row)))];
  const columns = names.map((field, i): Column<WrittenDocument> => {
    const isNumber = shown.every((row) => typeof row[field] === "number");
    return {
      head: field,
      cell: (row) => cellText(row[field]),
      align: isNumber ? "right" : "left",
      isFlexible: !isNumber,
      ...(i > 0 && { dispensable: i }),
    };
  });
  const lines = [pc.bold(`Collection ${name}: ${formatMany(rows.length, "document")}`)];
  if (shown.length > 0) lines.push(renderTable(shown, columns, width));
  lines.push(...moreLine(rows.length - shown.length, `--collection ${name} shows all`));
  return lines.join("\n");
}

function messagesPart(topic: string, sent: RunResult["messages"][string], width: number): string {
  const lines = [pc.bold(`Topic ${topic}: ${formatMany(sent.length, "message")}`)];
  for (const { data } of sent.slice(0, MESSAGES_MAX)) {
    const text = typeof data === "string" ? data : JSON.stringify(data);
    lines.push(clip(text, Math.min(width, MESSAGE_CHARS_MAX)));
  }
  lines.push(...moreLine(sent.length - MESSAGES_MAX, "--json prints all"));
  return lines.join("\n");
}

function filesPart(files: RunResult["files"]): string {
  const lines = files.map(
    ({ path, lines: count, bytes }) =>
      `${path}  ${formatMany(count, "line")}, ${formatBytes(bytes)}`,
  );
  return [pc.bold(`${formatMany(files.length, "file")} written`), ...lines].join("\n");
}

function deadLettersPart(letters: readonly SetAside[]): string {
  const words = letters.slice(0, DEAD_LETTERS_MAX).map(({ stage, error, attempts }) => {
    const tries = attempts > 1 ? ` (tried ${attempts} times)` : "";
    return `${pc.red(error.code)} in ${stage}${tries}\n  ${error.message.replaceAll("\n", "\n  ")}`;
  });
  const left = letters.length - DEAD_LETTERS_MAX;
  const head = pc.red(pc.bold(`${formatMany(letters.length, "dead letter")}`));
  return [head, ...words, ...moreLine(left, "--json prints all, with their elements")].join("\n");
}

function moreLine(count: number, how: string): string[] {
  return count > 0 ? [pc.dim(`… and ${formatCount(count)} more (${how})`)] : [];
}

function cellText(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number" && !Number.isInteger(value))
    return String(Number(value.toFixed(4)));
  return value instanceof Date ? value.toISOString() : (JSON.stringify(value) ?? String(value));
}

function clip(text: string, width: number): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`;
}
