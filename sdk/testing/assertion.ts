/**
 * Assertion: what a test expects of one PCollection, kept until the run has ended.
 *
 * Owns: the list of checks, and knowing which were begun and never made. Does not own: what a check
 * compares (checks.ts), the words by which a test writes one (assert-that.ts), or when they run
 * (emulators/testing).
 *
 * AS1. An assertion that never ran fails: one without a check, or with a selection that no check
 *     follows, is refused before the run; all others run after it, whatever came out.
 */
import type { PaneInfo } from "../model/pane.ts";
import type { Timestamp } from "../model/time.ts";
import type { Window } from "../model/window.ts";

/** An element with all that the mesh knows of it. */
export interface Reified<T> {
  readonly value: T;
  readonly timestamp: Timestamp;
  readonly window: Window;
  readonly pane: PaneInfo;
}

/** One check of an assertion. */
export interface Check {
  /** What is checked and of which panes: `containsInAnyOrder, in the on-time pane of …`. */
  readonly label: string;
  /** Where the check is written, for people. */
  readonly where: string;
  /** @throws whatever the elements give reason for */
  readonly run: (elements: readonly Reified<unknown>[]) => unknown;
}

/** What a test expects of one PCollection. */
export class Assertion {
  readonly #checks: Check[] = [];
  readonly #open = new Map<object, string>();

  get checks(): readonly Check[] {
    return this.#checks;
  }

  /** Places at which something was selected and nothing checked (AS1). */
  get unchecked(): readonly string[] {
    return [...this.#open.values()];
  }

  /** Notes that `selection` waits for a check. */
  begin(selection: object, where: string): void {
    this.#open.set(selection, where);
  }

  /** Notes that `selection` was narrowed to another, or checked. */
  use(selection: object): void {
    this.#open.delete(selection);
  }

  add(check: Check): void {
    this.#checks.push(check);
  }
}
