/**
 * Property values, as Pulumi's SDK sends them: plain JSON with a few marked objects in it.
 *
 * Owns: the marks, and taking them off. Does not own: what a property means (provider.ts), files
 * behind assets (assets.ts).
 *
 * The marks are part of Pulumi's protocol and the same in all versions of the SDK.
 */

/** A property's value: JSON, where some objects carry a mark. */
export type PropertyValue =
  | null
  | boolean
  | number
  | string
  | readonly PropertyValue[]
  | { readonly [key: string]: PropertyValue };

/** Properties by name. */
export type Properties = Readonly<Record<string, PropertyValue>>;

/** Stands for a value that is known only after an update. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The key whose value is a mark. */
export const MARK = "4dabf18193072939515e22adb298388d";
/** The mark of a secret. */
export const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
/** The mark of a file. */
export const ASSET = "c44067f5952c0a294b673a41bacd8c17";
/** The mark of a folder or of an archive file. */
export const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";

type PropertyObject = { readonly [key: string]: PropertyValue };

/** Tells whether a value is an object, and no list. */
export function isObject(value: PropertyValue | undefined): value is PropertyObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function markOf(value: PropertyValue): PropertyValue | undefined {
  return isObject(value) ? value[MARK] : undefined;
}

/** Tells whether a value is a file or an archive. */
export function isAsset(value: PropertyValue): value is PropertyObject {
  const mark = markOf(value);
  return mark === ASSET || mark === ARCHIVE;
}

/** Tells whether anything in a value is not known yet. */
export function hasUnknown(value: PropertyValue): boolean {
  return value === UNKNOWN || children(value).some(hasUnknown);
}

/** Tells whether anything in a value is a secret. */
export function hasSecret(value: PropertyValue): boolean {
  return markOf(value) === SECRET || children(value).some(hasSecret);
}

function children(value: PropertyValue): readonly PropertyValue[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value);
}

/** Marks a value as a secret. */
export function secret(value: PropertyValue): PropertyValue {
  return markOf(value) === SECRET ? value : { [MARK]: SECRET, value };
}

/**
 * Returns a value as a provider sees it: secrets are what is in them, resources their ids. Files
 * and archives stay as they are.
 */
export function plain(value: PropertyValue): PropertyValue {
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  switch (value[MARK]) {
    case SECRET:
    case OUTPUT:
      return value["value"] === undefined ? UNKNOWN : plain(value["value"]);
    case RESOURCE:
      return value["id"] === "" ? UNKNOWN : (value["id"] ?? value["urn"] ?? null);
    case undefined:
      return plainProperties(value);
    default:
      return value;
  }
}

/** Returns all properties as a provider sees them. */
export function plainProperties(properties: Properties): Properties {
  return mapValues(properties, plain);
}

/** Returns properties for people: no secret is in them. */
export function shown(value: PropertyValue): PropertyValue {
  if (value === UNKNOWN) return "[known after the update]";
  if (Array.isArray(value)) return value.map(shown);
  if (markOf(value) === SECRET) return "[secret]";
  return isObject(value) ? mapValues(value, shown) : value;
}

/** Names of the properties in which something is a secret. */
export function secretNames(properties: Properties): readonly string[] {
  return Object.keys(properties).filter((name) => hasSecret(properties[name] ?? null));
}

/** Marks those properties as secrets that are there. */
export function markSecrets(properties: Properties, names: readonly string[]): Properties {
  const marked = names.filter((name) => properties[name] !== undefined);
  if (marked.length === 0) return properties;
  const secrets = marked.map((name) => [name, secret(properties[name] ?? null)] as const);
  return { ...properties, ...Object.fromEntries(secrets) };
}

/** Returns an object with each value mapped. */
export function mapValues(
  properties: Properties,
  map: (value: PropertyValue) => PropertyValue,
): Record<string, PropertyValue> {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, map(value)]));
}

/** Tells whether two values are equal; an object's order means nothing, null and absent are one. */
export function isEqual(
  a: PropertyValue | undefined = null,
  b: PropertyValue | undefined = null,
): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((each, i) => isEqual(each, b[i]));
  }
  if (!isObject(a) || !isObject(b)) return a === b;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) =>
    isEqual(a[key], b[key]),
  );
}
