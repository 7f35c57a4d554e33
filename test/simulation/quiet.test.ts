/**
 * After the data stops there is no tick, no request and no read: an idle mesh costs nothing.
 */
import { expect, test } from "vitest";
import { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import { firestore, fixedWindows, pipeline, pubsub, sum, watermarks } from "../../sdk/index.ts";
import { checkNothingDropped, checkNothingLeft } from "../support/mesh-checks.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

test.each([
  ["trailing", watermarks.trailing({ idle: { minutes: 2 } })],
  ["bounded out-of-orderness", watermarks.boundedOutOfOrderness(5_000, { idle: { minutes: 2 } })],
])("with the policy %s, when all windows have fired and expired", async (_name, watermark) => {
  const quiet = pipeline("quiet", (p) => {
    p.read(pubsub.topic<number>("numbers", { watermark }))
      .windowInto(fixedWindows(minuteMs), { allowedLateness: { minutes: 3 } })
      .keyBy((n) => n % 3)
      .combinePerKey(sum())
      .write(firestore.collection("out", { id: (r, { window }) => `${r.key}@${window.start}` }));
  });
  const mesh = new MemoryMesh(quiet, { shards: 4 });
  await mesh.launch();
  for (let i = 0; i < 20; i++) {
    await mesh.publish("numbers", [{ data: String(i) }]);
    await mesh.run(mesh.clock.nowMs() + 10_000);
  }
  await mesh.run(mesh.clock.nowMs() + hourMs);
  expect(mesh.store.documents("out").size).toBeGreaterThan(3);
  await checkNothingDropped(mesh);
  await checkNothingLeft(mesh);

  const before = structuredClone(mesh.counts());
  await mesh.run(mesh.clock.nowMs() + hourMs);
  expect(mesh.counts()).toEqual(before);
  expect(mesh.clock.nextMs).toBeUndefined();
});

test("a launched pipeline that never got a message is as quiet", async () => {
  const watermark = watermarks.trailing({ idle: { minutes: 2 } });
  const silent = pipeline("silent", (p) => {
    p.read(pubsub.topic<number>("numbers", { watermark }))
      .windowInto(fixedWindows(minuteMs))
      .keyBy((n) => n)
      .combinePerKey(sum())
      .write(firestore.collection("out", { id: (r) => String(r.key) }));
  });
  const mesh = new MemoryMesh(silent);
  await mesh.launch();
  await mesh.run(mesh.clock.nowMs() + minuteMs);
  const before = structuredClone(mesh.counts());
  await mesh.run(mesh.clock.nowMs() + hourMs);
  expect(mesh.counts()).toEqual(before);
});

test("a source that never got a message does not hold back another, by its idle rule", async () => {
  const watermark = watermarks.boundedOutOfOrderness(0, { idle: { minutes: 2 } });
  const both = pipeline("both", (p) => {
    const left = p.read(pubsub.topic<number>("left", { watermark }));
    const right = p.read(pubsub.topic<number>("right", { watermark }));
    left
      .flatten(right)
      .windowInto(fixedWindows(minuteMs))
      .keyBy(() => "all")
      .combinePerKey(sum())
      .write(firestore.collection("out", { id: (r) => r.key }));
  });
  const mesh = new MemoryMesh(both);
  await mesh.launch();
  await mesh.publish("left", [{ data: "1" }, { data: "2" }]);
  await mesh.run(mesh.clock.nowMs() + hourMs);
  expect(mesh.store.documents("out").get("all")).toMatchObject({ value: 3 });
  await checkNothingDropped(mesh);
});
