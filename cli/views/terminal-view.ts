/**
 * Terminal view: a table that is redrawn in place, with logs and notes scrolling above it.
 *
 * TV1. No line of the table is wider than the terminal: a wrapped line can't be redrawn.
 */
import { stripVTControlCharacters } from "node:util";
import { createLogUpdate } from "log-update";
import pc from "picocolors";
import { formatDuration, formatMany } from "../format.ts";
import { type LogEntry, LogGate, logText } from "../function-log.ts";
import { elementsOfSources } from "../memory-run.ts";
import { outputColumns, print } from "../output.ts";
import type { MeshSample } from "../stage-sampler.ts";
import { liveStageTable } from "../stage-table.ts";
import type { DevView, ReloadNote, StartNote } from "./view.ts";

/** A view for a terminal. */
export class TerminalView implements DevView {
  readonly sampleMs = 500;
  readonly #isVerbose: boolean;
  readonly #update = createLogUpdate(process.stdout);
  readonly #gate = new LogGate();
  readonly #startedMs = Date.now();
  readonly #hint: string;
  #sample: MeshSample | undefined;
  /** What is drawn. */
  #frame = "";

  /** @param hint - how to end it, shown below the table */
  constructor(isVerbose: boolean, hint: string) {
    this.#isVerbose = isVerbose;
    this.#hint = hint;
    process.stdout.on("resize", this.#resized);
  }

  started({ lines }: StartNote): void {
    // Not through `persist`, which breaks long lines: these are for pasting.
    this.#update.clear();
    print(lines.join("\n"));
  }

  show(sample: MeshSample): void {
    this.#sample = sample;
    const leftOut = this.#gate.takeLeftOut();
    if (leftOut !== undefined) this.#update.persist(pc.dim(leftOut));
    this.#draw(sample);
  }

  log(entry: LogEntry): void {
    if (this.#gate.passes(Date.now())) this.note(logText(entry, this.#isVerbose));
  }

  reloaded({ outcome, text }: ReloadNote): void {
    this.note(outcome === "refused" ? pc.red(text) : pc.cyan(text));
  }

  note(text: string): void {
    this.#update.persist(text);
    if (this.#sample !== undefined) this.#draw(this.#sample);
  }

  close(summary: string): void {
    process.stdout.off("resize", this.#resized);
    this.#update.done();
    if (summary !== "") print(summary);
  }

  /**
   * The terminal itself has wrapped the lines that stand there, where it became narrower; they are
   * taken away by the rows that they fill now, which log-update can't know.
   */
  readonly #resized = (): void => {
    if (this.#sample === undefined) return;
    const width = outputColumns();
    const rows = this.#frame
      .split("\n")
      .reduce((sum, line) => sum + Math.max(1, Math.ceil(columnsOf(line) / width)), 0);
    this.#update.done();
    process.stdout.write(`\u001b[${rows}A\r\u001b[J`);
    this.#draw(this.#sample);
  };

  #draw(sample: MeshSample): void {
    const { pipeline, state, stages, atMs } = sample;
    const up = formatDuration(atMs - this.#startedMs);
    const width = outputColumns();
    const words = `  ${state}  ${formatMany(elementsOfSources(stages), "element")} in  up ${up}`;
    const room = Math.max(0, width - pipeline.length);
    this.#frame = [
      "",
      `${pc.bold(pipeline.slice(0, width))}${words.slice(0, room)}`,
      liveStageTable(stages, atMs, width),
      pc.dim(this.#hint.slice(0, width)),
    ].join("\n");
    this.#update(this.#frame);
  }
}

function columnsOf(line: string): number {
  return [...stripVTControlCharacters(line)].length;
}
