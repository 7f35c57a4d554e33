/**
 * `same-bytes` (A4): what is sent again, a bundle, a message of a sink or a file, is the same to the
 * byte under the same id.
 */
import type { Checker } from "./checker.ts";
import { producerOf } from "./generations.ts";

/** A4: what is sent again is byte-identical. */
export const sameBytes: Checker = {
  name: "same-bytes",
  promise: "A4: a message that is sent again under the same id is byte-identical.",
  watch({ plan: { deadLetterTopic } }, report) {
    // Pipelines keep their name, and so this topic, through all updates.
    const known = new Map<string, string>();
    const check = (id: string, identity: string): void => {
      const before = known.get(id);
      if (before !== undefined && before !== identity) report(`${id} is sent with other content`);
      known.set(id, identity);
    };
    return {
      published({ message: { topic, attributes, data }, identity, envelope }, by) {
        const id = attributes["tidemark-id"];
        if (envelope === undefined) {
          const content = topic === deadLetterTopic ? withoutMoment(data) : identity;
          if (id !== undefined) check(`message ${topic} ${id}`, content);
          return;
        }
        const { sequence, stage, shard } = envelope;
        if (sequence < 0) return;
        const bundle = `bundle ${sequence} of ${producerOf(envelope)} to ${stage}/${shard}`;
        check(bundle, Buffer.from(data).toString("latin1"));
        // A stage that has another's name since an update passes on what is for that one.
        if (envelope.plan === by.plan.hash) check(`all of ${bundle}`, identity);
      },
      fileWritten: (path, identity) => check(`file ${path}`, identity),
    };
  },
};

/** A letter of a source's message is made anew when the message comes again: when, and from where called. */
function withoutMoment(data: Uint8Array): string {
  const {
    atMs: _,
    error,
    ...letter
  } = JSON.parse(Buffer.from(data).toString("utf8")) as {
    readonly atMs: number;
    readonly error: object;
  };
  return JSON.stringify({ ...letter, error: { ...error, stack: undefined } });
}
