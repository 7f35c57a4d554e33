/**
 * What the control of a job may expect of any Subscriptions (functions/ports.ts), told over every
 * implementation.
 *
 * Owns: the promises. Does not own: what a Pub/Sub server must do (pubsub.suite.ts).
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Subscriptions } from "../../functions/ports.ts";
import { codeOf } from "../support/builders.ts";

/** A subscription under test, and both its ends. */
export interface Fed {
  readonly name: string;
  /** Every delivery that came, in order. */
  readonly came: readonly string[];
  /** Whether a delivery is acknowledged; a promise is one that is out for a while. */
  answer: (text: string, count: number) => boolean | Promise<boolean>;
  publish(texts: readonly string[], key?: string): Promise<void>;
  /** Resolves when so many deliveries have come. */
  until(count: number): Promise<void>;
}

/** Subscriptions under test. */
export interface SubscriptionsUnderTest {
  readonly subscriptions: Subscriptions;
  /** Makes a subscription with ordering that pushes. */
  newFed(): Promise<Fed>;
  /** Resolves when all that could come by itself has come. */
  quiet(): Promise<void>;
  stop(): Promise<void>;
}

/** How an implementation differs. */
export interface SubscriptionsSuiteOptions {
  /** Whether it tells how many deliveries are out. */
  readonly tellsOutstanding: boolean;
  /** Tests that can't pass, each with its reason. */
  readonly skip?: Readonly<Record<string, string>>;
}

let serial = 0;

