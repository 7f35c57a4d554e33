/**
 * `npm run build [-- FOLDER]`: the sources → a package that can be installed, in `dist/`.
 *
 * Owns: what lies beside the compiled modules. Does not own: which modules are compiled
 * (tsconfig.json), and what the package.json says (manifest.ts).
 *
 * Node runs the sources of this repository as they are, but no TypeScript below node_modules.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Manifest, publishedManifest } from "./manifest.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const [, , given] = process.argv;
const dist = resolve(given ?? join(root, "dist"));
const typescript = createRequire(import.meta.url).resolve("typescript/package.json");

/** What users get as it is. */
const texts = ["README.md", "LICENSE"];
/** Files that `tidemark init` copies, TypeScript too. */
const template = "cli/init/template";

if (given === undefined) rmSync(dist, { recursive: true, force: true });
else if (existsSync(dist)) throw new Error(`${dist} is there already: give a folder that is not.`);
const compiler = join(dirname(typescript), "bin/tsc");
const how = ["-p", join(root, "packaging"), "--outDir", dist];
const { status } = spawnSync(process.execPath, [compiler, ...how], { stdio: "inherit" });
if (status === 0) {
  for (const text of texts) copyFileSync(join(root, text), join(dist, text));
  cpSync(join(root, template), join(dist, template), { recursive: true });
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
  const published = JSON.stringify(publishedManifest(manifest), undefined, 2);
  writeFileSync(join(dist, "package.json"), `${published}\n`);
}
process.exitCode = status ?? 1;
