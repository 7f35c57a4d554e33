/**
 * Control ports: the subscriptions as whoever controls the job has them. Every call may go wrong.
 *
 * Owns: which faults each call may have. Does not own: how they come about (calls.ts), what a call
 * does (deliveries.ts).
 */
import type { Subscriptions } from "../../../functions/ports.ts";
import type { Calls } from "./calls.ts";
import type { Faults } from "./faults.ts";

/** Returns the port as a person's command has it. */
export function faultySubscriptions(
  calls: Calls,
  deliveries: Subscriptions,
  faults: Faults,
): Subscriptions {
  const ask = <T>(name: string, work: () => Promise<T>): Promise<T> =>
    calls.call({ name, work, refusals: ["control refused"], losses: [] });
  const change = (name: string, work: () => Promise<void>): Promise<void> =>
    calls.call({ name, work, refusals: ["control refused"], losses: ["control unanswered"] });
  /** Of each subscription it is a call of its own: some may be done alone. */
  const changeAll = <T>(
    name: string,
    all: readonly T[],
    work: (some: readonly T[]) => Promise<void>,
  ): Promise<void> =>
    change(name, async () => {
      const isPartial = all.length > 1 && faults.happens("control partial");
      await work(isPartial ? all.slice(0, faults.below(all.length)) : all);
      if (isPartial) throw calls.unavailable(`${name}, in the middle`);
    });
  return {
    missing: (names) => ask("missing", () => deliveries.missing(names)),
    configs: (names) => ask("configs", () => deliveries.configs(names)),
    outstanding: (names) => ask("outstanding", () => deliveries.outstanding(names)),
    stop: (names) => changeAll("stop", names, (some) => deliveries.stop(some)),
    start: (configs) =>
      changeAll("start", Object.entries(configs), (some) =>
        deliveries.start(Object.fromEntries(some)),
      ),
    purge: (names) => changeAll("purge", names, (some) => deliveries.purge(some)),
    snapshot: (name, id) => change("snapshot", () => deliveries.snapshot(name, id)),
    seek: (name, id) => change("seek", () => deliveries.seek(name, id)),
    deleteSnapshot: (id) => change("deleteSnapshot", () => deliveries.deleteSnapshot(id)),
  };
}
