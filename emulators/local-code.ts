/**
 * Local code: which code each function of a local mesh runs.
 *
 * Owns: putting it in place, all of it or what has changed. Does not own: the processes
 * (function-host.ts), or what they find in their environment (local-mesh.ts).
 */
import type { FunctionHost, FunctionSpec } from "./function-host.ts";

/** The code of one function, as infra/ bundles it. */
export interface FunctionCode {
  /** Stage id, or `tracker`. */
  readonly name: string;
  readonly folder: string;
  readonly hash: string;
}

/** An instance takes many pushes at once, for ingest makes one group of them. */
const CONCURRENCY = 1_000;

/** The code of a mesh's functions. */
export class LocalCode {
  readonly #functions: Pick<FunctionHost, "replace">;
  /** Of the code that runs, by the function's name. */
  #hashes = new Map<string, string>();

  constructor(functions: Pick<FunctionHost, "replace">) {
    this.#functions = functions;
  }

  /** Puts all code in place, with the environment that every function finds. */
  async replaceAll(
    bundles: readonly FunctionCode[],
    env: Readonly<Record<string, string>>,
  ): Promise<void> {
    this.#hashes = new Map();
    await this.replaceChanged(bundles, env);
  }

  /** Puts code in place that has changed; returns the names of its functions. */
  async replaceChanged(
    bundles: readonly FunctionCode[],
    env: Readonly<Record<string, string>>,
  ): Promise<readonly string[]> {
    const changed = bundles.filter(({ name, hash }) => this.#hashes.get(name) !== hash);
    await Promise.all(changed.map((code) => this.#functions.replace(specOf(code, env))));
    for (const { name, hash } of changed) this.#hashes.set(name, hash);
    return changed.map(({ name }) => name);
  }
}

function specOf(
  { name, folder }: FunctionCode,
  env: Readonly<Record<string, string>>,
): FunctionSpec {
  return {
    name,
    folder,
    entryPoint: "handle",
    // Files are local ones: their paths mean in a stage's process what they mean in this one.
    workingFolder: process.cwd(),
    concurrency: CONCURRENCY,
    env,
  };
}
