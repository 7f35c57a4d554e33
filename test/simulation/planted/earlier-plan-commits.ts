/** An instance takes every message and every head for one of its own plan: nothing fences it off. */
import type { HeadRecord, Store } from "../../../functions/ports.ts";
import { envelopeOf } from "../checkers/bundles.ts";
import { withFields } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const earlierPlanCommits: PlantedBug = {
  name: "an earlier plan's instance commits",
  caughtBy: "one-generation",
  workload: "updated to more shards",
  breaking: () => ({
    world: (world, { plan }) => ({
      ...world,
      store: { ...world.store, newestHead: (shard) => ownHead(world.store, plan.hash, shard) },
    }),
    handler: (handler, { plan }) => ({
      ...handler,
      deliver(message) {
        const envelope = envelopeOf(message.data);
        if (envelope.body === undefined || envelope.plan === plan.hash)
          return handler.deliver(message);
        const data = Buffer.from(JSON.stringify({ ...envelope, plan: plan.hash }));
        return handler.deliver({ ...message, data });
      },
    }),
  }),
};

async function ownHead(
  store: Store,
  plan: string,
  shard: Parameters<Store["newestHead"]>[0],
): Promise<HeadRecord | undefined> {
  const head = await store.newestHead(shard);
  return head && { ...head, body: withFields(head.body, { plan }) };
}
