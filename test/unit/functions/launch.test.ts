/** Launch: a job stands when it is done, whatever another writer or a busy store does meanwhile. */
import { expect, test } from "vitest";
import { MemoryMesh } from "../../../emulators/memory/memory-mesh.ts";
import { firestore, MeshError, pipeline, sum } from "../../../sdk/index.ts";

const total = (name: string) =>
  pipeline("launched", (p) =>
    p
      .create([1, 2, 3])
      .keyBy(() => name)
      .combinePerKey(sum())
      .write(firestore.collection("out", { id: ({ key }) => key })),
  );

test("a store that is busy refuses a commit though nobody else has made one: it is made again", async () => {
  const mesh = new MemoryMesh(total("all"));
  const commitJob = mesh.store.commitJob.bind(mesh.store);
  let refusals = 2;
  mesh.store.commitJob = async (commit) => {
    if (refusals-- > 0) throw new MeshError("ERR_STORE_CONTENTION", "busy");
    await commitJob(commit);
  };
  await mesh.launch();
  expect(await mesh.job()).toMatchObject({ state: "RUNNING" });
  await mesh.run();
  expect(mesh.store.documents("out").get("all")).toMatchObject({ value: 6 });
});

test("a launch that loses against one of another plan says so", async () => {
  const mesh = new MemoryMesh(total("all"));
  const other = new MemoryMesh(total("others"));
  await other.launch();
  const rival = await other.store.readJob();
  const commitJob = mesh.store.commitJob.bind(mesh.store);
  const { hash } = mesh.plan;
  mesh.store.commitJob = async (commit) => {
    const text = rival!.text.replace(other.plan.hash, "another-plan");
    await commitJob({ ...commit, job: { version: 1, text } });
    throw new MeshError("ERR_STORE_CONTENTION", "another launch was faster");
  };
  const wanted = { code: "ERR_PLAN_MISMATCH", message: expect.stringContaining(hash) };
  await expect(mesh.launch()).rejects.toMatchObject(wanted);
});

test("a store that stays busy is given up, and the launch says so", async () => {
  const mesh = new MemoryMesh(total("all"));
  mesh.store.commitJob = () => Promise.reject(new MeshError("ERR_STORE_CONTENTION", "busy"));
  await expect(mesh.launch()).rejects.toMatchObject({ code: "ERR_STORE_CONTENTION" });
});
