/**
 * `same-bytes` (A4): what is sent again, a bundle, a message of a sink or a file, is the same to the
 * byte under the same id.
 */
import type { Checker } from "./checker.ts";

/** A4: what is sent again is byte-identical. */
export const sameBytes: Checker = {
  name: "same-bytes",
  promise: "A4: a message that is sent again under the same id is byte-identical.",
  watch(_, report) {
    const known = new Map<string, string>();
    const check = (id: string, identity: string): void => {
      const before = known.get(id);
      if (before !== undefined && before !== identity) report(`${id} is sent with other content`);
      known.set(id, identity);
    };
    return {
      published({ message: { topic, attributes }, identity, envelope }) {
        const id = attributes["tidemark-id"];
        if (envelope === undefined) {
          if (id !== undefined) check(`message ${topic} ${id}`, identity);
          return;
        }
        const { producer, sequence, stage, shard } = envelope;
        if (sequence >= 0)
          check(`bundle ${sequence} of ${producer} to ${stage}/${shard}`, identity);
      },
      fileWritten: (path, identity) => check(`file ${path}`, identity),
    };
  },
};
