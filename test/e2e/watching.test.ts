/**
 * Seeing a running job: `tidemark status` and `tidemark sample` as processes, on an embedded mesh.
 *
 * One mesh for all tests, which run in order: messages come in, some fail, a window stands open.
 */
import { spawn } from "node:child_process";
import { PubSub } from "@google-cloud/pubsub";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { MeshPlan } from "../../sdk/index.ts";
import watched from "../support/pipelines/watched.ts";
import { bundle, type MeshRun, removeBundles, withMesh } from "../support/run-mesh.ts";
import { inRepository } from "../unit/cli/support.ts";

const TIMEOUT_MS = 60_000;

let run: MeshRun;
let release: () => void;
let stopped: Promise<void>;

beforeAll(async () => {
  const bundled = await bundle("test/support/pipelines/watched.ts", watched);
  const started = Promise.withResolvers<MeshRun>();
  const over = Promise.withResolvers<void>();
  release = over.resolve;
  stopped = withMesh(bundled, async (mesh) => {
    started.resolve(mesh);
    await over.promise;
  });
  stopped.catch(started.reject);
  run = await started.promise;
}, TIMEOUT_MS);

afterAll(async () => {
  release();
  await stopped;
  await removeBundles();
}, TIMEOUT_MS);

interface Command {
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<number | null>;
  interrupt(): void;
}

