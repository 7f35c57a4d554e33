/**
 * Broken on purpose: a checker that never fires proves nothing. Each world here breaks one promise
 * of a port, and the simulation must notice.
 */
import { expect, test } from "vitest";
import { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import type { Store, World } from "../../functions/ports.ts";
import { MeshError } from "../../sdk/index.ts";
import { checkNothingDropped, checkNothingLeft, watch } from "./checkers.ts";
import { windowedSum } from "./workloads/groupings.ts";
import { workloads } from "./workloads.ts";

type Break = (store: Store) => Partial<Store>;

/** Runs a workload in a world whose store is broken; returns what the checkers say. */
async function verdict(position: number, breaking: Break): Promise<string> {
  const workload = (workloads[position] ?? windowedSum)(3);
  const wrapWorld = (world: World): World => {
    const { store } = world;
    const whole: Store = {
      newestHead: (shard) => store.newestHead(shard),
      readParts: (shard, ids) => store.readParts(shard, ids),
      commitHead: (commit) => store.commitHead(commit),
      writeDocuments: (documents) => store.writeDocuments(documents),
      putRegister: (register) => store.putRegister(register),
      replaceRegister: (register) => store.replaceRegister(register),
      snapshot: () => store.snapshot(),
      deleteState: (shards) => store.deleteState(shards),
      putShard: (shard, head, parts) => store.putShard(shard, head, parts),
      putSnapshotPart: (id, part, text) => store.putSnapshotPart(id, part, text),
      readSnapshotParts: (id) => store.readSnapshotParts(id),
      listSnapshots: () => store.listSnapshots(),
      deleteSnapshot: (id) => store.deleteSnapshot(id),
      putDeployment: (hash, text) => store.putDeployment(hash, text),
      readDeployment: (hash) => store.readDeployment(hash),
      readJob: () => store.readJob(),
      commitJob: (commit) => store.commitJob(commit),
    };
    return { ...world, store: { ...whole, ...breaking(store) } };
  };
  // Every message comes twice, every instance forgets its shards in between, and some messages of
  // the mesh's own are held back for longer than any lateness.
  let own = 0;
  const mesh = new MemoryMesh(workload.pipeline, {
    shards: 2,
    isVirtualOnly: true,
    engine: { bundleElementsMax: 7, chunkElementsMax: 10, memtableBytesMax: 200, firingsMax: 3 },
    wrapWorld,
    wrapDeliver: (deliver, stage) => async (message) => {
      const isOwn = mesh.plan.stages.some(({ id, kind }) => id === stage && kind !== "ingest");
      if (isOwn && ++own % 20 === 7 && own < 100) await mesh.clock.sleep(120_000);
      await deliver(message);
      mesh.restart(stage);
      await deliver(message);
    },
  });
  watch(mesh.store);
  try {
    await mesh.launch();
    await workload.feed?.(mesh);
    await mesh.run(mesh.clock.nowMs() + 30_000);
    if (workload.feed !== undefined) await mesh.drain();
    await mesh.run(mesh.clock.nowMs() + 2_000_000);
    expect(await workload.result(mesh), "equals the oracle").toEqual(workload.answer);
    expect((await mesh.job())?.state, "an end").toBe("DONE");
    await checkNothingDropped(mesh);
    await checkNothingLeft(mesh);
    return "nothing noticed";
  } catch (error) {
    return String(error);
  }
}

test("a world that keeps its promises passes, though everything comes twice", {
  timeout: 60_000,
}, async () => {
  for (const position of workloads.keys()) {
    expect(await verdict(position, () => ({}))).toBe("nothing noticed");
  }
});

test("a store that forgets what was received makes duplicates", async () => {
  const words = await verdict(0, (store) => ({
    async newestHead(shard) {
      const head = await store.newestHead(shard);
      if (head === undefined) return undefined;
      return { ...head, progress: JSON.stringify({ ...JSON.parse(head.progress), received: {} }) };
    },
  }));
  expect(words).toMatch(/oracle|written once|an end/);
});

test("a store that loses a part of the state loses elements", async () => {
  const words = await verdict(3, (store) => ({
    readParts: async (shard, ids) => (await store.readParts(shard, ids)).map(() => "{}"),
  }));
  expect(words).not.toBe("nothing noticed");
});

test("a store that tells applied commits as failed is no fault: the token settles it", async () => {
  const words = await verdict(0, (store) => ({
    async commitHead(commit) {
      await store.commitHead(commit);
      if (commit.head.version % 2 === 0) throw new MeshError("ERR_UNAVAILABLE", "though applied");
    },
  }));
  expect(words).toBe("nothing noticed");
});

test("holds that are left out of the snapshot let windows fire too early", async () => {
  const words = await verdict(2, (store) => ({
    async snapshot() {
      const snapshot = await store.snapshot();
      const heads = snapshot.heads.map((head) => {
        const progress = { ...JSON.parse(head.progress), hold: 8.64e15, sent: {} };
        return { ...head, progress: JSON.stringify(progress) };
      });
      return { ...snapshot, heads };
    },
  }));
  expect(words).not.toBe("nothing noticed");
});
