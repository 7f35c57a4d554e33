/**
 * Inline JSON: lets a Google client that reads its JSON files at run time be bundled.
 *
 * The Cloud Tasks client reads its protos and retry settings by paths relative to its own file,
 * which a bundle doesn't have. Here each such read becomes the content itself, and the package's
 * name means its v2 client alone: the beta versions would double what a function loads.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";

/** `getJSON(path.join(dirname, 'a', 'b'))` with the parts in the first group. */
const jsonRead = /getJSON\(path\.join\(dirname, ([^)]*)\)\)/g;

/**
 * Bundles the Cloud Tasks client with its JSON inside.
 *
 * @param change - of each file's text; as it is where left out
 */
export const inlineTasksJson = (
  change: (path: string, text: string) => string = (_path, text) => text,
): Plugin => ({
  name: "tidemark-inline-json",
  setup(plugin) {
    plugin.onResolve({ filter: /^@google-cloud\/tasks$/ }, () => {
      const index = fileURLToPath(import.meta.resolve("@google-cloud/tasks"));
      return { path: join(dirname(index), "v2/index.js"), sideEffects: false };
    });
    plugin.onLoad({ filter: /cloud_tasks_client\.js$/ }, ({ path }) => {
      const inlined = readFileSync(path, "utf8").replace(jsonRead, (_read, parts: string) => {
        const segments = parts.split(",").map((part) => part.trim().replaceAll("'", ""));
        const file = join(dirname(path), ...segments);
        return change(file, readFileSync(file, "utf8"));
      });
      return { contents: inlined.replace("fileURLToPath(import.meta.url)", "''"), loader: "js" };
    });
  },
});
