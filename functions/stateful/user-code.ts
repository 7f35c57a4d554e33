/**
 * User code: the calls of a stateful DoFn, each with what is at hand.
 *
 * Owns: what a call is given, and the name of what throws. Does not own: the order of calls
 * (stateful-work.ts).
 *
 * UC1. One call has ended before the next begins, also where it is asynchronous.
 */
import { NO_FIRING } from "../../sdk/model/pane.ts";
import { maxTimestamp } from "../../sdk/model/window.ts";
import type { StepMetrics } from "../metrics/chain-metrics.ts";
import { settled } from "../settled.ts";
import { placeOf, userError } from "../user-errors.ts";
import type { KeyCell } from "./key-cells.ts";
import { type DueItem, timerOf } from "./schedule.ts";
import { contextsOf, type StatefulContext, type StatefulHost } from "./stateful-context.ts";
import type { StatefulElement } from "./stateful-work.ts";

/** Slot of the mark that a key has been seen in a window. */
const SEEN_SLOT = "m";

/** The calls of a stateful DoFn. */
export class UserCode {
  readonly #host: StatefulHost;
  readonly #step: StepMetrics;
  readonly #newContext: () => StatefulContext;
  #context: StatefulContext;

  constructor(host: StatefulHost) {
    this.#host = host;
    this.#step = host.metrics.step(host.node.name);
    this.#newContext = contextsOf(host);
    this.#context = this.#newContext();
  }

  process(element: StatefulElement): void | Promise<void> {
    const { cells, node } = this.#host;
    const { code } = node.fn;
    const { windowKey, keyText, timestamp, pane } = element;
    const cell = cells.cell(windowKey, keyText);
    if (code.onWindowExpiration !== undefined) cells.set(cell, SEEN_SLOT, "", "1");
    return this.#call((context) => {
      context.enter(cell, timestamp, timestamp, pane);
      const value = node.valueCoder.decode(element.value);
      return code.process({ key: context.key, value }, context);
    });
  }

  onTimer({ cell, slot, part, time, output }: DueItem): void | Promise<void> {
    const { code, timers } = this.#host.node.fn;
    const name = timerOf(slot);
    const firing = timers[name]?.domain === "event" ? time : undefined;
    return this.#call((context) => {
      context.enter(cell, output, firing ?? output, NO_FIRING, time, part, firing);
      return code.onTimer?.[name]?.(context);
    });
  }

  onWindowExpiration(cell: KeyCell): void | Promise<void> {
    const { code } = this.#host.node.fn;
    const end = maxTimestamp(cell.open.window);
    return this.#call((context) => {
      context.enter(cell, end, end);
      return code.onWindowExpiration?.(context);
    });
  }

  #call(work: (context: StatefulContext) => void | Promise<void>): void | Promise<void> {
    const context = this.#context;
    try {
      const running = this.#step.run(work, context);
      if (running === undefined || typeof running.then !== "function") return;
      // What it leaves behind un-awaited must not get at the next call's key.
      this.#context = this.#newContext();
      return this.#guard(running, context);
    } catch (cause) {
      throw userError(this.#host.node, cause);
    }
  }

  async #guard(running: Promise<void>, context: StatefulContext): Promise<void> {
    try {
      await settled(running, this.#host.userCodeMsMax, () => placeOf(this.#host.node));
    } catch (cause) {
      throw userError(this.#host.node, cause);
    } finally {
      context.leave();
    }
  }
}
