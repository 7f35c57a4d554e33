/**
 * Progress watcher: shows one step of a run after the other.
 */
import { type Progress, startProgress } from "../../cli/progress.ts";
import type { ChaosWatcher } from "./chaos-run.ts";

/** Shows the step that is under way. */
export class ProgressWatcher implements ChaosWatcher {
  isSilent = false;
  #shown: Progress | undefined;

  step(label: string, unit: string, total: number): void {
    this.stop();
    this.#shown = startProgress({ label, unit, total, isSilent: this.isSilent });
  }

  count(done: number): void {
    this.#shown?.update(done);
  }

  stop(): void {
    this.#shown?.stop();
    this.#shown = undefined;
  }
}
