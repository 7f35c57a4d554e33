/** `limits`: no document, commit or message is over its limit. */
import { COMMIT_BYTES_MAX, DOCUMENT_BYTES_MAX } from "../../../functions/options.ts";
import type { Checker } from "./checker.ts";

/** Pub/Sub takes no bigger message, in bytes. */
const MESSAGE_BYTES_MAX = 10_000_000;

/** No document and no commit is over its limit. */
export const limits: Checker = {
  name: "limits",
  promise: "No document, commit or message is over its limit.",
  watch: (_, report) => ({
    committed({ commit: { shard, head, partsToPut, sinkDocuments } }) {
      const sinks = sinkDocuments.map(({ fields }) => JSON.stringify(fields));
      const texts = [head.body + head.progress, ...partsToPut.map(({ text }) => text), ...sinks];
      const bytes = texts.map((text) => Buffer.byteLength(text));
      const widest = Math.max(...bytes);
      const all = bytes.reduce((a, b) => a + b, 0);
      const name = `${shard.stage}/${shard.shard}`;
      if (widest > DOCUMENT_BYTES_MAX + 100_000) report(`${name}: a document of ${widest} bytes`);
      if (all > COMMIT_BYTES_MAX) report(`${name}: a commit of ${all} bytes`);
    },
    published({ message: { topic, data } }) {
      if (data.length > MESSAGE_BYTES_MAX) report(`${topic}: a message of ${data.length} bytes`);
    },
  }),
};
