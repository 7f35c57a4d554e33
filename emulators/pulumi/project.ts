/**
 * Project: what Pulumi.yaml and Pulumi.STACK.yaml say.
 *
 * Owns: reading them, as the `pulumi` program does. Does not own: running the program (runner.ts).
 */
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { MeshError } from "../../sdk/model/errors.ts";
import { isObject, type PropertyValue } from "./values.ts";

/** A project, for one stack of it. */
export interface Project {
  readonly name: string;
  /** Where Pulumi.yaml is. */
  readonly folder: string;
  /** The working folder of the program. */
  readonly programFolder: string;
  /** The program's file within it; `.` where package.json says. */
  readonly entry: string;
  /** Whether Pulumi shall translate TypeScript itself. */
  readonly isTranslated: boolean;
  readonly nodeArguments: readonly string[];
  /** `namespace:key` and value. */
  readonly config: Readonly<Record<string, string>>;
  readonly secretKeys: readonly string[];
}

// The parser that Pulumi's own SDK brings.
const ofPulumi = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi"));
const yaml = ofPulumi("js-yaml") as { load(text: string): PropertyValue | undefined };

type YamlObject = Readonly<Record<string, PropertyValue>>;

/**
 * Reads a project.
 *
 * @param overrides - configuration that stands before that of the files
 * @param secrets - the same, of what the program is told to be encrypted
 * @throws ERR_OPTION if a file is missing, broken, or says what is not known here
 */
export function readProject(
  folder: string,
  stack: string,
  overrides: Readonly<Record<string, string>> = {},
  secrets: Readonly<Record<string, string>> = {},
): Project {
  const project = readYaml(join(folder, "Pulumi.yaml"));
  if (project === undefined) {
    throw new MeshError("ERR_OPTION", `There is no Pulumi.yaml in ${folder}.`);
  }
  const name = textOf(project["name"]);
  const runtime = project["runtime"];
  const options = isObject(runtime) && isObject(runtime["options"]) ? runtime["options"] : {};
  const language = isObject(runtime) ? runtime["name"] : runtime;
  if (language !== "nodejs" || name === "") {
    throw new MeshError("ERR_OPTION", `${folder}/Pulumi.yaml needs a name and runtime nodejs.`);
  }
  const config = {
    ...defaultsOf(project, name),
    ...configOf(folder, stack, name),
    ...overrides,
    ...secrets,
  };
  return {
    name,
    folder,
    ...programOf(folder, textOf(project["main"])),
    isTranslated: options["typescript"] !== false,
    nodeArguments: textOf(options["nodeargs"])
      .split(/\s+/)
      .filter((each) => each !== ""),
    config,
    secretKeys: Object.keys(secrets),
  };
}

function programOf(folder: string, main: string): Pick<Project, "programFolder" | "entry"> {
  const path = join(folder, main);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    throw new MeshError("ERR_OPTION", `Pulumi.yaml names ${main} as the program: it is not there.`);
  }
  if (found.isDirectory()) return { programFolder: path, entry: "." };
  return { programFolder: dirname(path), entry: basename(path) };
}

/** Defaults stand in Pulumi.yaml, as `key: value` or `key: { default: value }`. */
function defaultsOf(project: YamlObject, name: string): Record<string, string> {
  const declared = project["config"];
  if (!isObject(declared)) return {};
  const defaults: Record<string, string> = {};
  for (const [key, value] of Object.entries(declared)) {
    const given = isObject(value) ? (value["default"] ?? value["value"]) : value;
    if (given !== undefined && given !== null) defaults[fullKey(key, name)] = configText(given);
  }
  return defaults;
}

function configOf(folder: string, stack: string, name: string): Record<string, string> {
  const file = readYaml(join(folder, `Pulumi.${stack}.yaml`));
  const given = file?.["config"];
  if (!isObject(given)) return {};
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => {
      if (isObject(value) && value["secure"] !== undefined) {
        throw new MeshError(
          "ERR_OPTION",
          `Pulumi.${stack}.yaml: ${key} is encrypted, which the local engine can't read. ` +
            "Give it another value for a local stack.",
        );
      }
      return [fullKey(key, name), configText(value)];
    }),
  );
}

function fullKey(key: string, name: string): string {
  return key.includes(":") ? key : `${name}:${key}`;
}

/** Pulumi hands objects and lists to programs as JSON. */
function configText(value: PropertyValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function textOf(value: PropertyValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function readYaml(file: string): YamlObject | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const value = yaml.load(text) ?? {};
    if (isObject(value)) return value;
  } catch (cause) {
    throw new MeshError("ERR_OPTION", `${file} is no YAML: ${String(cause)}`, { cause });
  }
  throw new MeshError("ERR_OPTION", `${file} must hold keys and values.`);
}
