/**
 * Output: the only file that writes to the terminal.
 *
 * Owns: which of stdout and stderr takes what, and what is known of the terminal. Does not own: what
 * is written. Results go to stdout; errors, progress and asides to stderr, so that pipes stay clean.
 */

/** Width where stdout is not a terminal: wide enough for tables, narrow enough for a log. */
const COLUMNS_WITHOUT_TERMINAL = 120;

/** Writes lines to stdout. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Writes lines to stderr. */
export function printAside(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Returns whether stdout is a terminal that can redraw. */
export function isTerminal(): boolean {
  return process.stdout.isTTY === true && process.env["TERM"] !== "dumb";
}

/** Returns whether stderr is a terminal that can redraw. */
export function isAsideTerminal(): boolean {
  return process.stderr.isTTY === true && process.env["TERM"] !== "dumb";
}

/** Returns how many columns a line of stdout may have. */
export function outputColumns(): number {
  return isTerminal() ? process.stdout.columns : COLUMNS_WITHOUT_TERMINAL;
}

/** Ends the program quietly where the reader of a pipe is gone, as in `tidemark plan x.ts | head`. */
export function endWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
}
