/**
 * Stage sampler: looks at a mesh now and then, and makes rates of counts.
 *
 * Owns: the last seconds' counts of each stage. Does not own: how they are shown.
 */
import type { MeshStatus } from "../functions/status.ts";
import type { LiveStage } from "./stage-table.ts";

/** Over how long a rate is taken, in ms. */
const RATE_WINDOW_MS = 5_000;

/** As much of a local mesh as is looked at. */
export interface Sampled {
  status(): Promise<MeshStatus>;
  backlog(stage: string): number | undefined;
}

/** One look at a mesh. */
export interface MeshSample {
  readonly pipeline: string;
  readonly state: MeshStatus["state"];
  readonly stages: readonly LiveStage[];
  /** Real time of the look, in ms since the epoch. */
  readonly atMs: number;
}

/** Looks at one mesh. */
export class StageSampler {
  readonly #mesh: Sampled;
  readonly #nowMs: () => number;
  #past: { readonly atMs: number; readonly counts: ReadonlyMap<string, number> }[] = [];

  constructor(mesh: Sampled, nowMs: () => number = Date.now) {
    this.#mesh = mesh;
    this.#nowMs = nowMs;
  }

  /** Looks once. */
  async sample(): Promise<MeshSample> {
    const { pipeline, state, stages } = await this.#mesh.status();
    const atMs = this.#nowMs();
    const counts = new Map(stages.map((stage) => [stage.stage, stage.elementsIn]));
    // One look from before the window stays: it is where the window's counts begin.
    while ((this.#past[1]?.atMs ?? atMs) < atMs - RATE_WINDOW_MS) this.#past.shift();
    this.#past.push({ atMs, counts });
    return {
      pipeline,
      state,
      atMs,
      stages: stages.map((stage) => ({
        ...stage,
        ratePerSecond: this.#rate(stage.stage, stage.elementsIn, atMs),
        backlog: this.#mesh.backlog(stage.stage),
      })),
    };
  }

  #rate(stage: string, count: number, atMs: number): number {
    const [oldest] = this.#past;
    if (oldest === undefined || oldest.atMs >= atMs) return 0;
    const taken = count - (oldest.counts.get(stage) ?? 0);
    return Math.max(0, taken) / ((atMs - oldest.atMs) / 1_000);
  }
}

/** Returns a text that changes when the mesh did something; the clock alone doesn't change it. */
export function signatureOf({ state, stages }: MeshSample): string {
  const parts = stages.map((stage) => {
    const { elementsIn, elementsOut, droppedLate, droppedClosed, deadLetters, backlog } = stage;
    return [elementsIn, elementsOut, droppedLate, droppedClosed, deadLetters, backlog].join();
  });
  return [state, ...parts].join(";");
}
