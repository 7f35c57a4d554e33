/**
 * Update, snapshot and restore of a job in memory: what goes on, what is refused, and that cut off at
 * any write the same again ends right.
 */
import { describe, expect, test } from "vitest";
import { MemoryMesh } from "../../../../emulators/memory/memory-mesh.ts";
import { changeJob } from "../../../../functions/control/change-job.ts";
import { type JobControl, stopping } from "../../../../functions/control/job-control.ts";
import { pause } from "../../../../functions/control/pause.ts";
import { restore } from "../../../../functions/control/restore.ts";
import { newSnapshotId, snapshot } from "../../../../functions/control/snapshot.ts";
import {
  readSnapshot,
  readSnapshotText,
  writeSnapshot,
} from "../../../../functions/control/snapshot-text.ts";
import { subscriptionsOf } from "../../../../functions/control/subscription-names.ts";
import { abortUpdate, finishUpdate, prepareUpdate } from "../../../../functions/control/update.ts";
import type { Store } from "../../../../functions/ports.ts";
import { compile } from "../../../../sdk/index.ts";
import { MeshError } from "../../../../sdk/model/errors.ts";
import { MAX_TIMESTAMP } from "../../../../sdk/model/time.ts";
import { codeOf } from "../../../support/builders.ts";
import { sumBySession, sumByWindow } from "../../../support/oracle.ts";
import { events, GAP_MS, Running, sums, WINDOW_MS } from "../../../support/running-sums.ts";

describe("an update goes on with open windows and sessions", () => {
  test.each([
    ["of the same plan", sums(), {}],
    ["on more shards", sums(), { compile: { shards: 6 } }],
    ["on fewer shards", sums(), { compile: { shards: 3 } }],
    ["on one shard", sums(), { compile: { shards: 1 } }],
    [
      "under other names",
      sums(["Totals", "Visits"]),
      { renames: { Windows: "Totals", Sessions: "Visits" } },
    ],
    [
      "with its names exchanged",
      sums(["Sessions", "Windows"]),
      { renames: { Windows: "Sessions", Sessions: "Windows" } },
    ],
    [
      "under other names on other shards",
      sums(["Totals", "Sessions"]),
      { renames: { Windows: "Totals" }, compile: { shards: 7 } },
    ],
  ] as const)("%s", async (_name, next, options) => {
    const running = await Running.launch();
    const { mesh } = running;
    const before = Object.keys(running.documents("windows")).length;
    const { isCompatible } = await mesh.update(next, options);
    expect(isCompatible).toBe(true);
    expect(await mesh.job()).toMatchObject({ state: "RUNNING", plan: mesh.plan.hash });
    expect(before).toBeGreaterThan(0);
    await running.publish(60, 120);
    await running.expectTotals();
    expect(await mesh.store.listSnapshots()).toEqual([]);
  });

  test("again and again, back to what it was", async () => {
    const running = await Running.launch();
    for (const [i, shards] of [6, 3, 4, 4].entries()) {
      await running.mesh.update(sums(i === 1 ? ["A", "B"] : undefined), {
        compile: { shards },
        ...(i === 1 && { renames: { Windows: "A", Sessions: "B" } }),
        ...(i === 2 && { renames: { A: "Windows", B: "Sessions" } }),
      });
      await running.publish(60 + i * 20, 80 + i * 20);
    }
    expect(await running.mesh.job()).toMatchObject({ generation: 3 });
    await running.expectTotals();
  });
});

test("an update that does not fit is refused, and nothing has changed", async () => {
  const running = await Running.launch();
  const { mesh } = running;
  const before = await mesh.store.snapshot();
  expect(await codeOf(() => mesh.update(sums(undefined, 30_000)))).toBe("ERR_UPDATE_INCOMPATIBLE");
  const after = await mesh.store.snapshot();
  expect(after.heads).toEqual(before.heads);
  await running.publish(60, 80);
  await running.expectTotals();
});

test("a job that does not come to rest runs on, and the error says what was on its way", async () => {
  const running = await Running.launch();
  const { mesh } = running;
  const group = mesh.plan.stages.at(-1)?.id ?? "";
  running.broken = group;
  await running.publish(60, 80);
  const slow = mesh.update(sums(), { compile: { shards: 5 }, timeoutMs: 10_000 });
  await expect(slow).rejects.toMatchObject({ code: "ERR_UPDATE_TIMEOUT" });
  await expect(slow).rejects.toThrow(`to ${group}`);
  expect(await mesh.job()).toMatchObject({ state: "RUNNING" });
  running.broken = undefined;
  await running.expectTotals();
});

