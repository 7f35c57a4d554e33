/**
 * Registration: a resource as the program declares it, read from the SDK's request.
 *
 * Owns: which of Pulumi's resource options are known here. Does not own: what is made of them
 * (deployment.ts).
 *
 * An option that this engine doesn't carry out is refused. Two are ignored, for they can't change
 * what a local world is made of: custom timeouts and hidden differences.
 */
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import type { Properties } from "./values.ts";

/** A resource as the program declares it. */
export interface Registration {
  readonly type: string;
  readonly name: string;
  readonly parent: string;
  /** False for components. */
  readonly isCustom: boolean;
  readonly inputs: Properties;
  readonly dependencies: readonly string[];
  readonly inputDependencies: Readonly<Record<string, readonly string[]>>;
  readonly isProtected: boolean;
  readonly isRetained: boolean;
  /** What the program says itself of the order in a replacement. */
  readonly isDeletedFirst: boolean | undefined;
  readonly ignoredChanges: readonly string[];
  readonly replaceOnChanges: readonly string[];
  readonly secretOutputs: readonly string[];
  /** Options that were given and are not known here. */
  readonly unsupported: readonly string[];
}

/** Reads a request. */
export function readRegistration(request: RegisterResourceRequest): Registration {
  const inputDependencies: Record<string, readonly string[]> = {};
  request.getPropertydependenciesMap().forEach((urns, input) => {
    inputDependencies[input] = urns.getUrnsList();
  });
  return {
    type: request.getType(),
    name: request.getName(),
    parent: request.getParent(),
    isCustom: request.getCustom(),
    inputs: (request.getObject()?.toJavaScript() ?? {}) as Properties,
    dependencies: request.getDependenciesList(),
    inputDependencies,
    isProtected: request.getProtect() ?? false,
    isRetained: request.getRetainondelete() ?? false,
    isDeletedFirst: request.getDeletebeforereplacedefined()
      ? request.getDeletebeforereplace()
      : undefined,
    ignoredChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    secretOutputs: request.getAdditionalsecretoutputsList(),
    unsupported: unsupportedIn(request),
  };
}

function unsupportedIn(request: RegisterResourceRequest): string[] {
  const given: Readonly<Record<string, boolean>> = {
    aliases: request.getAliasesList().length + request.getAliasurnsList().length > 0,
    import: request.getImportid() !== "",
    deletedWith: request.getDeletedwith() !== "",
    replaceWith: request.getReplaceWithList().length > 0,
    replacementTrigger: request.hasReplacementTrigger(),
    transforms: request.getTransformsList().length > 0,
    hooks: request.hasHooks(),
    stateMigrations: request.getStateMigrationsList().length > 0,
    "a remote component": request.getRemote(),
  };
  const paths = [...request.getIgnorechangesList(), ...request.getReplaceonchangesList()];
  const found = Object.keys(given).filter((option) => given[option]);
  return paths.some((path) => /[[\]]/.test(path))
    ? [...found, "ignoreChanges or replaceOnChanges with an index"]
    : found;
}
