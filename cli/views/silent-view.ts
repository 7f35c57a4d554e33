/**
 * Silent view: shows nothing but what went wrong in a function, on stderr.
 */
import { type LogEntry, LogGate, logText } from "../function-log.ts";
import { printAside } from "../output.ts";
import type { DevView } from "./view.ts";

/** A view for a program that wants the result alone. */
export class SilentView implements DevView {
  readonly sampleMs = 500;
  readonly #gate = new LogGate();

  started(): void {}

  show(): void {}

  log(entry: LogEntry): void {
    if (this.#gate.passes(Date.now())) printAside(logText(entry, false));
  }

  reloaded(): void {}

  note(): void {}

  close(): void {}
}