test("a job that a cut off command left with bundles in stopped mailboxes comes to rest", async () => {
  const running = await Running.launch();
  const { mesh } = running;
  const { control, plan } = mesh;
  const { all } = subscriptionsOf(plan);
  running.broken = plan.stages.at(-1)?.id;
  await running.publish(60, 80);
  // As a caller leaves it who was cut off when all stood still, and an instance then sent more.
  const configs = await control.subscriptions.configs(all);
  await changeJob(plan, control.world.store, (job) => ({
    ...stopping(job, configs, mesh.clock.nowMs()),
    state: "UPDATING",
    change: { kind: "snapshot", phase: "stopping" },
  }));
  await control.subscriptions.stop(all);
  running.broken = undefined;
  await mesh.during(snapshot(control, "again", 10_000));
  expect(await mesh.job()).toMatchObject({ state: "RUNNING" });
  await running.publish(80, 100);
  await running.expectTotals();
});

test("restoring a snapshot gives what was then, and what comes again", async () => {
  const running = await Running.launch();
  const { mesh } = running;
  const id = newSnapshotId(mesh.control);
  const manifest = await mesh.during(snapshot(mesh.control, id, 60_000));
  expect(manifest.stages.some(({ entries }) => entries > 0)).toBe(true);
  expect(await mesh.job()).toMatchObject({ state: "RUNNING" });
  const then = { ...running.documents("windows") };
  await running.publish(60, 100);
  expect(running.documents("windows")).not.toEqual(then);
  await mesh.during(restore(mesh.control, id));
  expect(await mesh.job()).toMatchObject({ state: "RUNNING", generation: 1 });
  // All that came after the snapshot comes again.
  await mesh.run(mesh.clock.nowMs() + 3_000);
  await running.publish(100, 120);
  await running.expectTotals();
});

test("restored without its sources, a job has exactly what the snapshot had", async () => {
  const running = await Running.launch();
  const { mesh } = running;
  const id = newSnapshotId(mesh.control);
  await mesh.during(snapshot(mesh.control, id, 60_000));
  await mesh.during(restore(mesh.control, id, { keepsSources: true }));
  await running.expectTotals();
});

describe("restoring a job that does not run", () => {
  test("one that is DONE runs again, from its snapshot and what came since", async () => {
    const running = await Running.launch();
    const { mesh } = running;
    const id = newSnapshotId(mesh.control);
    await mesh.during(snapshot(mesh.control, id, 60_000));
    await running.publish(60, 100);
    await running.expectTotals();
    const results = running.documents("windows");
    await mesh.during(restore(mesh.control, id));
    expect(await mesh.job()).toMatchObject({ state: "RUNNING", generation: 1 });
    const { stages } = await mesh.status();
    expect(stages.every(({ outputWatermark }) => outputWatermark < MAX_TIMESTAMP)).toBe(true);
    await mesh.run(mesh.clock.nowMs() + 3_000);
    await running.expectTotals();
    expect(running.documents("windows")).toEqual(results);
  });

  test("one that is paused goes on, its subscriptions too", async () => {
    const running = await Running.launch();
    const { mesh } = running;
    const id = newSnapshotId(mesh.control);
    await mesh.during(snapshot(mesh.control, id, 60_000));
    await running.publish(60, 80);
    await pause(mesh.control);
    await running.publish(80, 100);
    await mesh.during(restore(mesh.control, id));
    expect(await mesh.job()).toMatchObject({ state: "RUNNING", generation: 1 });
    expect((await mesh.job())?.stopped).toBeUndefined();
    await mesh.run(mesh.clock.nowMs() + 3_000);
    await running.publish(100, 120);
    await running.expectTotals();
  });

  test("one that drains runs again, and takes what comes", async () => {
    const running = await Running.launch();
    const { mesh } = running;
    const id = newSnapshotId(mesh.control);
    await mesh.during(snapshot(mesh.control, id, 60_000));
    running.broken = mesh.plan.stages.at(-1)?.id;
    await mesh.drain();
    await mesh.run(mesh.clock.nowMs() + 3_000);
    expect((await mesh.job())?.state).toBe("DRAINING");
    running.broken = undefined;
    await mesh.during(restore(mesh.control, id));
    expect((await mesh.job())?.state).toBe("RUNNING");
    await running.publish(60, 100);
    await mesh.drain();
    await mesh.run(mesh.clock.nowMs() + 10 * 60_000);
    expect((await mesh.job())?.state).toBe("DONE");
    // Beside them stand the sessions that the first drain cut short: what sinks have taken stays.
    expect(running.documents("sessions")).toMatchObject(sumBySession(running.published, GAP_MS));
  });
});

test("a snapshot that is not there, not whole or damaged is refused, and nothing changes", async () => {
  const { mesh } = await Running.launch();
  const id = newSnapshotId(mesh.control);
  await mesh.during(snapshot(mesh.control, id, 60_000));
  const refused = (of: string): Promise<string | undefined> =>
    codeOf(() => mesh.during(restore(mesh.control, of)));
  expect(await refused("none")).toBe("ERR_SNAPSHOT");
  const [manifest = "", content = ""] = await mesh.store.readSnapshotParts(id);
  expect(readSnapshotText(`${manifest}\n${content}`).manifest.id).toBe(id);
  expect(await codeOf(() => readSnapshotText("no snapshot"))).toBe("ERR_SNAPSHOT");
  await mesh.store.putSnapshotPart(id, 1, content.replace("1", "2"));
  expect(await refused(id)).toBe("ERR_SNAPSHOT");
  await mesh.store.deleteSnapshot(id);
  expect(await refused(id)).toBe("ERR_SNAPSHOT");
  expect(await mesh.job()).toMatchObject({ state: "RUNNING" });
});

