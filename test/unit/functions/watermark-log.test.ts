/**
 * Watermark log: what it says and how seldom (WG1, WG2), and that the metric which `pulumi up` declares
 * takes its values and labels out of the very lines that the tracker writes.
 */
import { afterEach, expect, test } from "vitest";
import { MemoryMesh } from "../../../emulators/memory/memory-mesh.ts";
import { structuredLog } from "../../../functions/gcp/structured-log.ts";
import { boundLog } from "../../../functions/log-context.ts";
import type { Log } from "../../../functions/ports.ts";
import { watermarkMetric } from "../../../infra/watermark-metric.ts";
import { count, firestore, fixedWindows, pipeline, pubsub } from "../../../sdk/index.ts";
import { pointsOf } from "../../support/log-metrics.ts";

const minuteMs = 60_000;
const tides = pipeline("tides", (p) => {
  p.read(pubsub.topic<{ at: number }>("tides", { timestamp: ({ at }) => at }))
    .windowInto(fixedWindows({ minutes: 1 }))
    .keyBy(() => "all")
    .combinePerKey(count())
    .write(firestore.collection("tides", { id: ({ key }) => key }));
});

const meshes: MemoryMesh[] = [];
afterEach(async () => {
  for (const mesh of meshes.splice(0)) await mesh.stop();
});

interface Run {
  readonly lines: readonly string[];
  readonly mesh: MemoryMesh;
  readonly stages: readonly string[];
}

/** Publishes an event each ten seconds, each half a minute old, for some minutes; and ends, if it is to. */
async function run(watermarkLogMs: number, minutes: number, isDrained = false): Promise<Run> {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const log = structuredLog({ project: "p", isDebug: false, showsMessages: false, write });
  const plan = "plan";
  const bound: Log = boundLog(log, () => ({ pipeline: "tides", plan, stage: "tracker" }));
  const mesh = new MemoryMesh(tides, { log: bound, engine: { watermarkLogMs, tickMs: 10_000 } });
  await mesh.launch();
  const startMs = mesh.clock.nowMs();
  for (let second = 0; second < minutes * 60; second += 10) {
    await mesh.run(startMs + second * 1_000);
    const data = JSON.stringify({ at: mesh.clock.nowMs() - 30_000 });
    await mesh.publish("tides", [{ data }]);
  }
  if (isDrained) {
    await mesh.drain();
    await mesh.run();
  }
  meshes.push(mesh);
  return { lines, mesh, stages: mesh.plan.stages.map(({ id }) => id) };
}

test("the metric has the lag of each stage, by pipeline and stage, out of the tracker's own lines", async () => {
  const { lines, stages } = await run(minuteMs, 5);
  const points = pointsOf(watermarkMetric("tides"), "tm-tides-tracker", lines);
  expect(points.length).toBeGreaterThan(3 * stages.length);
  expect(points).toHaveLength(lines.length);
  expect(new Set(points.map(({ labels }) => labels["stage"]))).toEqual(new Set(stages));
  expect(points.every(({ labels }) => labels["pipeline"] === "tides")).toBe(true);
  for (const { value } of points) {
    // Half a minute, the source's own minute of patience, and two ticks.
    expect(value).toBeGreaterThanOrEqual(30);
    expect(value).toBeLessThan(120);
  }
});

test("it has nothing of other functions, and nothing of lines that tell something else", async () => {
  const { lines } = await run(minuteMs, 2);
  expect(pointsOf(watermarkMetric("tides"), "tm-tides-other", lines)).toEqual([]);
  const other = lines.map((line) => line.replace("watermarkLagSeconds", "somethingElse"));
  expect(pointsOf(watermarkMetric("tides"), "tm-tides-tracker", [...other, "text"])).toEqual([]);
});

test("a stage has one entry a period, and none where it is 0 (WG1)", async () => {
  const { lines, stages } = await run(2 * minuteMs, 9);
  expect(lines.length / stages.length).toBeGreaterThanOrEqual(4);
  expect(lines.length / stages.length).toBeLessThanOrEqual(5);
  expect((await run(0, 5)).lines).toEqual([]);
});

test("a watermark at its end has no lag, and while nothing goes on nothing is written (WG2)", async () => {
  const ended = await run(minuteMs, 3, true);
  expect((await ended.mesh.status()).state).toBe("DONE");
  const points = pointsOf(watermarkMetric("tides"), "tm-tides-tracker", ended.lines);
  expect(points.length).toBeGreaterThan(0);
  expect(points.every(({ value }) => value < 120)).toBe(true);
  const idle = await run(minuteMs, 3);
  const written = idle.lines.length;
  await idle.mesh.run(idle.mesh.clock.nowMs() + 600 * minuteMs);
  // What was still on its way came to rest first.
  expect(idle.lines.length - written).toBeLessThanOrEqual(2 * idle.stages.length);
});

test("an entry takes less than what the cost formula gives it", async () => {
  const { lines } = await run(minuteMs, 2);
  const longest = Math.max(...lines.map((line) => Buffer.byteLength(line)));
  // Cloud Logging adds name, resource, times and an id.
  expect(longest).toBeLessThan(500);
});
