/**
 * Job control: a running mesh of real processes is paused, resumed, cancelled and drained by the real
 * command in a process of its own, which knows the mesh's variables and the pipeline's name alone.
 */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { PubSub } from "@google-cloud/pubsub";
import { afterAll, beforeAll, expect, it } from "vitest";
import { launchAnew } from "../../functions/control/relaunch.ts";
import controlled, { type Visit } from "../support/pipelines/controlled.ts";
import {
  type BundledPipeline,
  bundle,
  type MeshRun,
  removeBundles,
  withMesh,
} from "../support/run-mesh.ts";

const TIMEOUT_MS = 120_000;
const USERS = 20;
const main = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

let bundled: BundledPipeline;
beforeAll(async () => {
  bundled = await bundle("test/support/pipelines/controlled.ts", controlled);
}, TIMEOUT_MS);
afterAll(removeBundles);

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly aside: string;
}

/** Runs `tidemark` with the mesh's variables, without a terminal. */
async function tidemark(run: MeshRun, ...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...run.mesh.variables, NO_COLOR: "1", FORCE_COLOR: undefined },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, aside] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (aside += text));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, out: out.trim(), aside };
}

function visits(count: number, at: number): Visit[] {
  return Array.from({ length: count }, (_, i) => ({ user: `u${i % USERS}`, at: at + i }));
}

async function taken(run: MeshRun): Promise<number> {
  const { stages } = await run.mesh.status();
  return stages.reduce(
    (sum, { kind, elementsIn }) => sum + (kind === "ingest" ? elementsIn : 0),
    0,
  );
}

async function deleteTopic(run: MeshRun, name: string): Promise<void> {
  const { PUBSUB_EMULATOR_HOST: apiEndpoint = "", GOOGLE_CLOUD_PROJECT: projectId = "" } =
    run.mesh.variables;
  const pubsub = new PubSub({ projectId, apiEndpoint, emulatorMode: true });
  await pubsub.topic(name).delete();
  await pubsub.close();
}

it.concurrent("pause, resume, cancel with its state kept, and a drain past loops and a sink that is gone", {
  timeout: TIMEOUT_MS,
}, async () => {
  await withMesh(bundled, async (run) => {
    const nowMs = Date.now();
    const letters = await run.collect(run.mesh.plan.deadLetterTopic);
    await run.publish("visits", visits(200, nowMs));
    await run.ingested(200, 30_000);

    // While messages flow.
    const flowing = run.publish("visits", visits(200, nowMs + 1_000));
    const paused = await tidemark(run, "pause", "controlled");
    expect(paused).toMatchObject({ code: 0, out: expect.stringContaining("is PAUSED") });
    await flowing;
    await sleep(500); // What was out may still end.
    const before = await taken(run);
    await run.publish("visits", visits(100, nowMs + 2_000));
    await sleep(1_500);
    expect(await taken(run)).toBe(before);
    expect((await run.mesh.status()).state).toBe("PAUSED");

    const [again, drain, unasked, unknown] = await Promise.all([
      tidemark(run, "pause", "controlled", "--json"),
      tidemark(run, "drain", "controlled"),
      tidemark(run, "cancel", "controlled"),
      tidemark(run, "resume", "contrloled"),
    ]);
    expect([again.code, JSON.parse(again.out)]).toEqual([
      0,
      { pipeline: "controlled", state: "PAUSED" },
    ]);
    expect([drain.code, drain.aside]).toEqual([1, expect.stringContaining("can't be drained")]);
    expect([unasked.code, unasked.aside]).toEqual([1, expect.stringContaining("Give --yes")]);
    expect([unknown.code, unknown.aside]).toEqual([
      1,
      expect.stringContaining("Did you mean controlled?"),
    ]);

    expect(await tidemark(run, "resume", "controlled")).toMatchObject({
      code: 0,
      out: "controlled is RUNNING again.",
    });
    await run.ingested(500, 30_000);
    const kept = await tidemark(run, "cancel", "controlled", "--keep-state");
    expect(kept).toMatchObject({ code: 0, out: expect.stringContaining("its state is kept") });
    await run.publish("visits", visits(100, nowMs + 3_000));
    expect((await tidemark(run, "resume", "controlled")).code).toBe(0);
    await run.ingested(600, 30_000);

    await deleteTopic(run, "looked-after");
    const drained = await tidemark(run, "drain", "controlled", "--timeout", "60");
    expect(drained.aside).toContain("stopping the sources");
    const [, setAside] = /^controlled is DONE; (\d+) became dead letters/.exec(drained.out) ?? [];
    expect([drained.code, Number(setAside)]).toEqual([1, USERS]);
    expect((await run.mesh.status()).state).toBe("DONE");

    const sessions = [...(await run.documents("sessions")).values()];
    expect(sessions.map(({ value }) => value)).toEqual(Array(USERS).fill(600 / USERS));
    await run.until("all dead letters taken", 10_000, async () => {
      return (await letters.all()).length >= USERS;
    });
    const codes = (await letters.all()).map(({ attributes }) => attributes["tidemark-code"]);
    expect(codes).toEqual(Array(USERS).fill("ERR_SINK"));
    const over = await tidemark(run, "resume", "controlled");
    expect([over.code, over.aside]).toEqual([1, expect.stringContaining("is DONE")]);
    const forgotten = await tidemark(run, "cancel", "controlled", "--yes");
    expect([forgotten.code, forgotten.aside]).toEqual([0, ""]);
    expect((await run.mesh.status()).state).toBe("CANCELLED");
  });
});

it.concurrent("cancel stops a mesh and deletes its state; launched again it begins anew", {
  timeout: TIMEOUT_MS,
}, async () => {
  await withMesh(bundled, async (run) => {
    await run.publish("visits", visits(200, Date.now()));
    await run.ingested(200, 30_000);
    const cancelled = await tidemark(run, "cancel", "controlled", "--yes");
    expect(cancelled).toMatchObject({ code: 0, out: expect.stringContaining("is CANCELLED") });
    const { state, stages } = await run.mesh.status();
    expect([state, stages.map(({ bundlesInFlight }) => bundlesInFlight)]).toEqual([
      "CANCELLED",
      stages.map(() => 0),
    ]);
    await run.publish("visits", visits(10, Date.now()));
    await sleep(500);
    expect((await run.documents("sessions")).size).toBe(0);
    expect(run.mesh.plan.stages.map(({ id }) => run.mesh.backlog(id)).sort()).toEqual([0, 0, 10]);
    expect((await tidemark(run, "resume", "controlled")).code).toBe(1);

    await launchAnew(run.mesh.control);
    await run.ingested(10, 30_000);
    await run.drain(30_000);
    expect(await taken(run)).toBe(10);
  });
});
