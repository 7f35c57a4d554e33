/**
 * docs/testing.md: every snippet type-checks and passes as a test of its own, under Node's runner.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { codeBlocks, typeErrors } from "../../support/doc-snippets.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const blocks = codeBlocks("docs/testing.md", "ts");
/** By the name that each block's first line gives it. */
const files = Object.fromEntries(
  blocks.map((text) => [/^\/\/ (\S+\.ts)\n/.exec(text)?.[1] ?? "", text]),
);
const testFiles = Object.keys(files).filter((name) => name.endsWith(".test.ts"));
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-docs-"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("every snippet has a name of its own", () => {
  expect(Object.keys(files)).toHaveLength(blocks.length);
  expect(Object.keys(files)).not.toContain("");
  expect(testFiles.length).toBeGreaterThan(3);
});

test("the snippets type-check as an author's files would", { timeout: 60_000 }, () => {
  expect(typeErrors(files)).toEqual([]);
});

test("every test of a snippet passes", { timeout: 60_000 }, async () => {
  await build({
    entryPoints: testFiles.map((name) => join(folder, name)),
    alias: {
      "tidemark/testing": join(root, "emulators/testing/index.ts"),
      tidemark: join(root, "sdk/index.ts"),
    },
    bundle: true,
    platform: "node",
    format: "esm",
    outdir: join(folder, "out"),
    outExtension: { ".js": ".mjs" },
    logLevel: "silent",
  });
  const built = testFiles.map((name) => join(folder, "out", name.replace(/\.ts$/, ".mjs")));
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--test", "--test-reporter=tap", ...built],
    { env },
  );
  expect(stdout).toMatch(/^# fail 0$/m);
  expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThanOrEqual(testFiles.length);
});
