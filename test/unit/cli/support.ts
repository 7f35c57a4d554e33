/** Runs the `tidemark` command as a process, in a folder of its own. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../../cli/main.ts", import.meta.url));

/** Absolute path of a file of the repository. */
export function inRepository(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url));
}

/** How a command ended. */
export interface CliResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A temporary folder with files in it. */
export class Workplace implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(files: Readonly<Record<string, string>> = {}): Promise<Workplace> {
    const workplace = new Workplace(await mkdtemp(join(tmpdir(), "tidemark-cli-")));
    for (const [name, text] of Object.entries(files)) await workplace.write(name, text);
    return workplace;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  async write(name: string, text: string): Promise<void> {
    await mkdir(dirname(this.path(name)), { recursive: true });
    await writeFile(this.path(name), text);
  }

  /** Runs `tidemark` here, without a terminal. */
  tidemark(...args: readonly string[]): Promise<CliResult> {
    const child = spawn(process.execPath, [main, ...args], {
      cwd: this.folder,
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const { promise, resolve, reject } = Promise.withResolvers<CliResult>();
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A bounded pipeline: counts words of lear.txt into a collection. */
export const wordsPipeline = `
import { count, files, firestore, pipeline } from "tidemark";

export default pipeline("words", (p) => {
  p.read(files.text("lear.txt"))
    .flatMap((line: string) => line.split(" "))
    .keyBy((word) => word)
    .combinePerKey(count())
    .write(firestore.collection("counts", {
      id: (r) => r.key,
      fields: (r) => ({ word: r.key, times: r.value }),
    }));
});
`;

/** Text for wordsPipeline. */
export const lear = "blow winds\nblow\nrage blow\n";

/** Reads the topic `numbers` and throws at 13. */
export const numbersPipeline = `
import { pipeline, pubsub } from "tidemark";

export default pipeline("numbers", (p) => {
  p.read(pubsub.topic<{ n: number }>("numbers"))
    .map(({ n }) => {
      if (n === 13) throw new Error("unlucky");
      return { n, square: n * n };
    })
    .write(pubsub.topic("squares"));
});
`;