/** Runs the suite over one implementation. */
export function subscriptionsSuite(
  name: string,
  start: () => Promise<SubscriptionsUnderTest>,
  { tellsOutstanding, skip = {} }: SubscriptionsSuiteOptions,
): void {
  describe(`Subscriptions: ${name}`, () => {
    let tested: SubscriptionsUnderTest;

    beforeAll(async () => {
      tested = await start();
    });
    afterAll(() => tested?.stop());

    const promise = (sentence: string, run: () => Promise<void>): void => {
      const reason = skip[sentence];
      if (reason === undefined) it(sentence, run);
      else it.skip(`${sentence} (skipped: ${reason})`, run);
    };

    const stopped = async (fed: Fed): Promise<Readonly<Record<string, string>>> => {
      const configs = await tested.subscriptions.configs([fed.name]);
      await tested.subscriptions.stop([fed.name]);
      return configs;
    };

    promise("what is published while it stands still waits, and comes in order later", async () => {
      const fed = await tested.newFed();
      await fed.publish(["a"], "k");
      await fed.until(1);
      await tested.quiet();
      const configs = await stopped(fed);
      await fed.publish(["b", "c"], "k");
      await tested.quiet();
      expect(fed.came).toEqual(["a"]);
      await tested.subscriptions.start(configs);
      await fed.until(3);
      expect(fed.came).toEqual(["a", "b", "c"]);
    });

    promise("a delivery that is out when it stops may still be acknowledged", async () => {
      const fed = await tested.newFed();
      const { promise: answered, resolve } = Promise.withResolvers<boolean>();
      fed.answer = () => answered;
      await fed.publish(["a", "b"], "k");
      await fed.until(1);
      const configs = await stopped(fed);
      resolve(true);
      await tested.quiet();
      expect(fed.came).toEqual(["a"]);
      await tested.subscriptions.start(configs);
      await fed.until(2);
      await tested.quiet();
      expect(fed.came).toEqual(["a", "b"]);
    });

    promise(
      "a delivery that is refused after the stop comes again, before later ones",
      async () => {
        const fed = await tested.newFed();
        const { promise: answered, resolve } = Promise.withResolvers<boolean>();
        fed.answer = (_text, count) => (count === 1 ? answered : true);
        await fed.publish(["a", "b"], "k");
        await fed.until(1);
        const configs = await stopped(fed);
        resolve(false);
        await tested.quiet();
        expect(fed.came).toEqual(["a"]);
        await tested.subscriptions.start(configs);
        await fed.until(3);
        expect(fed.came).toEqual(["a", "a", "b"]);
      },
    );

    promise("one that is refused again and again stays away while it stands still", async () => {
      const fed = await tested.newFed();
      let isWell = false;
      fed.answer = () => isWell;
      await fed.publish(["a"], "k");
      await fed.until(2);
      const configs = await stopped(fed);
      await tested.quiet();
      const before = fed.came.length;
      await tested.quiet();
      expect(fed.came).toHaveLength(before);
      isWell = true;
      await tested.subscriptions.start(configs);
      await fed.until(before + 1);
    });

    promise("of a key one delivery is out, also where it starts again meanwhile", async () => {
      const fed = await tested.newFed();
      const { promise: answered, resolve } = Promise.withResolvers<boolean>();
      fed.answer = (_text, count) => (count === 1 ? answered : true);
      await fed.publish(["a", "b"], "k");
      await fed.until(1);
      await tested.subscriptions.start(await stopped(fed));
      await tested.quiet();
      expect(fed.came).toEqual(["a"]);
      resolve(true);
      await fed.until(2);
      await tested.quiet();
      expect(fed.came).toEqual(["a", "b"]);
    });

    promise("stopping and starting twice is the same as once", async () => {
      const fed = await tested.newFed();
      const configs = await stopped(fed);
      await tested.subscriptions.stop([fed.name]);
      await fed.publish(["a"]);
      await tested.subscriptions.start(configs);
      await tested.subscriptions.start(configs);
      await fed.until(1);
      await tested.quiet();
      expect(fed.came).toEqual(["a"]);
      expect(await tested.subscriptions.configs([fed.name])).toEqual(configs);
    });

    promise("a purge drops what waits, and nothing that is published after it", async () => {
      const fed = await tested.newFed();
      const configs = await stopped(fed);
      await fed.publish(["a", "b"]);
      await fed.publish(["c"], "k");
      await tested.subscriptions.purge([fed.name]);
      await tested.quiet();
      await fed.publish(["d"], "k");
      await tested.subscriptions.start(configs);
      await fed.until(1);
      await tested.quiet();
      expect(fed.came).toEqual(["d"]);
    });

    promise("a seek brings back what was not acknowledged at the snapshot", async () => {
      const fed = await tested.newFed();
      await fed.publish(["a"], "k");
      await fed.until(1);
      await tested.quiet();
      const configs = await stopped(fed);
      await fed.publish(["b", "c"], "k");
      const id = `snapshot-${process.pid}-${serial++}`;
      await tested.subscriptions.snapshot(fed.name, id);
      await tested.subscriptions.start(configs);
      await fed.until(3);
      await tested.quiet();
      await tested.subscriptions.stop([fed.name]);
      await fed.publish(["d"], "k");
      // The same again stays as it was: who asks may have died before the answer came.
      await tested.subscriptions.snapshot(fed.name, id);
      await tested.subscriptions.seek(fed.name, id);
      await tested.subscriptions.start(configs);
      await fed.until(6);
      await tested.quiet();
      expect(fed.came).toEqual(["a", "b", "c", "b", "c", "d"]);
      await tested.subscriptions.deleteSnapshot(id);
      await tested.subscriptions.deleteSnapshot(id);
      const seeking = tested.subscriptions.seek(fed.name, id);
      expect(await codeOf(() => seeking)).toBe("ERR_UNAVAILABLE");
    });

    promise("a seek brings back what was acknowledged after the snapshot", async () => {
      const fed = await tested.newFed();
      await fed.publish(["a"], "k");
      await fed.until(1);
      await tested.quiet();
      const id = `snapshot-${process.pid}-${serial++}`;
      await tested.subscriptions.snapshot(fed.name, id);
      await fed.publish(["b", "c"], "k");
      await fed.until(3);
      await tested.quiet();
      const configs = await stopped(fed);
      await tested.subscriptions.seek(fed.name, id);
      await tested.subscriptions.start(configs);
      await fed.until(5);
      await tested.quiet();
      expect(fed.came).toEqual(["a", "b", "c", "b", "c"]);
      await tested.subscriptions.deleteSnapshot(id);
    });

    promise("a seek to a newer snapshot takes nothing from an older one", async () => {
      const fed = await tested.newFed();
      const [older, newer] = ["older", "newer"].map((age) => `${age}-${process.pid}-${serial++}`);
      await tested.subscriptions.snapshot(fed.name, older ?? "");
      await fed.publish(["a"], "k");
      await fed.until(1);
      await tested.quiet();
      await tested.subscriptions.snapshot(fed.name, newer ?? "");
      await fed.publish(["b"], "k");
      await fed.until(2);
      await tested.quiet();
      for (const id of [newer, older]) {
        const before = fed.came.length;
        const configs = await stopped(fed);
        await tested.subscriptions.seek(fed.name, id ?? "");
        await tested.subscriptions.start(configs);
        await fed.until(before + (id === newer ? 1 : 2));
        await tested.quiet();
        await tested.subscriptions.deleteSnapshot(id ?? "");
      }
      expect(fed.came).toEqual(["a", "b", "b", "a", "b"]);
    });

    promise("it tells what is out, or that it can't", async () => {
      const fed = await tested.newFed();
      const { promise: answered, resolve } = Promise.withResolvers<boolean>();
      fed.answer = () => answered;
      await fed.publish(["a"], "k");
      await fed.publish(["b"], "l");
      await fed.until(2);
      const out = await tested.subscriptions.outstanding([fed.name]);
      expect(out).toBe(tellsOutstanding ? 2 : undefined);
      resolve(true);
      await tested.quiet();
      const after = await tested.subscriptions.outstanding([fed.name]);
      expect(after).toBe(tellsOutstanding ? 0 : undefined);
    });

    promise("it tells which are not there", async () => {
      const { subscriptions } = tested;
      const { name } = await tested.newFed();
      expect(await subscriptions.missing(["none-here", name, "nor-here"])).toEqual([
        "none-here",
        "nor-here",
      ]);
      expect(await subscriptions.missing([name])).toEqual([]);
    });

    promise("a subscription that is not there is ERR_UNAVAILABLE", async () => {
      const { subscriptions } = tested;
      for (const call of [
        () => subscriptions.configs(["none-here"]),
        () => subscriptions.stop(["none-here"]),
      ]) {
        expect(await codeOf(call)).toBe("ERR_UNAVAILABLE");
      }
      expect(await codeOf(() => subscriptions.purge(["none-here"]))).toBeUndefined();
    });
  });
}
