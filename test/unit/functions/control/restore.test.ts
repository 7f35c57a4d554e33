/** A restore under a plan with more than the snapshot knows. */
import { expect, test } from "vitest";
import { MemoryMesh } from "../../../../emulators/memory/memory-mesh.ts";
import { restore } from "../../../../functions/control/restore.ts";
import { newSnapshotId, snapshot } from "../../../../functions/control/snapshot.ts";
import {
  count,
  firestore,
  fixedWindows,
  type Pipeline,
  pipeline,
  pubsub,
} from "../../../../sdk/index.ts";
import { checkNothingLeft } from "../../../support/mesh-checks.ts";

const words = (numbers: readonly number[]): Pipeline =>
  pipeline("words", (p) => {
    p.read(pubsub.topic<string>("words"))
      .windowInto(fixedWindows({ days: 1 }))
      .keyBy((word) => word)
      .combinePerKey(count(), { name: "total" })
      .write(firestore.collection("counts", { id: ({ key }) => key }));
    if (numbers.length === 0) return;
    p.create(numbers, { name: "numbers" })
      .reshuffle()
      .write(firestore.collection("numbers", { id: String, fields: (n) => ({ n }) }));
  });

test("reads that the snapshot does not have begin, each once", async () => {
  const mesh = new MemoryMesh(words([]), { shards: 2, isVirtualOnly: true });
  const say = async (word: string): Promise<void> => {
    await mesh.publish("words", [{ data: JSON.stringify(word) }]);
    await mesh.run(mesh.clock.nowMs() + 3_000);
  };
  await mesh.launch();
  await say("a");
  const id = newSnapshotId(mesh.control);
  await mesh.during(snapshot(mesh.control, id, 60_000));
  await mesh.update(words([1, 2, 3]));
  await say("b");
  await mesh.during(restore(mesh.control, id));
  await say("a");
  const read = (await mesh.status()).stages.find(({ kind }) => kind === "read");
  expect(read?.elementsOut).toBe(3);
  await mesh.drain();
  await mesh.run();
  expect((await mesh.job())?.state).toBe("DONE");
  await checkNothingLeft(mesh);
  expect([...mesh.store.documents("numbers").keys()].sort()).toEqual(["1", "2", "3"]);
  const counts = [...mesh.store.documents("counts")].map(([key, { value }]) => [key, value]);
  expect(Object.fromEntries(counts)).toEqual({ a: 2, b: 1 });
});
