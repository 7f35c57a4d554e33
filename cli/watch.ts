/**
 * Watch: tells when one of some files changed.
 *
 * Owns: the watchers and the pause until an editor is done. Does not own: what then happens.
 *
 * Folders are watched and not files, for editors replace a file by renaming another one.
 */
import { type FSWatcher, readFileSync, watch } from "node:fs";
import { basename, dirname } from "node:path";

/** An editor's save is several events; after so long without one it is over. */
const QUIET_MS = 150;

/** Watches files until it is closed. */
export class FileWatch {
  readonly #onChange: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  /** Content of each file when it was last looked at: a save that changes nothing is none. */
  readonly #contents = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Watches these files from now on, and no others. */
  set(files: readonly string[]): void {
    const folders = new Set(files.map((file) => dirname(file)));
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const file of [...this.#contents.keys()]) {
      if (!files.includes(file)) this.#contents.delete(file);
    }
    for (const file of files) this.#contents.set(file, contentOf(file));
    for (const folder of folders) {
      if (!this.#watchers.has(folder)) this.#watchers.set(folder, this.#watch(folder));
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #watch(folder: string): FSWatcher {
    const watcher = watch(folder, (_event, name) => {
      const isWatched = [...this.#contents.keys()].some(
        (file) => dirname(file) === folder && (name === null || basename(file) === name),
      );
      if (!isWatched) return;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#look(), QUIET_MS);
    });
    // A folder that is deleted can't be watched any more; the rest goes on.
    watcher.on("error", () => watcher.close());
    return watcher;
  }

  #look(): void {
    let isChanged = false;
    for (const [file, before] of this.#contents) {
      const now = contentOf(file);
      if (now === before) continue;
      this.#contents.set(file, now);
      isChanged = true;
    }
    if (isChanged) this.#onChange();
  }
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // Between an editor's delete and rename, or gone: the build will say so.
  }
}
