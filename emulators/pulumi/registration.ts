/**
 * Registration: a resource as the program declares it, read from the SDK's request.
 *
 * Owns: which of Pulumi's resource options are known here. Does not own: what is made of them
 * (deployment.ts).
 *
 * An option that this engine doesn't carry out is refused. Two are ignored, for they can't change
 * what a local world is made of: custom timeouts and hidden differences. Aliases are refused where
 * they name something that is there: Google's package gives some to many of its types.
 */
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import type { UrnParts } from "./urn.ts";
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
  /** URNs or parts of URNs that the resource had before. */
  readonly aliases: readonly (string | Partial<UrnParts>)[];
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
    aliases: [...request.getAliasurnsList(), ...request.getAliasesList().map(readAlias)],
    unsupported: unsupportedIn(request),
  };
}

type Alias = ReturnType<RegisterResourceRequest["getAliasesList"]>[number];

/** What an alias does not say is as it is now. */
function readAlias(alias: Alias): string | Partial<UrnParts> {
  const spec = alias.getSpec();
  if (spec === undefined) return alias.getUrn();
  const given = {
    stack: spec.getStack(),
    project: spec.getProject(),
    parent: spec.getParenturn(),
    type: spec.getType(),
    name: spec.getName(),
  };
  const said = Object.entries(given).filter(([, value]) => value !== "");
  return { ...Object.fromEntries(said), ...(spec.getNoparent() && { parent: "" }) };
}

function unsupportedIn(request: RegisterResourceRequest): string[] {
  const given: Readonly<Record<string, boolean>> = {
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
