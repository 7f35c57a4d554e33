/**
 * Installed package: this package as npm installs it, in a folder of its own.
 *
 * The package is built, packed and unpacked as it would be published; what it depends on is linked,
 * not installed again, so that no registry is asked. A test compares what it imports with what it
 * names as dependencies.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import type { PublishedManifest } from "../../packaging/manifest.ts";
import { inRepository } from "../unit/cli/support.ts";

const run = promisify(execFile);

/** A folder in which packages are installed. */
export class InstalledPackage {
  /** Projects lie in it. */
  readonly folder: string;
  readonly tarball: string;
  readonly manifest: PublishedManifest;

  private constructor(folder: string, tarball: string, manifest: PublishedManifest) {
    this.folder = folder;
    this.tarball = tarball;
    this.manifest = manifest;
  }

  static async create(): Promise<InstalledPackage> {
    const folder = await mkdtemp(join(tmpdir(), "tidemark-installed-"));
    const built = join(folder, "built");
    await run(process.execPath, [inRepository("packaging/main.ts"), built]);
    const pack = ["pack", built, "--pack-destination", folder, "--json"];
    await run("npm", pack, { env: environment() });
    await rm(built, { recursive: true });
    const [name = ""] = (await readdir(folder)).filter((each) => each.endsWith(".tgz"));
    const modules = join(folder, "node_modules");
    await mkdir(join(modules, "tidemark"), { recursive: true });
    const tarball = join(folder, name);
    await run("tar", ["-xzf", tarball, "--strip-components=1", "-C", join(modules, "tidemark")]);
    const text = await readFile(join(modules, "tidemark/package.json"), "utf8");
    const manifest = JSON.parse(text) as PublishedManifest;
    await link(modules, manifest);
    return new InstalledPackage(folder, tarball, manifest);
  }

  /** Path of a file of the package. */
  path(name: string): string {
    return join(this.folder, "node_modules/tidemark", name);
  }

  /** Names of all files of the package. */
  async files(): Promise<readonly string[]> {
    const entries = await readdir(this.path(""), { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => relative(this.path(""), join(parentPath, name)));
  }

  /** Runs a program in a folder; one that fails throws, with all that it wrote. */
  async run(command: string, args: readonly string[], more: RunMore = {}): Promise<string> {
    const { folder = this.folder, env = {} } = more;
    const options = { cwd: folder, env: { ...environment(), ...env } };
    const { stdout } = await run(command, args, options).catch((error) => {
      throw new Error(`${error.message}\n${error.stdout}`);
    });
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Where a program is run, and variables that it has above those of the tests. */
export interface RunMore {
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Dependencies and what type checks need, as they are here; and the commands of the two packages that a project calls. */
async function link(modules: string, { dependencies, bin }: PublishedManifest): Promise<void> {
  for (const name of [...Object.keys(dependencies), "typescript", "@types/node"]) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(inRepository(`node_modules/${name}`), join(modules, name));
  }
  const commands = join(modules, ".bin");
  await mkdir(commands);
  await symlink(inRepository("node_modules/typescript/bin/tsc"), join(commands, "tsc"));
  // npm gives commands the right to be run.
  const main = join(modules, "tidemark", bin["tidemark"] ?? "");
  await run("chmod", ["+x", main]);
  await symlink(main, join(commands, "tidemark"));
}

/** Without what the test's own npm says, and with the Node that runs the tests. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_OPTIONS$)/i.test(name));
  const path = `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}`;
  return { ...Object.fromEntries(own), PATH: path, NO_COLOR: "1", FORCE_COLOR: undefined };
}
