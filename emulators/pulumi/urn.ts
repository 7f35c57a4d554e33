/**
 * URNs: the names by which Pulumi knows resources.
 *
 * Owns: their form, `urn:pulumi:STACK::PROJECT::PARENT_TYPE$TYPE::NAME`.
 */

/** The type of the root of a stack. */
export const STACK_TYPE = "pulumi:pulumi:Stack";
/** Types of providers begin so. */
export const PROVIDER_PREFIX = "pulumi:providers:";

/** What a URN is made of. */
export interface UrnParts {
  readonly stack: string;
  readonly project: string;
  readonly parent: string;
  readonly type: string;
  readonly name: string;
}

/** Makes the URN of a resource. */
export function urnOf({ stack, project, parent, type, name }: UrnParts): string {
  const above = parent.split("::")[2] ?? "";
  const isTop = above === "" || above === STACK_TYPE;
  return `urn:pulumi:${stack}::${project}::${isTop ? type : `${above}$${type}`}::${name}`;
}
