/**
 * Killer: kill -9 of functions' processes, at seeded moments.
 *
 * Owns: which process dies when, and the count. Does not own: starting another (the function host).
 *
 * K1. Only a process that is ready is killed: one that has not begun yet can lose nothing.
 * K2. Of the functions that are there, one of those that were killed least often dies next.
 */
import type { MeshRun } from "../support/run-mesh.ts";
import type { Pause } from "./pause.ts";

/** Between two kills. */
const PAUSE_MS = { min: 150, max: 900 };

/** When there is something to kill for. */
interface Moments {
  isOver(): boolean | Promise<boolean>;
  /** Whether the next kill may come, after so many. */
  isDue(kills: number): boolean | Promise<boolean>;
}

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

  /** Kills the named functions until there were `total` kills in all, or the moments end. */
  async kill(names: readonly string[], total: number, moments: Moments): Promise<void> {
    while (this.total < total && !(await moments.isOver())) {
      await this.#pause.between(PAUSE_MS.min, PAUSE_MS.max);
      const name = (await moments.isDue(this.total)) ? this.#next(names) : undefined;
      if (name === undefined) continue;
      if (this.#instances(name).some(({ inFlight }) => inFlight > 0)) this.busy++;
      this.#run.pids.add(this.#run.mesh.functions.kill(name));
      this.kills.set(name, (this.kills.get(name) ?? 0) + 1);
    }
  }

  /** A function that is killed next (K1, K2); undefined where none is there. */
  #next(names: readonly string[]): string | undefined {
    const ready = names.filter((name) => this.#instances(name).some((i) => i.state === "ready"));
    const killsOf = (name: string): number => this.kills.get(name) ?? 0;
    const least = Math.min(...ready.map(killsOf));
    return this.#pause.one(ready.filter((name) => killsOf(name) <= least + 1));
  }

  #instances(name: string): readonly { readonly state: string; readonly inFlight: number }[] {
    const status = this.#run.mesh.functions.status();
    return status.find((each) => each.name === name)?.instances ?? [];
  }
}
