/**
 * Report: what a policy refused and what it never needed, in words.
 *
 * Owns: the sentences, and which role is proposed. Does not own: what happened (policy.ts).
 */
import type { Binding, Denial, IamPolicy } from "./policy.ts";
import { smallestRoleWith } from "./roles.ts";

/** Says what was refused, and which binding would allow it. */
export function describeDenial({ member, permission, resource, method, times }: Denial): string {
  const who = member === "allUsers" ? "Somebody without a token" : member;
  const what = method === undefined ? `use ${resource}` : `${method} on ${resource}`;
  const role = smallestRoleWith(permission);
  const advice =
    role === undefined
      ? "No role of this world has that permission."
      : `Grant ${role} to ${member} on it, or on what contains it.`;
  const often = times === 1 ? "" : ` (${times} times)`;
  return `${who} may not ${what}${often}: ${permission} is missing. ${advice}`;
}

/** Says which binding was never needed. */
export function describeUnused({ role, member, resource, condition }: Binding): string {
  const limit = condition === undefined ? "" : ` if ${condition}`;
  return `${member} never needed ${role} on ${resource}${limit}. Take it away.`;
}

/** Says what was refused and what was never needed, a sentence each. */
export function describePolicy(policy: IamPolicy): readonly string[] {
  return [...policy.denials.map(describeDenial), ...policy.unused().map(describeUnused)];
}
