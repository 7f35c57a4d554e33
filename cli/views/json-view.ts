/**
 * JSON view: for programs. One JSON object a line, with a `type`; a `status` only when it changed.
 */

import { formatTimestamp } from "../../sdk/model/time.ts";
import type { LogEntry } from "../function-log.ts";
import { print } from "../output.ts";
import { type MeshSample, signatureOf } from "../stage-sampler.ts";
import type { DevView, ReloadNote, StartNote } from "./view.ts";

/** A view for a program. */
export class JsonView implements DevView {
  readonly sampleMs = 500;
  #signature = "";

  started({ lines: _, ...note }: StartNote): void {
    this.#line("started", note);
  }

  show(sample: MeshSample): void {
    const watermarks = sample.stages.map((stage) => stage.inputWatermark).join();
    const signature = `${signatureOf(sample)};${watermarks}`;
    if (signature === this.#signature) return;
    this.#signature = signature;
    const stages = sample.stages.map(({ inputWatermark, outputWatermark, hold, ...stage }) => ({
      ...stage,
      inputWatermark: formatTimestamp(inputWatermark),
      outputWatermark: formatTimestamp(outputWatermark),
      hold: formatTimestamp(hold),
    }));
    this.#line("status", { ...sample, stages });
  }

  log(entry: LogEntry): void {
    this.#line("log", { ...entry });
  }

  reloaded(note: ReloadNote): void {
    this.#line("reload", { ...note });
  }

  note(text: string): void {
    this.#line("note", { text });
  }

  close(summary: string): void {
    this.#line("stopped", { text: summary });
  }

  #line(type: string, content: object): void {
    print(JSON.stringify({ type, ...content }));
  }
}
