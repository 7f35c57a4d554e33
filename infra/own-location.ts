/**
 * Own location: `import.meta` tells of the author's file, although its code runs from a bundle.
 *
 * A pipeline that names a file beside itself must build the same graph in every process.
 */
import { readFile } from "node:fs/promises";
import { dirname, extname } from "node:path";
import { pathToFileURL } from "node:url";
import type { Loader, Plugin } from "esbuild";

/** Replaces `import.meta.url`, `.filename` and `.dirname` in the author's files by their values. */
export const ownLocation: Plugin = {
  name: "own-location",
  setup(builder) {
    builder.onLoad({ filter: /\.[cm]?[jt]s$/ }, async ({ path }) => {
      if (path.includes("/node_modules/")) return undefined;
      const text = await readFile(path, "utf8");
      if (!text.includes("import.meta.")) return undefined;
      const values: Readonly<Record<string, string>> = {
        url: pathToFileURL(path).href,
        filename: path,
        dirname: dirname(path),
      };
      const contents = text.replaceAll(/\bimport\.meta\.(url|filename|dirname)\b/g, (_, name) =>
        JSON.stringify(values[name]),
      );
      return { contents, loader: loaderOf(path), resolveDir: dirname(path) };
    });
  },
};

function loaderOf(path: string): Loader {
  return extname(path).endsWith("ts") ? "ts" : "js";
}
