/**
 * Provider: what an engine asks of those who make resources.
 *
 * Owns: the interface, in the terms of Pulumi's own provider protocol.
 */
import type { Properties } from "./values.ts";

/** An input that can't be used. */
export interface CheckFailure {
  /** Path of the input: `serviceConfig.availableMemory`; empty for the resource as a whole. */
  readonly property: string;
  readonly reason: string;
}

/** What becomes of a resource whose inputs changed. */
export interface Difference {
  /** Top-level inputs that are not the same. */
  readonly changes: readonly string[];
  /** Those of them that can't be changed in place. */
  readonly replaces: readonly string[];
  /** Whether the old one must be gone before the new one can be made, for they have one name. */
  readonly isDeletedFirst: boolean;
}

/** A resource that is there. */
export interface Made {
  readonly id: string;
  readonly outputs: Properties;
}

/** A resource that was made before, with what it was made from. */
export interface Existing extends Made {
  readonly inputs: Properties;
}

/** Makes resources. Inputs hold neither secrets' marks nor references; unknowns in previews alone. */
export interface Provider {
  /** The package whose types it knows: `gcp`. */
  readonly name: string;
  check(type: string, inputs: Properties): Promise<readonly CheckFailure[]>;
  diff(type: string, before: Existing, inputs: Properties): Difference;
  create(type: string, inputs: Properties): Promise<Made>;
  /** Changes a resource in place, and returns its outputs. */
  update(type: string, before: Existing, inputs: Properties): Promise<Properties>;
  delete(type: string, existing: Existing): Promise<void>;
  /** Finds a resource that somebody else made. */
  read(type: string, id: string): Promise<Made>;
  invoke(token: string, args: Properties): Promise<Properties>;
}
