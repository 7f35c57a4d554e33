/** A provider of toys, and a stack of them, for tests of the engine. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  destroy,
  type Outcome,
  preview,
  type StackOptions,
  up,
} from "../../../../emulators/pulumi/index.ts";
import type {
  CheckFailure,
  Difference,
  Existing,
  Made,
  Provider,
} from "../../../../emulators/pulumi/provider.ts";
import {
  isEqual,
  type Properties,
  type PropertyValue,
} from "../../../../emulators/pulumi/values.ts";

/** A toy that a program declares. */
export interface Declared {
  readonly name: string;
  readonly type?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly options?: object;
  readonly after?: readonly string[];
}

/** Makes toys. `label` is the name that must be free; `shape` can't be changed in place. */
export class ToyMaker implements Provider {
  readonly name = "toy";
  /** What was asked for, in order: `create a`. */
  readonly calls: string[] = [];
  readonly toys = new Map<string, Properties>();
  #serial = 0;

  async check(_type: string, inputs: Properties): Promise<CheckFailure[]> {
    return Object.keys(inputs)
      .filter((key) => !["label", "shape", "colour", "of", "code"].includes(key))
      .map((property) => ({ property, reason: "no such input" }));
  }

  diff(_type: string, { inputs: old }: Existing, inputs: Properties): Difference {
    const changes = ["label", "shape", "colour", "of", "code"].filter(
      (key) => !isEqual(old[key], inputs[key]),
    );
    const replaces = changes.filter((key) => ["label", "shape", "of"].includes(key));
    return { changes, replaces, isDeletedFirst: old["label"] === inputs["label"] };
  }

  async create(_type: string, inputs: Properties): Promise<Made> {
    const label = String(inputs["label"]);
    this.calls.push(`create ${label}`);
    if (inputs["colour"] === "broken") throw new Error("It broke.");
    if (this.toys.has(label)) throw new Error(`There is a toy ${label} already.`);
    this.toys.set(label, inputs);
    return { id: label, outputs: { ...inputs, serial: `n${++this.#serial}` } };
  }

  async update(_type: string, { id, outputs }: Existing, inputs: Properties): Promise<Properties> {
    this.calls.push(`update ${id}`);
    this.toys.set(id, inputs);
    return { ...outputs, ...inputs };
  }

  async delete(_type: string, { id, inputs }: Existing): Promise<void> {
    this.calls.push(`delete ${id}`);
    if (inputs["colour"] === "sticky") throw new Error("It sticks.");
    this.toys.delete(id);
  }

  async read(_type: string, id: string): Promise<Made> {
    return { id, outputs: { label: id, serial: "found" } };
  }

  async invoke(token: string, args: Properties): Promise<Properties> {
    if (token === "toy:index:ask") return { answer: args["of"] as PropertyValue };
    throw new Error(`There is no function ${token}.`);
  }
}

/** A stack of toys with a state file of its own. */
export class ToyStack {
  readonly maker: ToyMaker = new ToyMaker();
  readonly folder: string = mkdtempSync(join(tmpdir(), "tidemark-toys-"));
  readonly messages: string[] = [];

  get stateFile(): string {
    return join(this.folder, "state.json");
  }

  preview(declared: readonly Declared[], more: Partial<StackOptions> = {}): Promise<Outcome> {
    return preview(this.#options(declared, more));
  }

  /** Updates; what the provider was asked before is forgotten. */
  up(declared: readonly Declared[], more: Partial<StackOptions> = {}): Promise<Outcome> {
    return up(this.#options(declared, more));
  }

  destroy(): Promise<Outcome> {
    return destroy(this.#options([], {}));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #options(declared: readonly Declared[], { env, ...more }: Partial<StackOptions>): StackOptions {
    this.maker.calls.length = 0;
    this.messages.length = 0;
    return {
      folder: fileURLToPath(new URL("./program", import.meta.url)),
      stack: "test",
      provider: this.maker,
      stateFile: this.stateFile,
      env: { TOYS: JSON.stringify(declared), ...env },
      onMessage: ({ text }) => void this.messages.push(text),
      ...more,
    };
  }
}

/** Operations by resource: `create a`; without the stack itself. */
export function operations({ steps }: Outcome): string[] {
  return steps
    .filter(({ type }) => !type.startsWith("pulumi:"))
    .map(({ operation, urn }) => `${operation} ${urn.split("::").at(-1)}`);
}
