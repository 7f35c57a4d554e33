/**
 * Lean protos: of a package's messages only those that some methods speak.
 *
 * Owns: which definitions of a protos.json stay. Each that stays costs a cold start: protobufjs makes
 * an object of everything before the first call. Most are of methods that nobody calls here, of
 * administration, and of annotations that only a REST client reads.
 *
 * LP1. What a method that stays can send or receive is whole: each message, with every field.
 */
import { MeshError } from "../sdk/model/errors.ts";

/** A definition of protobufjs's JSON: a package, a message, an enum or a service. */
interface Definition {
  readonly nested?: Readonly<Record<string, Definition>>;
  readonly fields?: Readonly<Record<string, Typed>>;
  readonly values?: unknown;
  readonly methods?: Readonly<Record<string, Method>>;
  readonly options?: Readonly<Record<string, unknown>>;
}

interface Typed {
  readonly type: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

interface Method {
  readonly requestType: string;
  readonly responseType: string;
  readonly requestStream?: boolean;
  readonly responseStream?: boolean;
}

/** Google's own annotations: for REST, and for those who write clients. */
const ANNOTATION = "(google.api.";

/**
 * Returns protos.json with one service, and of that these methods with what they need.
 *
 * @param service - full name, without a dot before it
 * @throws ERR_INVARIANT if there is no such service or method
 */
export function leanProtos(text: string, service: string, names: readonly string[]): string {
  const root = JSON.parse(text) as Definition;
  const kept = new Set([service]);
  for (const name of names) {
    const full = `${service}.${name}`;
    const method = find(root, service)?.methods?.[name];
    if (method === undefined) throw new MeshError("ERR_INVARIANT", `There is no method ${full}.`);
    kept.add(full);
    for (const type of [method.requestType, method.responseType]) {
      keep(root, kept, resolve(root, type, service));
    }
  }
  return JSON.stringify(pruned(root, "", kept));
}

/** Keeps a definition, what it stands in, and what its fields are. */
function keep(root: Definition, kept: Set<string>, name: string | undefined): void {
  if (name === undefined || kept.has(name)) return;
  const { fields, values } = find(root, name) ?? {};
  if (fields === undefined && values === undefined) return; // A package.
  kept.add(name);
  keep(root, kept, outer(name));
  for (const { type } of Object.values(fields ?? {})) keep(root, kept, resolve(root, type, name));
}

/** Returns the full name of a type as a scope names it; undefined for `string` and its like. */
function resolve(root: Definition, type: string, scope: string): string | undefined {
  if (type.startsWith(".")) return type.slice(1);
  for (let from: string | undefined = scope; from !== undefined; from = outer(from)) {
    const name = from === "" ? type : `${from}.${type}`;
    if (find(root, name) !== undefined) return name;
  }
  return undefined;
}

/** The name of what a definition stands in: "" for the root, which itself stands in nothing. */
function outer(name: string): string | undefined {
  return name === "" ? undefined : name.slice(0, Math.max(name.lastIndexOf("."), 0));
}

function find(root: Definition, name: string): Definition | undefined {
  let found: Definition | undefined = root;
  for (const part of name.split(".")) found = found?.nested?.[part];
  return found;
}

function pruned(of: Definition, name: string, kept: ReadonlySet<string>): Definition | undefined {
  const nested = Object.entries(of.nested ?? {}).flatMap(([part, each]) => {
    const one = pruned(each, name === "" ? part : `${name}.${part}`, kept);
    return one === undefined ? [] : [[part, one] as const];
  });
  const inside = nested.length === 0 ? {} : { nested: Object.fromEntries(nested) };
  if (!kept.has(name)) return nested.length === 0 ? undefined : inside;
  const { nested: _nested, fields, methods, ...rest } = of;
  if (methods !== undefined) return { methods: bare(methods, name, kept) };
  if (fields === undefined) return { ...rest, ...inside };
  const bareFields = Object.entries(fields).map(([one, field]) => [one, withoutAnnotations(field)]);
  return { ...rest, fields: Object.fromEntries(bareFields), ...inside };
}

function withoutAnnotations({ options, ...field }: Typed): Typed {
  const left = Object.entries(options ?? {}).filter(([name]) => !name.startsWith(ANNOTATION));
  return left.length === 0 ? field : { ...field, options: Object.fromEntries(left) };
}

/** Without options, which all are annotations: a method's path over REST, its signature in clients. */
function bare(
  methods: Readonly<Record<string, Method>>,
  service: string,
  kept: ReadonlySet<string>,
): Record<string, Method> {
  const left = Object.entries(methods).filter(([name]) => kept.has(`${service}.${name}`));
  return Object.fromEntries(
    left.map(([name, { requestType, responseType, requestStream, responseStream }]) => {
      const streams = {
        ...(requestStream === true && { requestStream }),
        ...(responseStream === true && { responseStream }),
      };
      return [name, { requestType, responseType, ...streams }];
    }),
  );
}
