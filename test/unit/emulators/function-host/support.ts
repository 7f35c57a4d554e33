/** Functions for the host's tests: small bundles written to a temporary folder. */

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import {
  type FunctionHost,
  type FunctionHostOptions,
  type FunctionSpec,
  startFunctionHost,
} from "../../../../emulators/function-host.ts";

/** A folder for bundles, and the hosts started on it. */
export class Bench implements AsyncDisposable {
  readonly folder: string;
  readonly #hosts: FunctionHost[] = [];
  #bundles = 0;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<Bench> {
    return new Bench(await mkdtemp(join(tmpdir(), "tidemark-host-")));
  }

  /** Writes a bundle whose index.js is `source`. */
  async bundle(source: string): Promise<string> {
    const folder = join(this.folder, `bundle-${this.#bundles++}`);
    await mkdir(folder);
    await writeFile(join(folder, "index.js"), source);
    await writeFile(join(folder, "package.json"), '{ "main": "index.js" }');
    return folder;
  }

  /** A spec of a bundle whose handler has this body. */
  async spec(body: string, rest: Partial<FunctionSpec> = {}): Promise<FunctionSpec> {
    const folder = await this.bundle(`exports.handle = async (req, res) => { ${body} };`);
    return { name: "stage-a", folder, entryPoint: "handle", env: {}, ...rest };
  }

  async host(
    specs: readonly FunctionSpec[],
    options: FunctionHostOptions = {},
  ): Promise<FunctionHost> {
    const compileCacheFolder = join(this.folder, "compile-cache");
    const host = await startFunctionHost(specs, { compileCacheFolder, ...options });
    this.#hosts.push(host);
    return host;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.stop()));
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Waits until `holds`, at most 5 s. */
export async function until(holds: () => boolean): Promise<void> {
  const endMs = Date.now() + 5000;
  while (!holds()) {
    if (Date.now() > endMs) throw new Error("It did not happen within 5 s.");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Returns whether a process exists; one that ended but was not yet collected doesn't. */
export async function isAlive(pid: number): Promise<boolean> {
  const { readFile } = await import("node:fs/promises");
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    return !/^\d+ \(.*\) [ZX]/.test(stat);
  } catch {
    return false;
  }
}

/** As expect.poll, with time enough for a machine under load. */
export function soon<T>(read: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout: 10_000 });
}