function tidemark(...args: readonly string[]): Command {
  const child = spawn(process.execPath, [inRepository("cli/main.ts"), ...args], {
    env: { ...process.env, ...run.mesh.variables, NO_COLOR: "1", FORCE_COLOR: undefined },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return {
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    interrupt: () => child.kill("SIGINT"),
  };
}

async function output(...args: readonly string[]): Promise<string> {
  const command = tidemark(...args);
  expect(await command.ended, command.stderr()).toBe(0);
  return command.stdout();
}

/** 60 readings in 60 s of event time, half of them of one sensor; each tenth is refused. */
const readings = Array.from({ length: 60 }, (_, i) => ({
  sensor: i % 2 === 0 ? "attic-canary" : `s${i}`,
  value: i % 10 === 9 ? -1 : i,
  time: new Date(Date.UTC(2026, 0, 1, 0, 0, i)).toISOString(),
}));

const stageOf = (kind: string): MeshPlan["stages"][number] => {
  const stage = run.mesh.plan.stages.find((each) => each.kind === kind);
  if (stage === undefined) throw new Error(`No ${kind} stage.`);
  return stage;
};

async function subscriptions(): Promise<string[]> {
  const [all] = await run.mesh.services.pubsubClient.getSubscriptions();
  return all.map(({ name }) => name.split("/").at(-1) ?? "");
}

test(
  "a sample shows what comes to a stage, decoded, and takes nothing from it",
  async () => {
    const sample = tidemark("sample", "total", "--count", "5", "--seconds", "30", "--json");
    await expect
      .poll(subscriptions, { timeout: 15_000 })
      .toContainEqual(expect.stringMatching(/^tm-sample-total-/));
    const name = (await subscriptions()).find((each) => each.startsWith("tm-sample-"));
    const [{ expirationPolicy }] = await run.mesh.services.pubsubClient
      .subscription(name ?? "")
      .getMetadata();
    expect(Number(expirationPolicy?.ttl?.seconds)).toBe(86_400);
    await run.publish("readings", readings);
    expect(await sample.ended, sample.stderr()).toBe(0);
    const elements = sample
      .stdout()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(elements).toHaveLength(5);
    expect(elements[0]).toMatchObject({
      window: { start: "2026-01-01T00:00:00.000Z", end: "2026-01-01T00:01:00.000Z" },
      key: expect.stringMatching(/^(attic-canary|s\d+)$/),
      value: expect.any(Number),
      shard: expect.any(Number),
    });
    expect(sample.stderr()).toContain("Content of elements on their way to total-");
    expect(await subscriptions()).not.toContainEqual(expect.stringMatching(/^tm-sample-/));
    await run.ingested(readings.length, 20_000);
  },
  TIMEOUT_MS,
);

test(
  "status --json tells what happened, and why the window stands open",
  async () => {
    const text = await output("status", "watched", "--why", "--json");
    const status = JSON.parse(text);
    const [ingest, total] = status.stages;
    expect(status).toMatchObject({
      pipeline: "watched",
      state: "RUNNING",
      deadLettersOpen: 6,
      plan: run.mesh.plan.hash,
    });
    expect(ingest).toMatchObject({
      kind: "ingest",
      elementsIn: 60,
      elementsOut: 54,
      deadLetters: 6,
      deadLettersOpen: 6,
      outputWatermark: "2026-01-01T00:00:59.000Z",
      failures: [
        { code: "ERR_USER_CODE", dead: 6, text: expect.stringMatching(/\(watched\.ts:22:\d+\)$/) },
      ],
    });
    const { store } = run.mesh.control.world;
    const [listed] = await store.listDeadLetters({ limit: 1 });
    const [letter] = await store.readDeadLetters([listed?.id ?? ""]);
    const { stack } = JSON.parse(letter?.detail ?? "{}");
    expect(stack.split("\n")[1]).toMatch(
      /^ {4}at .*test\/support\/pipelines\/watched\.ts:22:\d+\)$/,
    );
    expect(ingest.retries).toBeGreaterThan(0);
    expect(ingest.systemLatency.count).toBe(60);
    expect(total).toMatchObject({ kind: "shuffle", bundlesInFlight: 0, elementsInFlight: 0 });
    expect(total.hotKeys.length).toBeGreaterThan(0);
    expect(status.operations.documentsWritten).toBeGreaterThan(0);
    expect(status.why.stages[1]).toMatchObject({
      stage: total.stage,
      moves: false,
      causes: [{ kind: "stage", stage: ingest.stage }],
      roots: [{ kind: "source", stage: ingest.stage, hasEvents: true }],
    });
    expect(text).not.toContain("canary");
  },
  TIMEOUT_MS,
);

test(
  "status shows the same for people; without a pipeline it lists the jobs",
  async () => {
    const [text, jobs] = await Promise.all([
      output("status", "watched", "--why"),
      output("status"),
    ]);
    expect(text).toMatch(
      /^watched {2}RUNNING, quiet, launched .* ago, plan [0-9a-f]{16}, project tidemark-local$/m,
    );
    expect(text).toMatch(
      /^ {2}key #[0-9a-f]{16} takes \d+ % or more of what comes to total-\w+\/\d$/m,
    );
    expect(text).toContain("user code threw RangeError at");
    expect(text).toContain("Publish newer events, or give its watermark policy an idle rule");
    expect(jobs).toMatch(/^watched +RUNNING +\d+ \w+ behind/m);
  },
  TIMEOUT_MS,
);

test(
  "status --watch looks again until Ctrl-C",
  async () => {
    const watch = tidemark("status", "watched", "--watch", "--json");
    const looks = (): string[] => watch.stdout().trim().split("\n").filter(Boolean);
    await expect.poll(() => looks().length, { timeout: 15_000 }).toBeGreaterThan(1);
    watch.interrupt();
    expect(await watch.ended).toBe(0);
    expect(looks().map((line) => JSON.parse(line).state)).toEqual(looks().map(() => "RUNNING"));
  },
  TIMEOUT_MS,
);

test(
  "sample --errors shows the last failures by cause, without content",
  async () => {
    const [json, text] = await Promise.all([
      output("sample", "check", "--errors", "--json"),
      output("sample", stageOf("ingest").id.slice(0, 8), "--errors"),
    ]);
    const failures = json
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(failures).toMatchObject([{ code: "ERR_USER_CODE", dead: 6 }]);
    expect(text).toMatch(/ERR_USER_CODE.*check/s);
    expect(text + json).not.toContain("canary");
  },
  TIMEOUT_MS,
);

test(
  "a source's messages are shown as they came in; Ctrl-C deletes the subscription",
  async () => {
    const sample = tidemark("sample", "check", "--count", "9", "--seconds", "50");
    await expect
      .poll(subscriptions, { timeout: 15_000 })
      .toContainEqual(expect.stringMatching(/^tm-sample-read-/));
    const pubsub = new PubSub({
      projectId: "tidemark-local",
      apiEndpoint: run.mesh.services.pubsubAddress,
      emulatorMode: true,
    });
    await pubsub.topic("readings").publishMessage({ json: { ...readings[0], value: 7 } });
    await pubsub.close();
    await expect.poll(() => sample.stdout(), { timeout: 10_000 }).toContain('"value":7');
    sample.interrupt();
    expect(await sample.ended).toBe(0);
    expect(await subscriptions()).not.toContainEqual(expect.stringMatching(/^tm-sample-/));
  },
  TIMEOUT_MS,
);
