/**
 * What a Pub/Sub server must do, told through the real client library.
 *
 * Owns: which promises an implementation is held to. They are in the three parts, pubsub-*.suite.ts.
 * It runs over the embedded server, and can run over Google's emulator with a list of what that one
 * lacks.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Harness, type PromiseTest } from "./pubsub-harness.ts";
import { publishAndPullPromises } from "./pubsub-publish-pull.suite.ts";
import { pushPromises } from "./pubsub-push.suite.ts";
import { resourcePromises } from "./pubsub-resources.suite.ts";

/** A server under test. */
interface PubsubUnderTest {
  /** `host:port`. */
  readonly address: string;
  stop(): Promise<void>;
}

/** Tests that an implementation is known not to pass, and why. */
interface Skip {
  readonly reason: string;
  /** The tests' sentences. */
  readonly tests: readonly string[];
}

/** Runs the suite over one implementation. */
export function pubsubSuite(options: {
  readonly name: string;
  readonly start: () => Promise<PubsubUnderTest>;
  readonly skip?: readonly Skip[];
}): void {
  const { name, start, skip = [] } = options;
  const unknown = new Set(skip.flatMap(({ tests }) => tests));

  const promise: PromiseTest = (sentence, run) => {
    unknown.delete(sentence);
    const skipped = skip.find(({ tests }) => tests.includes(sentence));
    if (skipped === undefined) it(sentence, run);
    else it.skip(`${sentence} (skipped: ${skipped.reason})`, run);
  };

  describe(`Pub/Sub: ${name}`, () => {
    let server: PubsubUnderTest | undefined;
    let started: Harness | undefined;
    const harness = (): Harness => {
      if (started === undefined) throw new Error("the server has not started");
      return started;
    };

    beforeAll(async () => {
      server = await start();
      started = new Harness(server.address);
    });
    afterEach(() => started?.cleanUp());
    afterAll(async () => {
      await started?.close();
      await server?.stop();
    });

    resourcePromises(harness, promise);
    publishAndPullPromises(harness, promise);
    pushPromises(harness, promise);

    it("every skipped test is one of this suite", () => {
      expect([...unknown]).toEqual([]);
    });
  });
}
