/**
 * Encode faults: where in a value the part is that can't cross an edge, and what to do.
 *
 * Owns: the words of ERR_ENCODE. Runs only when encoding has failed already, so that the walk that
 * encodes needs no path. Says types and field names, never contents.
 */
import { MeshError } from "../model/errors.ts";
import { DEPTH_MAX } from "./json-tags.ts";

interface Fault {
  readonly path: string;
  readonly what: string;
  readonly todo: string;
}

/** Returns the error that names the part of `value` that can't be encoded. */
export function encodeFault(value: unknown): MeshError {
  const fault = find(value, "value", []) ?? {
    path: "value",
    what: "something that can't be encoded",
    todo: "Use JSON values, Date, bigint, Uint8Array, Map and Set.",
  };
  return new MeshError(
    "ERR_ENCODE",
    `Can't send ${shorten(fault.path)} to another stage: it is ${fault.what}. ${fault.todo}`,
  );
}

function find(value: unknown, path: string, above: readonly object[]): Fault | undefined {
  if (typeof value === "function") {
    return { path, what: "a function", todo: "Leave it out, or send what it returns." };
  }
  if (typeof value === "symbol") {
    return { path, what: "a symbol", todo: "Send a string instead." };
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (above.includes(value)) {
    return { path, what: "part of itself (a cycle)", todo: "Send ids instead of references." };
  }
  if (above.length > DEPTH_MAX) {
    return { path, what: `nested deeper than ${DEPTH_MAX}`, todo: "Send a flat list instead." };
  }
  return isKnown(value) ? findInside(value, path, above) : foreign(value, path);
}

function findInside(value: object, path: string, above: readonly object[]): Fault | undefined {
  const here = [...above, value];
  for (const [step, part] of partsOf(value)) {
    const fault = find(part, path + step, here);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function isKnown(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  const known: readonly unknown[] = [
    null,
    Object.prototype,
    Array.prototype,
    Date.prototype,
    Map.prototype,
    Set.prototype,
  ];
  return known.includes(prototype) || value instanceof Uint8Array;
}

function foreign(value: object, path: string): Fault {
  const name: unknown = value.constructor?.name;
  const className = typeof name === "string" && name !== "" ? name : "an unnamed class";
  if (value instanceof Promise) {
    return { path, what: "a Promise", todo: "map is synchronous: await inside a DoFn's process." };
  }
  return {
    path,
    what: `an instance of ${className}`,
    todo: "Its class would be lost: send a plain object ({ ...it }) and make the instance where it is used.",
  };
}

function* partsOf(value: object): Iterable<[step: string, part: unknown]> {
  if (value instanceof Uint8Array || value instanceof Date) return;
  if (value instanceof Map) {
    let i = 0;
    for (const [key, item] of value) {
      yield [`<key ${i}>`, key];
      yield [`<value ${i}>`, item];
      i++;
    }
  } else if (value instanceof Set) {
    let i = 0;
    for (const item of value) yield [`<item ${i++}>`, item];
  } else if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) yield [`[${i}]`, item];
  } else {
    for (const [name, field] of Object.entries(value)) yield [fieldStep(name), field];
  }
}

function fieldStep(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

function shorten(path: string): string {
  return path.length <= 200 ? path : `${path.slice(0, 150)}…${path.slice(-40)}`;
}
