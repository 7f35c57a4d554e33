/**
 * The changes on disk: one line of JSON each, in one file that is only added to.
 *
 * Owns: the file. Does not own: what a change does (state.ts), that only one server has the folder.
 *
 * J1. A line that a crash cut off is the last one, and was never answered for: it is dropped.
 * J2. At start the file is written anew with what still counts, beside the old one, then renamed.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { MeshError } from "../../sdk/model/errors.ts";
import type { Change, TasksState } from "./state.ts";

const fileName = "tasks.ndjson";

/** The open journal of a server. */
export class Journal {
  readonly #file: number;

  private constructor(file: number) {
    this.#file = file;
  }

  /**
   * Reads the folder's journal into `state`, shortens it, and opens it for more.
   *
   * @throws ERR_EMULATOR where a line in the middle can't be read
   */
  static open(folder: string, state: TasksState): Journal {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, fileName);
    for (const change of readChanges(path)) state.apply(change);
    const fresh = `${path}.new`;
    const journal = new Journal(openSync(fresh, "w"));
    for (const change of state.snapshot()) journal.append(change);
    fsyncSync(journal.#file);
    renameSync(fresh, path);
    return journal;
  }

  /** Adds a change. Written when this returns, so that a crash of the process loses nothing. */
  append(change: Change): void {
    const line = Buffer.from(`${JSON.stringify(change)}\n`);
    for (let from = 0; from < line.length; ) from += writeSync(this.#file, line, from);
  }

  close(): void {
    closeSync(this.#file);
  }
}

function readChanges(path: string): Change[] {
  const lines = readText(path).split("\n");
  // After the last line break there is nothing, or a line that was cut off.
  lines.pop();
  return lines.map((line, index) => {
    try {
      return JSON.parse(line) as Change;
    } catch (cause) {
      throw new MeshError(
        "ERR_EMULATOR",
        `Line ${index + 1} of ${path} is broken: repair it, or delete the file and with it all tasks.`,
        { cause },
      );
    }
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
