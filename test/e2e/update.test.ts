/**
 * Updates, snapshots and restores of a running mesh of real processes, with open windows and sessions:
 * totals are exact through all of them.
 */

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { codeOf } from "../support/builders.ts";
import { sumBySession, sumByWindow } from "../support/oracle.ts";
import { GAP_MS, type Visit } from "../support/pipelines/visits.ts";
import changed from "../support/pipelines/visits-changed.ts";
import first from "../support/pipelines/visits-first.ts";
import renamed from "../support/pipelines/visits-renamed.ts";
import wider from "../support/pipelines/visits-wider.ts";
import { bundle, type MeshRun, removeBundles, withMesh } from "../support/run-mesh.ts";

const TIMEOUT_MS = 240_000;
const STEP_MS = 60_000;
const main = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const START_MS = Date.UTC(2026, 0, 1);

afterAll(removeBundles);

const visitsOf = (from: number, to: number): Visit[] =>
  Array.from({ length: to - from }, (_, i) => {
    const n = from + i;
    return { key: `k${n % 7}`, value: n, time: START_MS + n * 700 };
  });

/** Publishes what comes next, and waits until it is taken in. */
class Feed {
  readonly published: Visit[] = [];
  readonly #run: MeshRun;

  constructor(run: MeshRun) {
    this.#run = run;
  }

  async publish(count: number): Promise<void> {
    const from = this.published.length;
    const some = visitsOf(from, from + count);
    this.published.push(...some);
    await this.#run.publish("visits", some);
    await this.#run.ingested(this.published.length, STEP_MS);
  }

  async expectTotals(): Promise<void> {
    const of = async (collection: string): Promise<Record<string, unknown>> =>
      Object.fromEntries(
        [...(await this.#run.documents(collection))].map(([id, { value }]) => [id, value]),
      );
    await this.#run.drain(STEP_MS);
    const sums = Object.entries(sumByWindow(this.published, 60_000));
    expect(await of("windows")).toEqual(
      Object.fromEntries(sums.map(([id, value]) => [`${id} ON_TIME 0`, value])),
    );
    expect(await of("sessions")).toEqual(sumBySession(this.published, GAP_MS));
  }
}

async function tidemark(run: MeshRun, ...args: string[]): Promise<{ code: number; out: string }> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...run.mesh.variables, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      out += String(chunk);
    });
  }
  const code = await new Promise<number>((resolve) => child.on("close", (c) => resolve(c ?? -1)));
  return { code, out };
}

it.concurrent(
  "a mesh goes on under changed code, other names and other shards, and refuses what does not fit",
  async () => {
    const path = "test/support/pipelines";
    const versions = {
      first: await bundle(`${path}/visits-first.ts`, first),
      changed: await bundle(`${path}/visits-changed.ts`, changed),
      renamed: await bundle(`${path}/visits-renamed.ts`, renamed),
      wider: await bundle(`${path}/visits-wider.ts`, wider),
    };
    await withMesh(versions.first, async (run) => {
      const { mesh } = run;
      const feed = new Feed(run);
      await feed.publish(150);
      const hasFired = async (): Promise<boolean> => (await run.documents("windows")).size > 0;
      await run.until("a window fired", STEP_MS, hasFired);

      await mesh.update(changed, versions.changed.bundles);
      await feed.publish(100);
      const renames = { Windows: "Totals", Sessions: "Visits" };
      await mesh.update(renamed, versions.renamed.bundles, { renames });
      await feed.publish(100);
      await mesh.update(renamed, versions.renamed.bundles, { compile: { shards: 6 } });
      await feed.publish(100);
      await mesh.update(renamed, versions.renamed.bundles, { compile: { shards: 3 } });
      const before = await mesh.status();
      const back = { renames: { Totals: "Windows", Visits: "Sessions" } };
      const refused = mesh.update(wider, versions.wider.bundles, back);
      expect(await codeOf(() => refused)).toBe("ERR_UPDATE_INCOMPATIBLE");
      expect((await mesh.status()).stages.map(({ stage }) => stage)).toEqual(
        before.stages.map(({ stage }) => stage),
      );
      await feed.publish(100);
      await feed.expectTotals();
      const codes = [...(await run.documents("windows")).values()].map(({ code }) => code);
      expect(new Set(codes)).toEqual(new Set(["first", "second"]));
    });
  },
  TIMEOUT_MS,
);

it.concurrent(
  "from the command line a snapshot is taken, listed and restored; then all since comes again",
  async () => {
    const bundled = await bundle("test/support/pipelines/visits-first.ts", first);
    const folder = await mkdtemp(join(tmpdir(), "tidemark-snapshot-"));
    try {
      await withMesh(bundled, async (run) => {
        const feed = new Feed(run);
        await feed.publish(150);
        const file = join(folder, "visits.snapshot");
        const taken = await tidemark(run, "snapshot", "visits", "--json", "--file", file);
        expect(taken, taken.out).toMatchObject({ code: 0 });
        const { id } = JSON.parse(taken.out) as { id: string };
        await feed.publish(150);
        const dry = await tidemark(
          run,
          "update",
          "test/support/pipelines/visits-wider.ts",
          "--dry-run",
        );
        expect(dry).toMatchObject({ code: 1 });
        expect(dry.out).toContain("sizeMs was 60000 and is 120000");

        const listed = await tidemark(run, "snapshot", "visits", "--list");
        expect(listed.out).toContain(id);
        for (const from of [id, file]) {
          const restored = await tidemark(run, "restore", "visits", from);
          expect(restored, restored.out).toMatchObject({ code: 0 });
          await run.ingested(feed.published.length, STEP_MS);
        }
        await feed.publish(50);
        await feed.expectTotals();
        const gone = await tidemark(run, "snapshot", "visits", "--delete", id);
        expect(gone, gone.out).toMatchObject({ code: 0 });
        expect(await tidemark(run, "restore", "visits", id)).toMatchObject({ code: 1 });
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  TIMEOUT_MS,
);
