/**
 * Resource kind: what the provider knows of one resource type.
 *
 * Owns: the interface, and reading inputs. Each kind has a file of its own, next to this one.
 */
import { isObject, type Properties, type PropertyValue } from "../values.ts";
import type { LocalCloud } from "./cloud.ts";
import type { InputCheck } from "./input-check.ts";

/** One resource type. Where `project` is left out, inputs come with that of the cloud. */
export interface ResourceKind {
  /** `gcp:pubsub/topic:Topic`. */
  readonly type: string;
  /** APIs that must be enabled. */
  readonly apis: readonly string[];
  /** Inputs that can't be changed in place. Source: "Changing this forces a new resource". */
  readonly fixed: readonly string[];
  /** Says which values Google would not accept. */
  readonly check?: (check: InputCheck) => void;
  /** The resource's id, which Google's names make. */
  id(inputs: Properties): string;
  /** Makes it, and returns the outputs that are no inputs. */
  create(inputs: Properties, cloud: LocalCloud): Promise<Properties> | Properties;
  /** Changes it, and returns the outputs that are no inputs; left out where nothing can change. */
  update?(
    inputs: Properties,
    cloud: LocalCloud,
    before: Properties,
  ): Promise<Properties> | Properties;
  delete(inputs: Properties, cloud: LocalCloud): Promise<void> | void;
  /** Finds one that somebody else made, by its id. */
  read?(id: string, cloud: LocalCloud): Promise<Properties> | Properties;
}

/** Returns an input that is text; empty where it is left out. */
export function text(inputs: Properties, name: string): string {
  const value = inputs[name];
  return typeof value === "string" ? value : "";
}

/** Returns an input that is an object; empty where it is left out. */
export function object(inputs: Properties, name: string): Properties {
  const value = inputs[name];
  return isObject(value) ? value : {};
}

/** Returns an input that is a list; empty where it is left out. */
export function list(inputs: Properties, name: string): readonly PropertyValue[] {
  const value = inputs[name];
  return Array.isArray(value) ? value : [];
}

/** Returns the last part of a name: `T` of `projects/P/topics/T`. */
export function lastPart(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

/** Returns the full name of the Firestore database that inputs name; `(default)` where they don't. */
export function databaseOf(inputs: Properties): string {
  return `projects/${text(inputs, "project")}/databases/${text(inputs, "database") || "(default)"}`;
}
