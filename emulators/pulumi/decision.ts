/**
 * Decision: what becomes of a declared resource, given what was made before.
 *
 * Owns: create, same, update or replace. Does not own: carrying it out (deployment.ts).
 */
import type { Difference, Provider } from "./provider.ts";
import type { Registration } from "./registration.ts";
import type { ResourceRecord } from "./state.ts";
import { isObject, type Properties, type PropertyValue, plainProperties } from "./values.ts";

/** What is done to a resource that the program declares. */
export type DeclaredOperation = "create" | "same" | "update" | "replace";

/** What is done, and why. */
export interface Decision {
  readonly operation: DeclaredOperation;
  /** Inputs that are not the same as before. */
  readonly changes: readonly string[];
  readonly isDeletedFirst: boolean;
}

/** Decides. `inputs` are plain. */
export function decide(
  provider: Pick<Provider, "diff">,
  registration: Registration,
  before: ResourceRecord | undefined,
  inputs: Properties,
): Decision {
  if (before === undefined || before.isExternal) {
    return { operation: "create", changes: [], isDeletedFirst: false };
  }
  const difference = differenceOf(provider, registration, before, inputs);
  const isDeletedFirst = registration.isDeletedFirst ?? difference.isDeletedFirst;
  const { changes, replaces } = difference;
  if (changes.length === 0) return { operation: "same", changes, isDeletedFirst: false };
  const operation = replaces.length > 0 ? "replace" : "update";
  return { operation, changes, isDeletedFirst };
}

function differenceOf(
  provider: Pick<Provider, "diff">,
  { type, replaceOnChanges }: Registration,
  before: ResourceRecord,
  inputs: Properties,
): Difference {
  const existing = { ...before, inputs: plainProperties(before.inputs) };
  const difference = provider.diff(type, existing, inputs);
  const tops = new Set(replaceOnChanges.map((path) => path.split(".")[0]));
  const forced = difference.changes.filter((input) => tops.has("*") || tops.has(input));
  return { ...difference, replaces: [...new Set([...difference.replaces, ...forced])] };
}

/** Returns inputs in which what the program asks to ignore is as it was before. */
export function ignoreChanges(
  inputs: Properties,
  paths: readonly string[],
  before: Properties | undefined,
): Properties {
  if (before === undefined) return inputs;
  return paths.reduce((result, path) => keepOld(result, path.split("."), before), inputs);
}

function keepOld(inputs: Properties, path: readonly string[], before: Properties): Properties {
  const [name = "", ...rest] = path;
  const old = before[name];
  if (rest.length > 0) {
    const now = inputs[name];
    const inner = keepOld(isObject(now) ? now : {}, rest, isObject(old) ? old : {});
    return { ...inputs, [name]: inner };
  }
  if (old !== undefined) return { ...inputs, [name]: old };
  const { [name]: _ignored, ...others } = inputs as Record<string, PropertyValue>;
  return others;
}
