import { fileURLToPath } from "node:url";
import { build, type Format } from "esbuild";
import { expect, test } from "vitest";
import { compile, type MeshPlan } from "../../../../sdk/index.ts";
import { flights } from "./flights.ts";

const entry = `
  import { compile } from "./sdk/index.ts";
  import { flights } from "./test/unit/sdk/compile/flights.ts";
  export const plan = compile(flights);
  export const places = flights.graph.nodes.map((node) => node.place);
`;

async function bundled(format: Format): Promise<string> {
  const root = fileURLToPath(new URL("../../../..", import.meta.url));
  const result = await build({
    stdin: { contents: entry, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    format,
    logLevel: "silent",
  });
  return result.outputFiles[0]?.text ?? "";
}

interface Exports {
  readonly plan: MeshPlan;
  readonly places: readonly unknown[];
}

test("a minified bundle builds the same plan, though it knows no places", async () => {
  const code = Buffer.from(await bundled("esm")).toString("base64");
  const module: Exports = await import(`data:text/javascript;base64,${code}`);
  expect(module.plan).toEqual(compile(flights));
  expect(module.places.every((place) => place === undefined)).toBe(true);
});

test("a CommonJS bundle, which has no import.meta, builds the same plan", async () => {
  const module: { exports: Partial<Exports> } = { exports: {} };
  new Function("module", await bundled("cjs"))(module);
  expect(module.exports.plan?.hash).toBe(compile(flights).hash);
});
