/**
 * What the engine may expect of any Mailboxes (functions/ports.ts), told over every implementation.
 *
 * Owns: the promises. Does not own: what a Pub/Sub server must do (pubsub.suite.ts).
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Mailboxes, OutgoingMessage } from "../../functions/ports.ts";
import { codeOf } from "../support/builders.ts";

/** A message as its receiver got it. */
export interface Received {
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Mailboxes under test, and the other end of their topics. */
export interface MailboxesUnderTest {
  readonly mailboxes: Mailboxes;
  /** Makes a topic; returns a function that waits for so many messages of it. */
  newTopic(topic: string): Promise<(count: number) => Promise<readonly Received[]>>;
  stop(): Promise<void>;
}

function messageOf(topic: string, text: string, orderingKey = ""): OutgoingMessage {
  return { topic, orderingKey, data: Buffer.from(text), attributes: {} };
}

const texts = (messages: readonly Received[]): string[] =>
  messages.map(({ data }) => Buffer.from(data).toString());

/** Runs the suite over one implementation. */
export function mailboxesSuite(
  name: string,
  start: () => Promise<MailboxesUnderTest>,
  options: { readonly hasUnknownTopics: boolean },
): void {
  describe(`Mailboxes: ${name}`, () => {
    let tested: MailboxesUnderTest;
    let serial = 0;
    const fresh = (): string => `topic-${serial++}`;

    beforeAll(async () => {
      tested = await start();
    });
    afterAll(() => tested?.stop());

    it("a message comes with its data and attributes", async () => {
      const topic = fresh();
      const received = await tested.newTopic(topic);
      const data = Buffer.from([0, 1, 255]);
      await tested.mailboxes.publish([{ topic, orderingKey: "", data, attributes: { a: "é" } }]);
      const [message] = await received(1);
      expect(Buffer.from(message!.data)).toEqual(data);
      expect(message!.attributes).toMatchObject({ a: "é" });
    });

    it("nothing to publish is no failure", async () => {
      expect(await codeOf(() => tested.mailboxes.publish([]))).toBeUndefined();
    });

    it("messages of one key come in the order of publishing, over several calls", async () => {
      const topic = fresh();
      const received = await tested.newTopic(topic);
      for (let call = 0; call < 5; call++) {
        await tested.mailboxes.publish(
          [0, 1, 2, 3].map((i) => messageOf(topic, `${i % 2}:${call * 4 + i}`, String(i % 2))),
        );
      }
      const all = texts(await received(20));
      for (const key of ["0", "1"]) {
        const numbers = all
          .filter((text) => text.startsWith(`${key}:`))
          .map((t) => Number(t.slice(2)));
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
        expect(numbers).toHaveLength(10);
      }
    });

    it("one call takes more messages and bytes than one request may, and keeps their order", async () => {
      const topic = fresh();
      const received = await tested.newTopic(topic);
      const many = Array.from({ length: 2_500 }, (_, i) => messageOf(topic, String(i), "k"));
      const large = [0, 1, 2].map((i) => messageOf(topic, `${i}${"x".repeat(4_000_000)}`, "k"));
      await tested.mailboxes.publish([...many, ...large]);
      const all = texts(await received(2_503));
      expect(all.slice(0, 2_500)).toEqual(many.map((_, i) => String(i)));
      expect(all.slice(2_500).map((text) => [text[0], text.length])).toEqual(
        [0, 1, 2].map((i) => [String(i), 4_000_001]),
      );
    });

    it("one call publishes to several topics", async () => {
      const [a, b] = [fresh(), fresh()];
      const [fromA, fromB] = [await tested.newTopic(a), await tested.newTopic(b)];
      await tested.mailboxes.publish([messageOf(a, "1"), messageOf(b, "2"), messageOf(a, "3")]);
      expect(texts(await fromA(2)).sort()).toEqual(["1", "3"]);
      expect(texts(await fromB(1))).toEqual(["2"]);
    });

    // Reason: a topic of the memory mesh is there as soon as somebody publishes to it.
    it.skipIf(!options.hasUnknownTopics)(
      "a topic that is not there refuses for good, with ERR_SINK (skipped where any topic is there)",
      async () => {
        const publishing = tested.mailboxes.publish([messageOf("never-made", "x")]);
        expect(await codeOf(() => publishing)).toBe("ERR_SINK");
      },
    );
  });
}
