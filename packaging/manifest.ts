/**
 * Manifest: the package.json of the repository → that of the published package.
 *
 * Owns: what of it is for users. The repository's own exports name sources; those of the package name
 * what `tsc` makes of them.
 */

/** What is read of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly type: string;
  readonly sideEffects: boolean;
  readonly engines: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** What an import of the package gets. */
export interface ExportTarget {
  readonly types: string;
  readonly default: string;
}

/** The package.json of the published package. */
export interface PublishedManifest extends Omit<Manifest, "exports"> {
  readonly exports: Readonly<Record<string, ExportTarget>>;
}

/** Returns the manifest of the published package. */
export function publishedManifest(manifest: Manifest): PublishedManifest {
  const { name, version, description, license, type, sideEffects, engines } = manifest;
  const exports = Object.entries(manifest.exports).map(([path, source]) => [
    path,
    { types: source.replace(/\.ts$/, ".d.ts"), default: builtName(source) },
  ]);
  const bin = Object.entries(manifest.bin).map(([command, source]) => [command, builtName(source)]);
  return {
    ...{ name, version, description, license, type, sideEffects, engines },
    bin: Object.fromEntries(bin),
    exports: Object.fromEntries(exports),
    dependencies: manifest.dependencies,
  };
}

function builtName(source: string): string {
  return source.replace(/\.ts$/, ".js");
}
