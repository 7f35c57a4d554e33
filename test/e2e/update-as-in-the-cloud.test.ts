/**
 * Updates by `tidemark update` of a mesh that no process updates, as in the cloud: the command moves
 * the state, somebody else replaces the functions, and `--finish` or `--abort` lets the job go on.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { sumBySession, sumByWindow } from "../support/oracle.ts";
import { GAP_MS, type Visit } from "../support/pipelines/visits.ts";
import first from "../support/pipelines/visits-first.ts";
import renamed from "../support/pipelines/visits-renamed.ts";
import { bundle, type MeshRun, removeBundles, withMesh } from "../support/run-mesh.ts";

const TIMEOUT_MS = 240_000;
const STEP_MS = 60_000;
const START_MS = Date.UTC(2026, 0, 1);
const main = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const PATH = "test/support/pipelines/visits-renamed.ts";
const RENAMES = ["--rename", "Windows=Totals", "--rename", "Sessions=Visits"];

afterAll(removeBundles);

/** Runs the command, and returns what it says. */
async function update(run: MeshRun, ...flags: readonly string[]): Promise<string> {
  const { code, out, aside } = await given(run, flags);
  expect(code, out + aside).toBe(0);
  return out;
}

async function given(
  run: MeshRun,
  flags: readonly string[],
): Promise<{ readonly code: number | null; readonly out: string; readonly aside: string }> {
  const child = spawn(process.execPath, [main, "update", PATH, ...flags], {
    env: { ...process.env, ...run.mesh.variables, NO_COLOR: "1", FORCE_COLOR: undefined },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, aside] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (aside += text));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, out, aside };
}

it(
  "moved, taken back, moved again, not finished before it is deployed: totals are exact",
  async () => {
    const before = await bundle("test/support/pipelines/visits-first.ts", first);
    const after = await bundle(PATH, renamed);
    await withMesh(before, async (run) => {
      const { mesh } = run;
      const published: Visit[] = [];
      const publish = async (count: number): Promise<void> => {
        const from = published.length;
        const some = Array.from({ length: count }, (_, i): Visit => {
          const n = from + i;
          return { key: `k${n % 7}`, value: n, time: START_MS + n * 700 };
        });
        published.push(...some);
        await run.publish("visits", some);
      };
      await publish(150);
      await run.ingested(150, STEP_MS);

      expect(await update(run, ...RENAMES)).toContain("The state is moved, and the job waits.");
      await publish(50);
      expect(await update(run, "--abort")).toContain("visits is RUNNING");
      await run.ingested(200, STEP_MS);

      await update(run, ...RENAMES);
      const early = await given(run, ["--finish"]);
      expect(early.code, early.out).not.toBe(0);
      expect(early.aside).toMatch(/nothing takes what is sent to totals-\w+, visits-\w+\. Deploy/);
      await publish(100);
      const renames = { renames: { Windows: "Totals", Sessions: "Visits" } };
      await mesh.update(renamed, after.bundles, renames);
      await publish(50);
      await run.ingested(published.length, STEP_MS);
      await run.drain(STEP_MS);

      const of = async (collection: string): Promise<Record<string, unknown>> =>
        Object.fromEntries(
          [...(await run.documents(collection))].map(([id, { value }]) => [id, value]),
        );
      const sums = Object.entries(sumByWindow(published, 60_000));
      expect(await of("windows")).toEqual(
        Object.fromEntries(sums.map(([id, value]) => [`${id} ON_TIME 0`, value])),
      );
      expect(await of("sessions")).toEqual(sumBySession(published, GAP_MS));
    });
  },
  TIMEOUT_MS,
);
