/**
 * Field paths: `a.b`, with a backtick around a name that is no simple one.
 *
 * Owns: reading them, and getting, setting and deleting the value that one names.
 * Does not own: field names inside values (value-check.ts).
 *
 * P1. Setting and deleting never change a map that a stored document has: they copy each map on the
 *     way. Leaves are shared, so bytes are never copied.
 */
import { invalidArgument } from "./errors.ts";
import { fieldPathBytesMax } from "./limits.ts";
import { type Fields, mapValue, type Value } from "./wire.ts";

/** The names along a field path, outermost first. */
export type FieldPath = readonly string[];

/** The path that stands for the document's own name. */
export const namePath = "__name__";

const simplePath = /^[A-Za-z_][A-Za-z_0-9]*(\.[A-Za-z_][A-Za-z_0-9]*)*$/;
const simpleName = /^[A-Za-z_][A-Za-z_0-9]*/;
const reservedName = /^__.*__$/s;

/** Returns the names along a path. @throws INVALID_ARGUMENT */
export function parseFieldPath(path: string): FieldPath {
  if (Buffer.byteLength(path) > fieldPathBytesMax) {
    throw invalidArgument(`A field path is longer than ${fieldPathBytesMax} bytes.`);
  }
  const names = simplePath.test(path) ? path.split(".") : parseQuoted(path);
  const reserved = names.find((name) => name !== namePath && reservedName.test(name));
  if (reserved !== undefined) throw invalidArgument(`field name ${reserved} is reserved`);
  return names;
}

function parseQuoted(path: string): string[] {
  const names: string[] = [];
  let at = 0;
  for (;;) {
    const { name, end } = path[at] === "`" ? quotedName(path, at) : plainName(path, at);
    names.push(name);
    if (end === path.length) return names;
    if (path[end] !== ".") throw invalidArgument(`Invalid field path "${path}".`);
    at = end + 1;
  }
}

function plainName(path: string, at: number): { name: string; end: number } {
  const name = simpleName.exec(path.slice(at))?.[0];
  if (name === undefined) throw invalidArgument(`Invalid field path "${path}".`);
  return { name, end: at + name.length };
}

function quotedName(path: string, at: number): { name: string; end: number } {
  let name = "";
  let i = at + 1;
  for (; i < path.length && path[i] !== "`"; i++) {
    if (path[i] === "\\") i++;
    name += path[i] ?? "";
  }
  if (i >= path.length || name === "") throw invalidArgument(`Invalid field path "${path}".`);
  return { name, end: i + 1 };
}

/** Returns the value at a path, or undefined where there is none. */
export function getField(fields: Fields, path: FieldPath): Value | undefined {
  let current: Fields | undefined = fields;
  for (let i = 0; i < path.length - 1; i++) {
    current = mapFields(own(current, path[i] as string));
    if (current === undefined) return undefined;
  }
  return own(current, path[path.length - 1] as string);
}

/** Returns `fields` with the value at `path` put in, or taken out when it is undefined. */
export function withField(fields: Fields, path: FieldPath, value: Value | undefined): Fields {
  const [name, ...rest] = path;
  if (name === undefined) return fields;
  const changed = { ...fields };
  if (rest.length > 0) {
    const inner = mapFields(own(fields, name));
    // Deleting below a field that is no map deletes nothing.
    if (inner === undefined && value === undefined) return fields;
    changed[name] = mapValue(withField(inner ?? {}, rest, value));
  } else if (value === undefined) {
    delete changed[name];
  } else {
    changed[name] = value;
  }
  return changed;
}

function own(fields: Fields | undefined, name: string): Value | undefined {
  return fields !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function mapFields(value: Value | undefined): Fields | undefined {
  return value?.valueType === "mapValue" ? (value.mapValue.fields ?? {}) : undefined;
}
