/**
 * Lines view: for logs and pipes. A block of the table every ten seconds, if something happened.
 */
import { type LogEntry, LogGate, logText } from "../function-log.ts";
import { outputColumns, print } from "../output.ts";
import { type MeshSample, signatureOf } from "../stage-sampler.ts";
import { liveStageTable } from "../stage-table.ts";
import type { DevView, ReloadNote, StartNote } from "./view.ts";

/** Between two blocks, in ms. */
const BLOCK_MS = 10_000;

/** A view for a log. */
export class LinesView implements DevView {
  readonly sampleMs = 1_000;
  readonly #isVerbose: boolean;
  readonly #gate = new LogGate();
  #blockMs = 0;
  #newest: MeshSample | undefined;
  #signature = "";

  constructor(isVerbose: boolean) {
    this.#isVerbose = isVerbose;
  }

  started({ lines }: StartNote): void {
    this.note(lines.join("\n"));
  }

  show(sample: MeshSample): void {
    const leftOut = this.#gate.takeLeftOut();
    if (leftOut !== undefined) print(leftOut);
    this.#newest = sample;
    if (sample.atMs - this.#blockMs >= BLOCK_MS) this.#block(sample);
  }

  log(entry: LogEntry): void {
    if (this.#gate.passes(Date.now())) print(logText(entry, this.#isVerbose));
  }

  reloaded({ text }: ReloadNote): void {
    print(text);
  }

  note(text: string): void {
    print(text);
  }

  close(summary: string): void {
    if (this.#newest !== undefined) this.#block(this.#newest);
    if (summary !== "") print(summary);
  }

  #block(sample: MeshSample): void {
    const signature = signatureOf(sample);
    if (signature === this.#signature) return;
    this.#blockMs = sample.atMs;
    this.#signature = signature;
    const { pipeline, state, stages, atMs } = sample;
    const time = new Date(atMs).toISOString().slice(11, 19);
    print(`\n${time} ${pipeline} ${state}\n${liveStageTable(stages, atMs, outputColumns())}`);
  }
}
