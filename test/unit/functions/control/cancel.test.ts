/**
 * Cancel: stopped at once, with its state deleted or kept (JX1).
 */
import { expect, test } from "vitest";
import { MemoryMesh } from "../../../../emulators/memory/memory-mesh.ts";
import { cancel } from "../../../../functions/control/cancel.ts";
import { resume } from "../../../../functions/control/resume.ts";
import type { HeadCommit, World } from "../../../../functions/ports.ts";
import {
  count,
  firestore,
  fixedWindows,
  type Pipeline,
  pipeline,
  pubsub,
} from "../../../../sdk/index.ts";

function words(): Pipeline {
  return pipeline("words", (p) => {
    p.read(pubsub.topic<string>("words"))
      .windowInto(fixedWindows({ days: 1 }))
      .keyBy((word) => word)
      .combinePerKey(count())
      .write(firestore.collection("counts", { id: ({ key }) => key }));
  });
}

async function started(wrapWorld?: (world: World) => World): Promise<MemoryMesh> {
  const mesh = new MemoryMesh(words(), { shards: 1, ...(wrapWorld && { wrapWorld }) });
  await mesh.launch();
  return mesh;
}

const run = (mesh: MemoryMesh, byMs: number): Promise<void> => mesh.run(mesh.clock.nowMs() + byMs);

async function say(mesh: MemoryMesh, words: readonly string[]): Promise<void> {
  await mesh.publish(
    "words",
    words.map((word) => ({ data: JSON.stringify(word) })),
  );
}

test("a cancelled job is still, its state is gone, and what waits at the source stays", async () => {
  const mesh = await started();
  await say(mesh, ["a", "b"]);
  await run(mesh, 5_000);
  await cancel(mesh.control, { keepsState: false });
  await say(mesh, ["c"]);
  await run(mesh, 3_600_000);
  const { heads, registers } = await mesh.store.snapshot();
  expect([heads, registers, mesh.store.partCount]).toEqual([[], [], 0]);
  expect(mesh.store.documents("counts").size).toBe(0);
  expect(mesh.mailboxes.backlog("words")).toBe(1);
  expect((await mesh.job())?.state).toBe("CANCELLED");
  await cancel(mesh.control, { keepsState: false });
  await expect(resume(mesh.control)).rejects.toThrow("it can't be resumed");
  await mesh.stop();
});

test("with its state kept it goes on as if it had been paused", async () => {
  const mesh = await started();
  await say(mesh, ["a", "b"]);
  await run(mesh, 5_000);
  await cancel(mesh.control, { keepsState: true });
  await say(mesh, ["a"]);
  await run(mesh, 3_600_000);
  await expect(mesh.launch()).rejects.toThrow("tidemark resume words");
  await resume(mesh.control);
  await run(mesh, 5_000);
  await mesh.drain();
  await mesh.run();
  const counts = [...mesh.store.documents("counts").values()].map(({ value }) => value);
  expect(counts.sort()).toEqual([1, 2]);
  await mesh.stop();
});

test("an activation that commits after the cancel brings no shard back (JX1)", async () => {
  const commits: HeadCommit[] = [];
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  let holds = false;
  const mesh = await started((world) => {
    const { store } = world;
    const commitHead = async (commit: HeadCommit): Promise<void> => {
      commits.push(commit);
      if (holds) await released;
      return store.commitHead(commit);
    };
    return { ...world, store: new Proxy(store, { get: proxied({ commitHead }) }) };
  });
  await say(mesh, ["a"]);
  await run(mesh, 3_000);
  const before = commits.length;
  expect(before).toBeGreaterThan(0);
  holds = true;
  await say(mesh, ["b"]);
  const running = run(mesh, 3_000);
  while (commits.length === before) await new Promise(setImmediate);
  await cancel(mesh.control, { keepsState: false });
  holds = false;
  release();
  await running;
  await run(mesh, 60_000);
  expect((await mesh.store.snapshot()).heads).toEqual([]);
  expect(mesh.mailboxes.active).toBe(0);
  await mesh.stop();
});

/** Reads of a store's methods, some of them put in its place. */
function proxied<T extends object>(own: object) {
  return (target: T, name: string | symbol): unknown => {
    if (name in own) return Reflect.get(own, name);
    const value: unknown = Reflect.get(target, name);
    return typeof value === "function" ? value.bind(target) : value;
  };
}
