/** No secrets: nothing of the environment of the machine that builds gets into a plan or a bundle. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import flights from "../../../examples/flights.ts";
import { bundlePipeline } from "../../../infra/code-bundle.ts";
import { compile } from "../../../sdk/index.ts";

const SECRET = "canary-7c1e0b52";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-secrets-"));
  process.env["TIDEMARK_CANARY"] = SECRET;
  process.env["GOOGLE_APPLICATION_CREDENTIALS"] = `${SECRET}.json`;
});

afterAll(async () => {
  delete process.env["TIDEMARK_CANARY"];
  delete process.env["GOOGLE_APPLICATION_CREDENTIALS"];
  await rm(folder, { recursive: true, force: true });
});

test("a plan and its bundles hold no variable of the machine that made them", async () => {
  const plan = compile(flights);
  expect(JSON.stringify(plan).includes(SECRET)).toBe(false);
  const file = fileURLToPath(new URL("../../../examples/flights.ts", import.meta.url));
  await bundlePipeline({ file, plan, folder });
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(plan.stages.length);
  const texts = await Promise.all(
    files.map(({ parentPath, name }) => readFile(join(parentPath, name), "utf8")),
  );
  // That it is looked for where it would be: the bundles do read variables, by their names.
  expect(texts.some((text) => text.includes("TIDEMARK_PUSH_AUDIENCE"))).toBe(true);
  const holders = files.filter((_, i) => texts[i]?.includes(SECRET)).map(({ name }) => name);
  expect(holders).toEqual([]);
});
