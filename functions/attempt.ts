/**
 * Attempt: how one activation goes about its messages, narrower after each failure.
 *
 * Owns: what is set aside, and how far the bounds of a run are drawn in. Does not own: running and
 * committing (activation.ts), or what an element that is set aside becomes (step-outbox.ts).
 */
import { isMeshError, MeshError } from "../sdk/model/errors.ts";
import type { PoisonElement } from "./cells.ts";
import { COMMIT_BYTES_MAX, type EngineOptions } from "./options.ts";
import type { PoisonDead } from "./step-outbox.ts";

/** From this divisor on, bundles are split as well: narrower bounds alone did not help. */
const ELEMENTS_DIVISOR = 4 ** 3;

const DIVISOR_MAX = 4 ** 8;

/** A run's commit would be over the limit; it is run again with narrower bounds. */
export class CommitTooBig extends Error {}

/** What an activation has learned from its runs so far. */
export class Attempt {
  /** Elements that can't be added: indexes by slot. */
  readonly excluded: Map<string, Set<number>> = new Map();
  readonly dead: PoisonDead[] = [];
  /** Failures of the user's code to add an element, and races lost. */
  poison = 0;
  conflicts = 0;
  /** Runs so far. */
  runs = 0;
  /** The messages of the last run that were new, for the log. */
  bundles: readonly string[] = [];
  /** Divides the bounds of a run whose commit was too big. */
  #divisor = 1;

  /** Whether narrower bounds did not help, so that messages are taken one by one, and split. */
  get isNarrow(): boolean {
    return this.#divisor > ELEMENTS_DIVISOR;
  }

  /** Returns an engine's options with the bounds of the next run. */
  bounded(options: EngineOptions): EngineOptions {
    const within = (max: number): number => Math.max(1, Math.floor(max / this.#divisor));
    const { firingsMax, chunkElementsMax } = options;
    return {
      ...options,
      firingsMax: within(firingsMax),
      chunkElementsMax: within(chunkElementsMax),
    };
  }

  /** Draws the bounds in. @throws ERR_ELEMENT_TOO_BIG if one element is too much for a commit */
  narrow(stage: string): void {
    this.forgetPoison();
    this.#divisor *= 4;
    if (this.#divisor <= DIVISOR_MAX) return;
    throw new MeshError(
      "ERR_ELEMENT_TOO_BIG",
      `Stage ${stage}: what one element gives does not fit into one commit of ` +
        `${COMMIT_BYTES_MAX} bytes.`,
    );
  }

  /** Sets aside what can't be added: the next run leaves it out. */
  exclude(poison: PoisonElement): void {
    for (const { element, cause: error } of [poison, ...poison.others]) {
      // Another kind of failure has its own turn, when this one's elements are gone.
      if (isMeshError(error) && error.disposition !== "dead-letter") continue;
      const { columns, index, slot } = element;
      const excluded = this.excluded.get(slot) ?? new Set();
      this.excluded.set(slot, excluded.add(index));
      this.dead.push({ columns, index, error });
    }
  }

  /** The next run may take other messages: what fails among them is found again. */
  forgetPoison(): void {
    this.excluded.clear();
    this.dead.length = 0;
    this.poison = 0;
  }
}
