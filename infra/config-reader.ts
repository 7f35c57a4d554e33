/**
 * Config reader: the texts of a stack's configuration → values, with all faults gathered.
 *
 * Owns: how each kind of value is written and what is said of one that can't be read. Does not own:
 * which keys there are (config.ts).
 */
import { MeshError } from "../sdk/model/errors.ts";
import { orWords, similarTo } from "../sdk/model/similar.ts";
import type { SecretSetting } from "./config.ts";
import type { FunctionSettings } from "./settings.ts";

const NAMESPACE = "tidemark:";
/** @see https://docs.cloud.google.com/secret-manager/quotas */
const SECRET_BYTES_MAX = 65_536;

/** A project's id; those of a domain (`example.com:id`) have service accounts of another form. */
const PROJECT = /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/;

const settingKeys: readonly (keyof FunctionSettings)[] = [
  "memory",
  "cpu",
  "concurrency",
  "maxInstances",
];

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Reads keys under `tidemark:`; what is wrong is thrown by `end`, all at once. */
export class MeshConfigReader {
  readonly #all: Readonly<Record<string, string>>;
  readonly #secretKeys: readonly string[];
  readonly #known = new Set<string>();
  readonly #faults: string[] = [];

  constructor(all: Readonly<Record<string, string>>, secretKeys: readonly string[]) {
    this.#all = all;
    this.#secretKeys = secretKeys;
  }

  /** Returns a value of another namespace. */
  foreign(fullKey: string): string | undefined {
    return this.#all[fullKey];
  }

  fault(key: string, words: string): void {
    this.#faults.push(`${NAMESPACE}${key}${/^[:,]/.test(words) ? "" : " "}${words}`);
  }

  faultOfProject(words: string): void {
    this.#faults.push(words);
  }

  oneOf<T extends string>(key: string, values: readonly T[], standard: T): T {
    const text = this.#text(key);
    if (text === undefined) return standard;
    const found = values.find((value) => value === text);
    if (found !== undefined) return found;
    const list = values.length > 6 ? "" : ` It is ${orWords(values)}.`;
    this.fault(key, `can't be ${JSON.stringify(text)}.${didYouMean(text, values)}${list}`);
    return standard;
  }

  count(key: string, least: number, most: number): number | undefined {
    const text = this.#text(key);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (text.trim() !== "" && Number.isInteger(value) && value >= least && value <= most)
      return value;
    this.fault(key, `is a whole number from ${least} to ${most}, not ${JSON.stringify(text)}.`);
    return undefined;
  }

  flag(key: string, standard: boolean): boolean {
    const text = this.#text(key);
    if (text === undefined) return standard;
    if (text !== "true" && text !== "false") {
      this.fault(key, `is true or false, not ${JSON.stringify(text)}.`);
    }
    return text === "true";
  }

  text(key: string, pattern: RegExp, form: string, standard: string): string {
    return this.optionalText(key, pattern, form) ?? standard;
  }

  optionalText(key: string, pattern: RegExp, form: string): string | undefined {
    const text = this.#text(key);
    if (text === undefined || pattern.test(text)) return text;
    this.fault(key, `is written ${form}, not ${JSON.stringify(text)}.`);
    return undefined;
  }

  /** A list of texts, or one text alone. */
  list(key: string): readonly string[] {
    const text = this.#text(key);
    if (text === undefined) return [];
    if (!text.trimStart().startsWith("[")) return text === "" ? [] : [text];
    const value = this.#json(key, text);
    if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value;
    this.fault(key, "is a list of texts.");
    return [];
  }

  texts(key: string, name: RegExp, value: RegExp): Readonly<Record<string, string>> {
    const texts: Record<string, string> = {};
    for (const [each, given] of this.#entries(key)) {
      const text = typeof given === "object" ? undefined : String(given);
      if (!name.test(each)) this.fault(key, `can't have the name ${JSON.stringify(each)}.`);
      else if (text === undefined || !value.test(text)) {
        this.fault(key, `can't give ${each} the value ${JSON.stringify(given)}.`);
      } else texts[each] = text;
    }
    return texts;
  }

  secrets(key: string, name: RegExp): Readonly<Record<string, SecretSetting>> {
    const secrets: Record<string, SecretSetting> = {};
    for (const [variable, text] of Object.entries(this.texts(key, name, /^/))) {
      const [, secret, version = "latest"] = /^([\w-]{1,255})(?::(\d+|latest))?$/.exec(text) ?? [];
      if (secret !== undefined) secrets[variable] = { secret, version };
      else {
        this.fault(
          key,
          `gives ${variable} as SECRET or SECRET:VERSION, by the secret's id, not ${JSON.stringify(text)}.`,
        );
      }
    }
    return secrets;
  }

