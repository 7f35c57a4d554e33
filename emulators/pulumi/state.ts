/**
 * State: what a stack is made of, in a file.
 *
 * Owns: the records, their order, and the file. Does not own: what changes them (deployment.ts).
 *
 * PS1. The file is replaced as a whole: whoever reads it sees all of one moment.
 * PS2. It is written after each resource, so that nothing that was made is forgotten.
 *
 * The file holds secrets as they are: it is meant for local worlds, and only its owner may read it.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { MeshError } from "../../sdk/model/errors.ts";
import type { Properties } from "./values.ts";

/** A resource of a stack. */
export interface ResourceRecord {
  readonly urn: string;
  readonly type: string;
  /** False for components, which are made of other resources alone. */
  readonly isCustom: boolean;
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
  readonly parent: string;
  readonly dependencies: readonly string[];
  /** What each input was made from, by URN. */
  readonly inputDependencies: Readonly<Record<string, readonly string[]>>;
  readonly isProtected: boolean;
  /** Taken out of the stack, it stays in the world. */
  readonly isRetained: boolean;
  /** Made by somebody else and only looked at. */
  readonly isExternal: boolean;
}

interface StateFile {
  readonly version: 1;
  readonly resources: readonly ResourceRecord[];
  readonly replaced: readonly ResourceRecord[];
}

const OWNER_ONLY = 0o600;

/** The records of one stack. */
export class StackState {
  readonly #file: string;
  readonly #records = new Map<string, ResourceRecord>();
  /** Old ones whose successor stands, and which are still to be deleted. */
  readonly #replaced = new Set<ResourceRecord>();
  #writing: Promise<void> | undefined;
  #isStale = false;

  private constructor(file: string, { resources, replaced }: StateFile) {
    this.#file = file;
    for (const record of resources) this.#records.set(record.urn, record);
    for (const record of replaced) this.#replaced.add(record);
  }

  /**
   * Reads a stack; an empty one where there is no file.
   *
   * @throws ERR_OPTION if the file is no state
   */
  static async open(file: string): Promise<StackState> {
    let text: string;
    try {
      text = await readFile(file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      return new StackState(file, { version: 1, resources: [], replaced: [] });
    }
    return new StackState(file, parse(file, text));
  }

  get(urn: string): ResourceRecord | undefined {
    return this.#records.get(urn);
  }

  records(): readonly ResourceRecord[] {
    return [...this.#records.values()];
  }

  replaced(): readonly ResourceRecord[] {
    return [...this.#replaced];
  }

  /** Adds or replaces a record. */
  async put(record: ResourceRecord): Promise<void> {
    const known = this.#records.get(record.urn);
    if (known !== undefined && JSON.stringify(known) === JSON.stringify(record)) return;
    this.#records.set(record.urn, record);
    await this.#save();
  }

  /** Adds the successor of a record that is still to be deleted. */
  succeed(old: ResourceRecord, record: ResourceRecord): Promise<void> {
    this.#replaced.add(old);
    return this.put(record);
  }

  /** Forgets a record. */
  remove(record: ResourceRecord): Promise<void> {
    if (!this.#replaced.delete(record)) this.#records.delete(record.urn);
    return this.#save();
  }

  async #save(): Promise<void> {
    this.#isStale = true;
    // One write at a time; it goes on for what came meanwhile.
    this.#writing ??= this.#writeAll();
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    try {
      await mkdir(dirname(this.#file), { recursive: true });
      while (this.#isStale) await this.#write();
    } finally {
      // In the same step as the last look at what is stale, so that nothing falls between.
      this.#writing = undefined;
    }
  }

  async #write(): Promise<void> {
    this.#isStale = false;
    const state: StateFile = { version: 1, resources: this.records(), replaced: this.replaced() };
    const draft = `${this.#file}.new`;
    await writeFile(draft, `${JSON.stringify(state, null, 1)}\n`, { mode: OWNER_ONLY });
    await rename(draft, this.#file);
  }
}

function parse(file: string, text: string): StateFile {
  try {
    const state = JSON.parse(text) as StateFile;
    if (state.version === 1 && Array.isArray(state.resources)) return state;
  } catch {
    // Said below, as for any other content.
  }
  throw new MeshError("ERR_OPTION", `${file} is not the state of a stack. Remove or restore it.`);
}
