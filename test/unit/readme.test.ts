/**
 * README: its pipeline compiles, runs and gives what the text says; its commands are there.
 */

import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import { tidemarkAlias } from "../../infra/code-bundle.ts";
import { compile } from "../../sdk/compile/compile.ts";
import { isPipeline, type Pipeline } from "../../sdk/pipeline.ts";
import { codeBlocks, typeErrors } from "../support/doc-snippets.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** The contents of the README's code blocks in one language. */
const blocks = (language: string): string[] => codeBlocks("README.md", language);

describe("the README's pipeline", () => {
  const [text = ""] = blocks("ts");
  let folder = "";
  let pipeline: Pipeline;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "tidemark-readme-"));
    const outfile = join(folder, "pipeline.mjs");
    await build({
      stdin: { contents: text, loader: "ts", resolveDir: folder },
      alias: { ...tidemarkAlias },
      bundle: true,
      format: "esm",
      outfile,
      logLevel: "silent",
    });
    const module = (await import(pathToFileURL(outfile).href)) as { readonly default: unknown };
    if (!isPipeline(module.default)) throw new Error("the README's module exports no pipeline");
    pipeline = module.default;
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("is the only one, and about ten lines long", () => {
    expect(blocks("ts")).toHaveLength(1);
    expect(text.split("\n").filter((line) => line.trim() !== "").length).toBeLessThanOrEqual(14);
  });

  test("type-checks as an author's file would", { timeout: 60_000 }, () => {
    expect(typeErrors({ "readme-example.ts": text })).toEqual([]);
  });

  test("compiles to one ingest function and one shuffle function", () => {
    expect(compile(pipeline).stages.map((stage) => stage.kind)).toEqual(["ingest", "shuffle"]);
  });

  test("writes one document for each sensor and minute, late readings included", async () => {
    const mesh = new MemoryMesh(pipeline);
    await mesh.launch();
    const send = (sensor: string, celsius: number, at: string): Promise<void> =>
      mesh.publish("readings", [{ data: JSON.stringify({ sensor, celsius, at }) }]);
    await send("roof", 10, "2026-01-01T00:00:10Z");
    await send("roof", 20, "2026-01-01T00:00:50Z");
    await send("cellar", 7, "2026-01-01T00:01:30Z");
    await mesh.run(mesh.clock.nowMs() + 1_000);
    await mesh.drain();
    await mesh.run();
    const documents = mesh.store.documents("sensor-minutes");
    expect(Object.fromEntries(documents)).toEqual({
      [`roof-${Date.UTC(2026, 0, 1)}`]: { key: "roof", value: { readings: 2, celsius: 15 } },
      [`cellar-${Date.UTC(2026, 0, 1, 0, 1)}`]: {
        key: "cellar",
        value: { readings: 1, celsius: 7 },
      },
    });
    await mesh.stop();
  });
});

describe("the README's commands", () => {
  const commands = blocks("sh").flatMap((block) =>
    block
      .split("\n")
      .map((line) => line.replace(/#.*$/, "").trim())
      .filter((line) => line !== ""),
  );

  test("are npm scripts of this package", async () => {
    const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    const named = commands.flatMap((line) =>
      [...line.matchAll(/\bnpm (?:run )?(\w+)/g)].map(([, script = ""]) => script),
    );
    expect(named).toEqual(expect.arrayContaining(["ci", "start", "test"]));
    expect(named.filter((script) => script !== "ci" && !(script in scripts))).toEqual([]);
  });

  test("are commands of tidemark, on files that are there or on the pipeline of one", () => {
    const lines = commands.filter((line) => line.startsWith("npx tidemark"));
    expect(lines.length).toBeGreaterThan(0);
    const missing = lines.flatMap((line) => {
      const [, , command = "", ...rest] = line.split(/\s+/);
      // What it names is made by it, and by the line before.
      if (command === "init") return [];
      const on = rest.filter((word) => !word.startsWith("-")).at(-1) ?? "";
      const file = on.includes(".") ? on : `examples/${on}.ts`;
      return [`cli/commands/${command}.ts`, file].filter((path) => !existsSync(join(root, path)));
    });
    expect(missing).toEqual([]);
  });
});
