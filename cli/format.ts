/**
 * Format: figures as people read them.
 *
 * Owns: numbers, durations, sizes and points in time. Does not own: tables and colours.
 */
import { stripVTControlCharacters } from "node:util";
import { MAX_TIMESTAMP, MIN_TIMESTAMP, type Timestamp } from "../sdk/model/time.ts";

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;

const spans = [
  ["y", 365.25 * DAY_MS],
  ["d", DAY_MS],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", SECOND_MS],
] as const;

/** Returns a count with separators: `20,000`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** Returns a count and its word: `1 message`, `20 messages`. */
export function formatMany(count: number, word: string): string {
  return `${formatCount(count)} ${count === 1 ? word : `${word}s`}`;
}

/** Returns a rate: whole from 10 a second on, with one decimal below. */
export function formatRate(perSecond: number): string {
  if (perSecond === 0) return "0";
  return perSecond >= 10 ? formatCount(Math.round(perSecond)) : perSecond.toFixed(1);
}

/**
 * Returns a duration in its two largest units: `320 ms`, `4.2 s`, `3 min 20 s`, `25 y 11 d`.
 *
 * @param durationMs - below 0 counts as 0
 */
export function formatDuration(durationMs: number): string {
  if (durationMs < SECOND_MS) return `${Math.max(0, Math.round(durationMs))} ms`;
  if (durationMs < 10 * SECOND_MS) return `${(durationMs / SECOND_MS).toFixed(1)} s`;
  const words: string[] = [];
  let rest = durationMs;
  for (const [unit, unitMs] of spans) {
    const amount = Math.floor(rest / unitMs);
    // The second unit follows the first at once: "1 h", never "1 h 3 s".
    if (amount === 0 && words.length > 0) break;
    if (amount === 0) continue;
    words.push(`${amount} ${unit}`);
    rest -= amount * unitMs;
    if (words.length === 2) break;
  }
  return words.join(" ");
}

/** Returns a duration in its largest unit alone: `25 y`. */
export function formatAge(durationMs: number): string {
  if (durationMs < 10 * SECOND_MS) return formatDuration(durationMs);
  const [unit, unitMs] = spans.find(([, each]) => durationMs >= each) ?? ["s", SECOND_MS];
  return `${Math.floor(durationMs / unitMs)} ${unit}`;
}

/** Returns a size: `96 kB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  return bytes < 1e6 ? `${Math.round(bytes / 1_000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Returns a point in event time to the second, in UTC; `-∞` and `+∞` at the ends. */
export function formatEventTime(time: Timestamp): string {
  if (time <= MIN_TIMESTAMP) return "-∞";
  if (time >= MAX_TIMESTAMP) return "+∞";
  return new Date(time).toISOString().slice(0, 19).replace("T", " ");
}

/** Returns `text` in at most `width` columns; what is cut stands in the middle, for ids differ at both ends. */
export function shorten(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  const tail = Math.min(7, Math.floor((width - 1) / 2));
  const front = Math.max(0, width - 1 - tail);
  return `${characters.slice(0, front).join("")}…${tail > 0 ? characters.slice(-tail).join("") : ""}`;
}

/**
 * Returns a line as lines of at most `width` columns, broken between words where there are some; what
 * follows the first is indented a little more. Colours may run on from line to line.
 */
export function wrapLine(line: string, width: number): string[] {
  const columns = (text: string): number => [...stripVTControlCharacters(text)].length;
  if (columns(line) <= width) return [line];
  const indent = /^ */.exec(line)?.[0] ?? "";
  const lines: string[] = [];
  let current = "";
  for (const word of line.trim().split(" ")) {
    const start = lines.length === 0 ? indent : `${indent}  `;
    const longer = current === "" ? `${start}${word}` : `${current} ${word}`;
    if (current === "" || columns(longer) <= width) {
      current = longer;
      continue;
    }
    lines.push(current);
    current = `${indent}  ${word}`;
  }
  return [...lines, current];
}
