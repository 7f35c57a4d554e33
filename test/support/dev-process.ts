/**
 * Dev process: `tidemark dev --json` as a process, and the lines that it prints.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { inRepository } from "../unit/cli/support.ts";

/** A start on a busy machine, its code not yet compiled before. */
const WAIT_MS_MAX = 60_000;

/** A line of its output. */
export type DevLine = Readonly<Record<string, unknown>> & { readonly type: string };

/** A `tidemark dev --json` that runs. */
export class DevProcess {
  readonly child: ChildProcess;
  readonly lines: DevLine[] = [];
  readonly ended: Promise<number | null>;
  stderr = "";
  #seen = 0;

  constructor(folder: string, args: readonly string[], main = inRepository("cli/main.ts")) {
    this.child = spawn(process.execPath, [main, "dev", ...args], {
      cwd: folder,
      env: { ...process.env, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.ended = new Promise((resolve) => this.child.on("close", resolve));
    let rest = "";
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) this.lines.push(JSON.parse(part) as DevLine);
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
  }

  /** Waits for the next line of a type that was not waited for yet. */
  async next(type: string, holds: (line: DevLine) => boolean = () => true): Promise<DevLine> {
    const endMs = Date.now() + WAIT_MS_MAX;
    for (;;) {
      while (this.#seen < this.lines.length) {
        const line = this.lines[this.#seen++];
        if (line?.type === type && holds(line)) return line;
      }
      if (Date.now() > endMs || this.child.exitCode !== null) {
        throw new Error(`No such line ${type}. ${this.stderr} ${JSON.stringify(this.lines)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