test("a copy under another name goes on with the state, from sources of its own", async () => {
  const { mesh } = await Running.launch();
  const id = newSnapshotId(mesh.control);
  await mesh.during(snapshot(mesh.control, id, 60_000));
  const copy = new MemoryMesh(sums(undefined, undefined, "copied"), {
    shards: 3,
    isVirtualOnly: true,
  });
  await copy.launch();
  const { takenAtMs, subscriptions } = (await readSnapshot(mesh.store, id)).manifest;
  await writeSnapshot(copy.store, id, await readSnapshot(mesh.store, id), {
    takenAtMs,
    subscriptions,
  });
  await copy.during(restore(copy.control, id));
  await copy.drain();
  await copy.run(copy.clock.nowMs() + 10 * 60_000);
  const all = [...mesh.store.documents("windows"), ...copy.store.documents("windows")];
  const sumsOf = Object.fromEntries(all.map(([key, { value }]) => [key, value]));
  const wanted = Object.entries(sumByWindow(events(0, 60), WINDOW_MS));
  expect(sumsOf).toEqual(Object.fromEntries(wanted.map(([key, n]) => [`${key} ON_TIME 0`, n])));
});

/** A control whose store fails at its nth write. */
function failing(control: JobControl, nth: number): JobControl {
  let writes = 0;
  const writing = new Set([
    "commitJob",
    "deleteState",
    "putShard",
    "putSnapshotPart",
    "putDeployment",
    "deleteSnapshot",
  ]);
  const store = new Proxy(control.world.store, {
    get(target, name) {
      const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => {
        if (writing.has(String(name)) && ++writes >= nth) {
          throw new MeshError("ERR_UNAVAILABLE", `${String(name)} failed`);
        }
        return method.apply(target, args);
      };
    },
  }) as Store;
  return { ...control, world: { ...control.world, store } };
}

describe("cut off at any write", () => {
  const next = sums(["Totals", "Sessions"]);
  const plan = compile(next, { shards: 3 });

  test("an update ends right when it is begun again", { timeout: 60_000 }, async () => {
    for (let nth = 1; nth < 40; nth++) {
      const running = await Running.launch();
      const { mesh } = running;
      const { control } = mesh;
      const input = {
        renames: { Windows: "Totals" },
        timeoutMs: 60_000,
        deployment: { ...control.deployment, plan, compile: { shards: 3 } },
      };
      const cut = await codeOf(() => mesh.during(prepareUpdate(failing(control, nth), input)));
      if (cut === undefined) {
        expect(nth).toBeGreaterThan(10);
        return;
      }
      await mesh.update(next, { renames: { Windows: "Totals" }, compile: { shards: 3 } });
      expect(await mesh.store.listSnapshots()).toEqual([]);
      await running.publish(60, 80);
      await running.expectTotals();
    }
    expect.fail("the update never came to its end");
  });

  test("an update that is taken back leaves the job as it was", { timeout: 60_000 }, async () => {
    for (let nth = 1; nth < 40; nth += 3) {
      const running = await Running.launch();
      const { mesh } = running;
      const { control } = mesh;
      const input = {
        renames: { Windows: "Totals" },
        timeoutMs: 60_000,
        deployment: { ...control.deployment, plan, compile: { shards: 3 } },
      };
      const cut = await codeOf(() => mesh.during(prepareUpdate(failing(control, nth), input)));
      if (cut === undefined) return;
      await mesh.during(abortUpdate(control));
      expect(await mesh.job()).toMatchObject({ state: "RUNNING", plan: mesh.plan.hash });
      await running.publish(60, 80);
      await running.expectTotals();
    }
  });

  test("a restore ends right when it is begun again", { timeout: 60_000 }, async () => {
    for (let nth = 1; nth < 40; nth++) {
      const running = await Running.launch();
      const { mesh } = running;
      const id = newSnapshotId(mesh.control);
      await mesh.during(snapshot(mesh.control, id, 60_000));
      await running.publish(60, 80);
      const cut = await codeOf(() => mesh.during(restore(failing(mesh.control, nth), id)));
      if (cut !== undefined) await mesh.during(restore(mesh.control, id));
      await mesh.run(mesh.clock.nowMs() + 3_000);
      await running.publish(80, 100);
      await running.expectTotals();
      if (cut === undefined) return;
    }
    expect.fail("the restore never came to its end");
  });
});

test("finishing what is not ready is refused", async () => {
  const { mesh } = await Running.launch();
  expect((await finishUpdate(mesh.control)).state).toBe("RUNNING");
});
