/**
 * Own files: what the files of this package are called where it runs.
 *
 * Owns: the one difference between the repository, whose sources Node runs as they are (`.ts`), and
 * the package that is installed (`.js`): Node runs no TypeScript below node_modules. The folders are
 * the same in both.
 */

const isSource = !String(import.meta.url ?? "").endsWith(".js");

/** Returns the path of one of this package's modules, given as it is in the repository. */
export function ownFile(source: string): string {
  return isSource ? source : source.replace(/\.ts$/, ".js");
}