  /** Values that are encrypted where they are kept; what is said of one never holds it. */
  secretValues(key: string, name: RegExp): Readonly<Record<string, string>> {
    const text = this.#text(key);
    if (text === undefined) return {};
    if (!this.#secretKeys.includes(NAMESPACE + key)) {
      this.fault(
        key,
        `is in plain text in the stack's file. Encrypt it: pulumi config set --secret --path '${NAMESPACE}${key}.VARIABLE'.`,
      );
    }
    const value = parsed(text);
    if (!isObject(value)) {
      this.fault(key, "is an object: a value for each variable.");
      return {};
    }
    const values: Record<string, string> = {};
    for (const [each, given] of Object.entries(value)) {
      const bytes = typeof given === "string" ? Buffer.byteLength(given) : 0;
      if (!name.test(each)) this.fault(key, `can't have the name ${JSON.stringify(each)}.`);
      else if (typeof given !== "string" || bytes === 0 || bytes > SECRET_BYTES_MAX) {
        this.fault(key, `gives ${each} no text of 1 to ${SECRET_BYTES_MAX} bytes.`);
      } else values[each] = given;
    }
    return values;
  }

  nestedTexts(key: string): Readonly<Record<string, Readonly<Record<string, string>>>> {
    const found: Record<string, Record<string, string>> = {};
    for (const [name, value] of this.#entries(key)) {
      const inside = Object.entries(isObject(value) ? value : {});
      if (isObject(value) && inside.every(([, text]) => typeof text === "string")) {
        found[name] = Object.fromEntries(inside) as Record<string, string>;
      } else this.fault(key, `says for each pipeline {"old": "new"}; for ${name} it does not.`);
    }
    return found;
  }

  lists(key: string): Readonly<Record<string, readonly string[]>> {
    const found: Record<string, readonly string[]> = {};
    for (const [name, value] of this.#entries(key)) {
      if (Array.isArray(value) && value.every((each) => typeof each === "string")) {
        found[name] = value;
      } else this.fault(key, `says for each pipeline a list of names; for ${name} it does not.`);
    }
    return found;
  }

  settings(key: string): Partial<FunctionSettings> {
    return this.#settings(key, "", Object.fromEntries(this.#entries(key)));
  }

  stages(
    key: string,
  ): Readonly<Record<string, Readonly<Record<string, Partial<FunctionSettings>>>>> {
    return Object.fromEntries(
      this.#entries(key).map(([pipeline, stages]) => {
        if (!isObject(stages)) {
          this.fault(key, `says for each pipeline its stages; for ${pipeline} it does not.`);
          return [pipeline, {}];
        }
        const read = Object.entries(stages).map(([stage, given]) => {
          const where = `, ${pipeline}, ${stage}`;
          return [stage, this.#settings(key, where, given)] as const;
        });
        return [pipeline, Object.fromEntries(read)];
      }),
    );
  }

  /** @throws ERR_OPTION if anything was wrong, or a key is not known */
  end(): void {
    const known = [...this.#known];
    for (const fullKey of Object.keys(this.#all)) {
      if (!fullKey.startsWith(NAMESPACE)) continue;
      const key = fullKey.slice(NAMESPACE.length);
      if (!this.#known.has(key)) this.fault(key, `is no key.${didYouMean(key, known)}`);
    }
    const [first] = this.#faults;
    if (first === undefined) return;
    const words =
      this.#faults.length === 1
        ? first
        : `The stack's configuration can't be used:\n${this.#faults.map((each) => `  ${each}`).join("\n")}`;
    throw new MeshError("ERR_OPTION", words);
  }

  #settings(key: string, where: string, given: Json): Partial<FunctionSettings> {
    const settings: Record<string, Json> = {};
    for (const [name, value] of Object.entries(isObject(given) ? given : {})) {
      if (settingKeys.some((each) => each === name)) {
        settings[name] = name === "cpu" ? String(value) : value;
      } else this.fault(key, `${where}: ${name} is no setting.${didYouMean(name, settingKeys)}`);
    }
    return settings;
  }

  #entries(key: string): readonly (readonly [string, Json])[] {
    const text = this.#text(key);
    if (text === undefined) return [];
    const value = this.#json(key, text);
    if (isObject(value)) return Object.entries(value);
    if (value !== undefined) this.fault(key, "is an object.");
    return [];
  }

  #json(key: string, text: string): Json | undefined {
    const value = parsed(text);
    if (value === undefined) {
      this.fault(key, `is written as JSON or YAML, and can't be read: ${JSON.stringify(text)}.`);
    }
    return value;
  }

  #text(key: string): string | undefined {
    this.#known.add(key);
    return this.#all[`${NAMESPACE}${key}`];
  }
}

/** Returns the project; a fault where there is none. */
export function projectOf(read: MeshConfigReader): string {
  const project = read.foreign("gcp:project");
  if (project === undefined || project === "") {
    read.faultOfProject(
      "gcp:project is not set. Say which: pulumi config set gcp:project my-project.",
    );
  } else if (!PROJECT.test(project)) {
    read.faultOfProject(
      `gcp:project can't be ${JSON.stringify(project)}: give the project's id, 6 to 30 of a-z, 0-9 and -.`,
    );
  }
  return project ?? "";
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined; // Said by who asked: a secret's text must not be shown.
  }
}

function didYouMean(name: string, names: readonly string[]): string {
  const near = similarTo(name, names);
  return near.length === 0 ? "" : ` Did you mean ${orWords(near)}?`;
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
