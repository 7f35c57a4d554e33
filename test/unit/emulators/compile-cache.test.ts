import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { pruneCompileCache } from "../../../emulators/compile-cache.ts";

test("of a cache that has grown too big the oldest entries go", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-cache-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, "v1"));
  for (const [i, name] of ["old", "older", "new", "newest"].entries()) {
    const path = join(folder, "v1", name);
    await writeFile(path, "x".repeat(100));
    const ageSeconds = [30, 40, 20, 10][i] ?? 0;
    const at = Date.now() / 1_000 - ageSeconds;
    await utimes(path, at, at);
  }
  await pruneCompileCache(folder, 250);
  expect((await readdir(join(folder, "v1"))).sort()).toEqual(["new", "newest"]);
});

test("a cache that is not there is left alone", async () => {
  await expect(pruneCompileCache(join(tmpdir(), "tidemark-no-cache"))).resolves.toBeUndefined();
});
