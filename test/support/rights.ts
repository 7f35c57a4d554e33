/**
 * Whether a mesh has the rights that it needs, and no others: each is taken away in turn.
 *
 * The mesh is whatever the caller runs under a policy. It is run to its end with all rights, and then
 * once without each: it must be stopped by a refusal that names what was taken away.
 */
import { type Binding, type Denial, IamPolicy } from "../../emulators/iam/policy.ts";
import { describePolicy } from "../../emulators/iam/report.ts";
import { contains } from "../../emulators/iam/resources.ts";
import { isTriedHere, permissionsOf } from "../../emulators/iam/roles.ts";

/**
 * Runs the mesh under a policy and resolves when it has come to its end with the right result. It
 * rejects otherwise, and soon after `refused` is aborted: a mesh that lacks a right waits for ever.
 */
export type RunUnderPolicy = (policy: IamPolicy, refused: AbortSignal) => Promise<void>;

/** Runs the mesh with all rights: nothing may be refused, and each right must be needed. */
export async function runWithAllRights(
  bindings: readonly Binding[],
  run: RunUnderPolicy,
): Promise<void> {
  const { policy, refused } = policyOf(bindings);
  const [outcome] = await Promise.allSettled([run(policy, refused)]);
  const cause: unknown = outcome.status === "rejected" ? outcome.reason : undefined;
  const complaints = describePolicy(policy);
  if (complaints.length > 0) throw new Error(complaints.join("\n"), { cause });
  if (outcome.status === "rejected") throw cause;
}

/** The rights of which a run can tell whether they are needed. */
export function triedRights(bindings: readonly Binding[]): readonly Binding[] {
  return bindings.filter(({ role }) => isTriedHere(role));
}

/** Runs the mesh without one of its rights, and returns the refusal that names it. */
export async function runWithout(
  missing: Binding,
  bindings: readonly Binding[],
  run: RunUnderPolicy,
): Promise<Denial> {
  const { policy, refused } = policyOf(bindings.filter((binding) => binding !== missing));
  const { role, member, resource } = missing;
  const what = `${role} of ${member} on ${resource}`;
  const isDone = await run(policy, refused).then(
    () => true,
    () => false,
  );
  const denial = policy.denials.find((each) => isRefusalOf(missing, each));
  if (denial === undefined) {
    const seen = describePolicy(policy).join("\n");
    throw new Error(
      `Without ${what}, no refusal named it. ${isDone ? "It ran all the same." : seen}`,
    );
  }
  if (isDone) throw new Error(`Without ${what}, the mesh came to its end in spite of a refusal.`);
  return denial;
}

/** Whether a refusal is of something that the binding would have allowed. */
export function isRefusalOf({ role, member, resource }: Binding, denial: Denial): boolean {
  return (
    denial.member === member &&
    contains(resource, denial.resource) &&
    permissionsOf(role)?.has(denial.permission) === true
  );
}

function policyOf(bindings: readonly Binding[]): { policy: IamPolicy; refused: AbortSignal } {
  const controller = new AbortController();
  const policy = new IamPolicy(() => controller.abort());
  for (const binding of bindings) policy.grant(binding);
  return { policy, refused: controller.signal };
}
