/**
 * Killer: kill -9 of functions' processes, at seeded moments.
 *
 * Owns: which process dies when, and the count. Does not own: starting another (the function host).
 *
 * K1. Only a process that is ready is killed: one that has not begun yet can lose nothing.
 * K2. Each function is killed about as often as the others, and none again before it has come back.
 */
import type { MeshRun } from "../support/run-mesh.ts";
import type { Pause } from "./pause.ts";

/** Between two kills. */
const PAUSE_MS = { min: 150, max: 900 };

/** Kills processes and counts. */
export class Killer {
  readonly kills = new Map<string, number>();
  /** Kills that hit a process with a request under way. */
  busy = 0;
  readonly #run: MeshRun;
  readonly #pause: Pause;

  constructor(run: MeshRun, pause: Pause) {
    this.#run = run;
    this.#pause = pause;
  }

  get total(): number {
    return [...this.kills.values()].reduce((sum, kills) => sum + kills, 0);
  }

  /** Kills the named functions in turn until there were `total` kills in all, or `isOver`. */
  async kill(
    names: readonly string[],
    total: number,
    isOver: () => boolean | Promise<boolean> = () => false,
  ): Promise<void> {
    while (this.total < total && !(await isOver())) {
      await this.#pause.between(PAUSE_MS.min, PAUSE_MS.max);
      const name = this.#next(names);
      if (name === undefined) continue;
      const found = this.#instances(name);
      if (found.some(({ inFlight }) => inFlight > 0)) this.busy++;
      this.#run.pids.add(this.#run.mesh.functions.kill(name));
      this.kills.set(name, (this.kills.get(name) ?? 0) + 1);
    }
  }

  /** Of the functions that are there (K1), one of those that were killed least often (K2). */
  #next(names: readonly string[]): string | undefined {
    const ready = names.filter((name) => this.#instances(name).some((i) => i.state === "ready"));
    const killsOf = (name: string): number => this.kills.get(name) ?? 0;
    const least = Math.min(...names.map(killsOf));
    return this.#pause.one(ready.filter((name) => killsOf(name) <= least + 1));
  }

  #instances(name: string): readonly { readonly state: string; readonly inFlight: number }[] {
    const status = this.#run.mesh.functions.status();
    return status.find((each) => each.name === name)?.instances ?? [];
  }
}
