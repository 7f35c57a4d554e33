/**
 * Schema: which inputs a resource type of Google Cloud's provider has, read from the type
 * declarations of the package itself.
 *
 * Owns: names, whether they are required, and what is below them. Does not own: which values Google
 * accepts (a file a resource type).
 *
 * The declarations are generated, all in one form: `name?: pulumi.Input<type>;`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { CheckFailure } from "../provider.ts";
import { isAsset, isObject, type PropertyValue, UNKNOWN } from "../values.ts";

/** One input as it is declared. */
interface Member {
  readonly isRequired: boolean;
  readonly isList: boolean;
  /** Any keys are allowed. */
  readonly isMap: boolean;
  /** `pubsub.SubscriptionPushConfig`: where what is below it is declared. */
  readonly below: string | undefined;
  /** What `typeof` gives; undefined for anything that is not simple. */
  readonly simple: string | undefined;
}

type Members = ReadonlyMap<string, Member>;

/** Inputs of a resource type. */
export interface Schema {
  /** Returns what is wrong with the names and kinds of these inputs. */
  check(inputs: Readonly<Record<string, PropertyValue>>): CheckFailure[];
}

const root = dirname(createRequire(import.meta.url).resolve("@pulumi/gcp/package.json"));
const schemas = new Map<string, Schema | undefined>();
const declared = new Map<string, Members>();
let nestedText: string | undefined;

/** Returns the schema of `gcp:pubsub/topic:Topic`; undefined if the package has no such type. */
export function schemaOf(type: string): Schema | undefined {
  if (!schemas.has(type)) schemas.set(type, readSchema(type));
  return schemas.get(type);
}

function readSchema(type: string): Schema | undefined {
  const [, module = "", name = ""] = /^gcp:(\w+)\/\w+:(\w+)$/.exec(type) ?? [];
  const file = fileOf(type, join(root, module));
  if (module === "" || file === undefined) return undefined;
  const text = readFileSync(file.replace(/\.js$/, ".d.ts"), "utf8");
  const members = membersOf(bodyOf(text, `export interface ${name}Args {`, "\n}"));
  return { check: (inputs) => checkMembers(inputs, members, "", type) };
}

/** File names follow no one rule (`iammember.js`, `index_.js`): the type stands in the file. */
function fileOf(type: string, folder: string): string | undefined {
  let files: string[];
  try {
    files = readdirSync(folder).filter((file) => file.endsWith(".js"));
  } catch {
    return undefined; // There is no such module.
  }
  return files
    .map((file) => join(folder, file))
    .find((file) => readFileSync(file, "utf8").includes(`__pulumiType = '${type}'`));
}

function bodyOf(text: string, opening: string, closing: string): string {
  const start = text.indexOf(opening);
  if (start === -1) return "";
  return text.slice(start + opening.length, text.indexOf(closing, start));
}

function membersOf(body: string): Members {
  const text = body.replaceAll(/\/\*[\s\S]*?\*\//g, "");
  const members = new Map<string, Member>();
  // A map's own braces are the only ones within a member.
  for (const [, name = "", optional, type = ""] of text.matchAll(
    /(\w+)(\?)?:\s((?:[^;{]|\{[^}]*\})*);/g,
  )) {
    const [, below] = /\binputs\.([\w.]+)/.exec(type) ?? [];
    const isMap = type.includes("[key: string]");
    const isList = type.includes("[]");
    const [, simple] =
      /^pulumi\.Input<(string|number|boolean)(?: \| undefined)?>$/.exec(type) ?? [];
    members.set(name, { isRequired: optional === undefined, isList, isMap, below, simple });
  }
  return members;
}

function nested(name: string): Members {
  let members = declared.get(name);
  if (members === undefined) {
    nestedText ??= readFileSync(join(root, "types/input.d.ts"), "utf8");
    const [module = "", type = ""] = name.split(".");
    const space = bodyOf(nestedText, `export declare namespace ${module} {`, "\n}");
    members = membersOf(bodyOf(space, `    interface ${type} {`, "\n    }"));
    declared.set(name, members);
  }
  return members;
}

function checkMembers(
  value: Readonly<Record<string, PropertyValue>>,
  members: Members,
  above: string,
  type: string,
): CheckFailure[] {
  const failures: CheckFailure[] = [];
  for (const [name, member] of members) {
    const given = value[name] ?? null;
    if (given === null && member.isRequired) {
      failures.push({ property: above + name, reason: `${type} needs it` });
    }
  }
  for (const [name, given] of Object.entries(value)) {
    const member = members.get(name);
    if (given === null) continue;
    if (member === undefined) {
      const names = [...members.keys()].join(", ");
      const reason = `${type} has no such input; here it has ${names}`;
      failures.push({ property: above + name, reason });
    } else {
      failures.push(...checkMember(given, member, above + name, type));
    }
  }
  return failures;
}

function checkMember(
  value: PropertyValue,
  member: Member,
  path: string,
  type: string,
): CheckFailure[] {
  if (value === UNKNOWN || isAsset(value)) return [];
  if (member.isList) {
    if (!Array.isArray(value)) return [{ property: path, reason: "must be a list" }];
    return value.flatMap((each: PropertyValue, i) =>
      checkMember(each, { ...member, isList: false }, `${path}[${i}]`, type),
    );
  }
  if (member.simple !== undefined && typeof value !== member.simple) {
    return [{ property: path, reason: `must be a ${member.simple}` }];
  }
  if (member.below === undefined) return [];
  if (!isObject(value)) return [{ property: path, reason: "must be an object" }];
  return checkMembers(value, nested(member.below), `${path}.`, type);
}
