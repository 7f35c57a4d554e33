/**
 * Removal: takes resources out of a stack, whoever depends on others first.
 *
 * Owns: the order, and refusing what is protected. Does not own: which ones (deployment.ts).
 *
 * PR1. Nothing is deleted before all that depends on it is.
 * PR2. If one of them is protected, none is deleted.
 */
import type { Provider } from "./provider.ts";
import type { ResourceRecord, StackState } from "./state.ts";
import { plainProperties } from "./values.ts";

/** What a removal works with. */
export interface RemovalParts {
  readonly state: StackState;
  readonly provider: Provider;
  /** Carries one deletion out, and tells of it. */
  readonly step: (record: ResourceRecord, work: () => Promise<void>) => Promise<void>;
}

/** Returns Pulumi's words for a protected resource. */
export function protectedText(verb: "delete" | "replace", urn: string): string {
  return (
    `unable to ${verb} resource "${urn}" as it is currently marked for protection. ` +
    "To unprotect the resource, remove the `protect` flag from the resource in your Pulumi " +
    "program and run up again."
  );
}

/** Tells whether a record was made from another, or belongs to it. */
function dependsOn(record: ResourceRecord, { urn }: ResourceRecord): boolean {
  return (
    record.parent === urn ||
    record.dependencies.includes(urn) ||
    Object.values(record.inputDependencies).some((urns) => urns.includes(urn))
  );
}

/**
 * Deletes records, dependents first and the rest at once.
 *
 * @throws the first error, after all that could be deleted was
 */
export async function removeAll(
  records: readonly ResourceRecord[],
  parts: RemovalParts,
): Promise<void> {
  const removals = new Map<ResourceRecord, Promise<void>>();
  const remove = (record: ResourceRecord): Promise<void> => {
    const known = removals.get(record);
    if (known !== undefined) return known;
    const dependents = records.filter((each) => each !== record && dependsOn(each, record));
    const removal = Promise.all(dependents.map(remove)).then(() => removeOne(record, parts));
    removals.set(record, removal);
    return removal;
  };
  const outcomes = await Promise.allSettled(records.map(remove));
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

async function removeOne(
  record: ResourceRecord,
  { state, provider, step }: RemovalParts,
): Promise<void> {
  const isLeft = !record.isCustom || record.isExternal || record.isRetained;
  await step(record, async () => {
    if (!isLeft && isOf(provider, record.type)) {
      const { id, inputs, outputs } = record;
      const existing = { id, inputs: plainProperties(inputs), outputs: plainProperties(outputs) };
      await provider.delete(record.type, existing);
    }
    await state.remove(record);
  });
}

/** Tells whether a type is of the provider's package. */
export function isOf({ name }: Pick<Provider, "name">, type: string): boolean {
  return type.startsWith(`${name}:`);
}

/**
 * Returns what can't stay when a resource is deleted before its successor is made: all that would
 * be replaced if what it is made from changed.
 */
export function goingWith(
  record: ResourceRecord,
  records: readonly ResourceRecord[],
  provider: Pick<Provider, "name" | "diff">,
): ResourceRecord[] {
  const going = new Set([record]);
  for (const gone of going) {
    for (const other of records) {
      if (!going.has(other) && isBoundTo(other, gone, provider)) going.add(other);
    }
  }
  return [...going];
}

function isBoundTo(
  other: ResourceRecord,
  gone: ResourceRecord,
  provider: Pick<Provider, "name" | "diff">,
): boolean {
  if (!other.isCustom || !isOf(provider, other.type)) return false;
  const inputs = plainProperties(other.inputs);
  return Object.entries(other.inputDependencies).some(([input, urns]) => {
    if (!urns.includes(gone.urn)) return false;
    const changed = { ...inputs, [input]: "\0" };
    return provider.diff(other.type, { ...other, inputs }, changed).replaces.includes(input);
  });
}
