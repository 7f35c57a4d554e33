/**
 * Function log: what a function's process wrote → what the author should see.
 *
 * Owns: which lines are shown, in which words, and how many a second. Does not own: where
 * (views/).
 */
import pc from "picocolors";
import type { LogLine } from "../emulators/function-host.ts";
import { formatCount } from "./format.ts";

/** More lines a second than this only hide the rest of the screen. */
const LINES_PER_SECOND_MAX = 20;

const severe: ReadonlySet<string> = new Set(["WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"]);

/** A line that is shown. */
export interface LogEntry {
  readonly function: string;
  /** Undefined for a line that is not structured: the author's own output. */
  readonly severity: string | undefined;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Returns the entry of a line, or undefined if it is too unimportant to show. */
export function readLogLine(line: LogLine, isVerbose: boolean): LogEntry | undefined {
  const structured = parseStructured(line.text);
  if (structured === undefined) {
    const isEmpty = line.text.trim() === "";
    const message = line.text;
    return isEmpty
      ? undefined
      : { function: line.function, severity: undefined, message, fields: {} };
  }
  const { severity, message, stack_trace: stack, ...rest } = structured;
  if (!isVerbose && !severe.has(severity)) return undefined;
  const told = Object.entries(rest).filter(([name]) => isVerbose || !isForSearch(name));
  const fields = { ...Object.fromEntries(told), ...(stack !== undefined && { stack }) };
  return { function: line.function, severity, message, fields };
}

/** Whether a field is there to find entries by, or for Error Reporting: people need it seldom. */
function isForSearch(name: string): boolean {
  const isForGoogle = name.startsWith("logging.googleapis.com/") || name === "@type";
  return isForGoogle || ["serviceContext", "activation", "attempt", "bundles"].includes(name);
}

/** Returns an entry as text. */
export function logText(entry: LogEntry, isVerbose: boolean): string {
  if (entry.severity === undefined) return pc.dim(`${entry.function}  ${entry.message}`);
  const { stack, ...fields } = entry.fields;
  const rest = Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== null && value !== entry.function)
    .map(
      ([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`,
    );
  const paint = entry.severity === "WARNING" ? pc.yellow : pc.red;
  const head = `${paint(entry.severity)} ${pc.dim(entry.function)}  ${entry.message}`;
  const text = rest.length === 0 ? head : `${head} ${pc.dim(rest.join(", "))}`;
  return isVerbose && typeof stack === "string" ? `${text}\n${pc.dim(stack)}` : text;
}

/** Lets a bounded number of lines a second through, and tells how many it left out. */
export class LogGate {
  #second = 0;
  #passed = 0;
  #leftOut = 0;

  /** Returns whether a line may pass. */
  passes(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#passed = 0;
    }
    if (this.#passed < LINES_PER_SECOND_MAX) {
      this.#passed++;
      return true;
    }
    this.#leftOut++;
    return false;
  }

  /** Returns what to say of the lines left out since the last call, or undefined if there are none. */
  takeLeftOut(): string | undefined {
    if (this.#leftOut === 0) return undefined;
    const words = `… ${formatCount(this.#leftOut)} more log lines of functions`;
    this.#leftOut = 0;
    return words;
  }
}

function parseStructured(
  text: string,
): (Record<string, unknown> & { severity: string; message: string }) | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    const { severity, message } = value;
    if (typeof severity !== "string" || typeof message !== "string") return undefined;
    return { ...value, severity, message };
  } catch {
    return undefined; // The author's own output only looked like JSON.
  }
}
