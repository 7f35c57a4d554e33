/**
 * One script in two worlds: the same pipeline, with its test streams and assertions, in memory and on
 * real processes with ordinary clients.
 */
import { afterAll, expect, test } from "vitest";
import { runOnMesh, runPipeline } from "../../emulators/testing/index.ts";
import { operationsResult } from "../../functions/metrics/operations.ts";
import type { MeshStatus } from "../../functions/status.ts";
import { pipeline } from "../../sdk/index.ts";
import { assertThat, testStream } from "../../sdk/testing/index.ts";
import batchedWords from "../support/pipelines/batched-words.ts";
import lateWords from "../support/pipelines/late-words.ts";
import { bundle, removeBundles, withMesh } from "../support/run-mesh.ts";

const TIMEOUT_MS = 120_000;

afterAll(removeBundles);

test("in memory", async () => {
  const { state, checks } = await runPipeline(lateWords);
  expect({ state, checks }).toEqual({ state: "DONE", checks: 5 });
});

test(
  "on the embedded mesh, step by step",
  async () => {
    const bundled = await bundle("test/support/pipelines/late-words.ts", lateWords);
    const { status, checks } = await withMesh(bundled, ({ mesh }) =>
      runOnMesh(lateWords, { mesh, pubsub: mesh.services.pubsubClient }),
    );
    expect({ state: status.state, checks }).toEqual({ state: "DONE", checks: 5 });
    expect(status.stages.reduce((sum, { droppedLate }) => sum + droppedLate, 0)).toBe(2);
  },
  TIMEOUT_MS,
);

test("state and timers in memory", async () => {
  const { state, checks } = await runPipeline(batchedWords);
  expect({ state, checks }).toEqual({ state: "DONE", checks: 3 });
});

test(
  "state and timers on the embedded mesh",
  async () => {
    const bundled = await bundle("test/support/pipelines/batched-words.ts", batchedWords);
    const { status, checks } = await withMesh(bundled, ({ mesh }) =>
      runOnMesh(batchedWords, { mesh, pubsub: mesh.services.pubsubClient }),
    );
    expect({ state: status.state, checks }).toEqual({ state: "DONE", checks: 3 });
  },
  TIMEOUT_MS,
);

test("a mesh that does not come to rest fails the run by its deadline", async () => {
  const waiting = pipeline("waiting", (p) => {
    assertThat(p.read(testStream<number>().addElements(1))).hasSize(1);
  });
  const status: MeshStatus = {
    pipeline: "waiting",
    state: "RUNNING",
    stages: [],
    launchedAtMs: 0,
    trackerOperations: operationsResult([]),
    operations: operationsResult([]),
    metrics: [],
    isQuiet: false,
  };
  const mesh = { plan: {} as never, status: async () => status, drain: async () => {} };
  const run = runOnMesh(waiting, { mesh, pubsub: {} as never, deadlineMs: 30 });
  await expect(run).rejects.toThrow(/not at rest after 30 ms/);
});
