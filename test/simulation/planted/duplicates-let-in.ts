/** A bundle that comes again looks like another one: duplicates are no longer dropped. */
import { envelopeOf } from "../checkers/bundles.ts";
import { bundleKey } from "../world/ledger.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const duplicatesLetIn: PlantedBug = {
  name: "duplicates are let in",
  caughtBy: "no-duplicate",
  workload: "word count",
  breaking() {
    const seen = new Map<string, number>();
    return {
      handler: (handler) => ({
        deliver(message) {
          const envelope = envelopeOf(message.data);
          if (envelope.body.kind !== "elements") return handler.deliver(message);
          const { producer, sequence, stage, shard } = envelope;
          const key = bundleKey(producer, `${stage}/${shard}`, sequence);
          const times = seen.get(key) ?? 0;
          seen.set(key, times + 1);
          if (times === 0) return handler.deliver(message);
          const other = { ...envelope, producer: `${producer}.${times}`.replace("/", "-") };
          const data = Buffer.from(JSON.stringify(other));
          return handler.deliver({ ...message, data });
        },
      }),
    };
  },
};
