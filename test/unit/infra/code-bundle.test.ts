/**
 * Code bundles: self-contained, the same each time, and holding only what the stage reads with.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundlePipeline } from "../../../infra/code-bundle.ts";
import { compile, count, files, firestore, pipeline } from "../../../sdk/index.ts";

const source = `
  import { count, files, firestore, pipeline } from "tidemark";
  const here = import.meta.url;
  export default pipeline("words", (p) => {
    p.read(files.text("words.txt")).keyBy((word) => word).combinePerKey(count())
      .write(firestore.collection("words", { id: (word) => word.key + here }));
  });
`;

const words = pipeline("words", (p) => {
  p.read(files.text("words.txt"))
    .keyBy((word) => word)
    .combinePerKey(count())
    .write(firestore.collection("words", { id: (word) => word.key }));
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-bundle-"));
  await writeFile(join(folder, "words.ts"), source);
});
afterAll(() => rm(folder, { recursive: true }));

it("bundles each stage and the tracker, the same to the byte each time", async () => {
  const input = { file: join(folder, "words.ts"), plan: compile(words) };
  const first = await bundlePipeline({ ...input, folder: join(folder, "first") });
  const second = await bundlePipeline({ ...input, folder: join(folder, "second") });
  expect(first.map(({ name }) => name)).toEqual([
    ...input.plan.stages.map(({ id }) => id),
    "tracker",
  ]);
  expect(second.map(({ hash }) => hash)).toEqual(first.map(({ hash }) => hash));

  const [read, combine] = await Promise.all(
    first.map((bundle) => readFile(join(bundle.folder, "index.js"), "utf8")),
  );
  // The name of an error that only the CSV parser of the file connector has.
  // (Booleans: a failure would print megabytes.)
  expect(read?.includes("CSV_INVALID_ARGUMENT")).toBe(true);
  expect(combine?.includes("CSV_INVALID_ARGUMENT")).toBe(false);
  expect(combine?.includes(`file://${join(folder, "words.ts")}`)).toBe(true);
  expect(combine?.includes("@pulumi")).toBe(false);
  // Nor a library that only a combiner needs which this pipeline does not use.
  expect(combine?.includes("Cannot merge two DDSketches")).toBe(false);
  for (const { folder: stage } of first) {
    const manifest = JSON.parse(await readFile(join(stage, "package.json"), "utf8"));
    expect(manifest).not.toHaveProperty("dependencies");
  }
});

it("names file and line of a module that can't be bundled", async () => {
  const file = join(folder, "broken.ts");
  await writeFile(file, "export default 1 +;\n");
  const bundling = bundlePipeline({ file, plan: compile(words), folder });
  await expect(bundling).rejects.toMatchObject({
    code: "ERR_PIPELINE_FILE",
    message: expect.stringMatching(/broken\.ts:1:\d+: Unexpected ";"/),
  });
});

it("says so where there is no such file", async () => {
  const file = join(folder, "nowhere.ts");
  const bundling = bundlePipeline({ file, plan: compile(words), folder });
  await expect(bundling).rejects.toMatchObject({ code: "ERR_PIPELINE_FILE" });
});
