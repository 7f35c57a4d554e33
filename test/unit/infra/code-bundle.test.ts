/**
 * Code bundles: self-contained, the same each time, and holding only what the stage reads with.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { mappedStack } from "../../../functions/gcp/source-maps.ts";
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

it("leaves what other stages run out of what is deployed, unless all is asked for", async () => {
  const input = { file: join(folder, "words.ts"), plan: compile(words), isDeployed: true };
  const holds = async (isWhole: boolean): Promise<boolean[]> => {
    const at = join(folder, `deployed-${isWhole}`);
    const bundles = await bundlePipeline({ ...input, folder: at, isWhole });
    const texts = bundles.map((each) => readFile(join(each.folder, "index.js"), "utf8"));
    return (await Promise.all(texts)).map((text) => text.includes("word.key+"));
  };
  expect(await holds(false)).toEqual([false, true, false]);
  expect(await holds(true)).toEqual([true, true, true]);
});

it("writes a map beside it that holds no path of a machine and tells the author's lines", async () => {
  const project = join(folder, "project");
  const file = join(project, "src/words.ts");
  await mkdir(join(project, "src"), { recursive: true });
  await writeFile(join(project, "package.json"), "{}");
  await writeFile(file, source);
  const bundles = await bundlePipeline({
    file,
    plan: compile(words),
    folder: join(folder, "maps"),
  });
  for (const bundle of bundles) {
    const path = join(bundle.folder, "index.js");
    const text = await readFile(`${path}.map`, "utf8");
    expect(text.includes(folder) || text.includes(process.cwd())).toBe(false);
    const { sources, sourcesContent } = JSON.parse(text);
    expect(sourcesContent).toBeUndefined();
    expect(sources).toContain("src/words.ts");
    expect(sources).toContain("tidemark/sdk/pipeline.ts");
    const names: readonly string[] = sources;
    expect(names.filter((name) => name.startsWith("/") || name.includes(".."))).toEqual([]);

    const code = await readFile(path, "utf8");
    expect(code.includes("sourceMappingURL")).toBe(false);
    const lines = code.slice(0, code.indexOf('"words.txt"')).split("\n");
    const place = `${path}:${lines.length}:${(lines.at(-1)?.length ?? 0) + 1}`;
    expect(mappedStack(`Error: x\n    at read (${place})`)).toBe(
      "Error: x\n    at read (src/words.ts:5:23)",
    );
  }
});

it("leaves a stack as it is where there is no map", () => {
  const stack =
    "Error\n    at a (/nowhere/index.js:1:2)\n    at b (/x/node_modules/y/index.js:1:2)";
  expect(mappedStack(stack)).toBe(stack);
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
