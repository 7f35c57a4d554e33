/**
 * Breaking: how planted bugs stand between an instance and its world.
 */
import type { HeadRecord, MeshSnapshot, Store, World } from "../../../functions/ports.ts";
import type { Breaking } from "../world/simulated-mesh.ts";

/** Replaces some calls of the store. */
export function breakStore(change: (store: Store, world: World) => Partial<Store>): Breaking {
  return {
    world: (world) => ({ ...world, store: { ...world.store, ...change(world.store, world) } }),
  };
}

/** Changes the heads that are read back. */
export function breakHeads(change: (head: HeadRecord) => HeadRecord): Breaking {
  return breakStore((store) => ({
    async newestHead(shard) {
      const head = await store.newestHead(shard);
      return head === undefined ? undefined : change(head);
    },
  }));
}

/** Changes what the tracker sees. */
export function breakSnapshots(change: (snapshot: MeshSnapshot) => MeshSnapshot): Breaking {
  return breakStore((store) => ({ snapshot: async () => change(await store.snapshot()) }));
}

/** Returns JSON text with some fields replaced. */
export function withFields(text: string, fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...(JSON.parse(text) as object), ...fields });
}
