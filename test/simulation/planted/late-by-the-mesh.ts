/** A shard uses a watermark that is newer than what is stored: on-time elements become late. */
import { envelopeOf } from "../checkers/bundles.ts";
import type { PlantedBug } from "./planted-bug.ts";

const HOUR_MS = 3_600_000;

export const lateByTheMesh: PlantedBug = {
  name: "a shard runs ahead of the stored watermark",
  caughtBy: "exact-drops",
  workload: "windowed sum",
  breaking: () => ({
    handler: (handler, { stage }) => ({
      deliver(message) {
        if (stage === "tracker" || message.data.length === 0) return handler.deliver(message);
        const envelope = envelopeOf(message.data);
        if (envelope.body?.kind !== "advance") return handler.deliver(message);
        const watermarks = Object.entries(envelope.body.watermarks).map(([id, [input, output]]) => [
          id,
          [input + HOUR_MS, output + HOUR_MS],
        ]);
        const body = { ...envelope.body, watermarks: Object.fromEntries(watermarks) };
        return handler.deliver({
          ...message,
          data: Buffer.from(JSON.stringify({ ...envelope, body })),
        });
      },
    }),
  }),
};
