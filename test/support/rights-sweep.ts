/**
 * Rights sweep: a stack from which all rights are taken, and given back one by one as they are asked for.
 *
 * Owns: taking away, giving back, and whose refusal was seen. Does not own: the work (sweep-mesh.ts).
 *
 * A right is given back when something was refused that names it, and at no other time. Work that comes
 * to its end while one is still missing did not need that one. What one right allows no other may
 * allow: of two, neither would show as needed (`IamPolicy.unused`).
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Binding, IamPolicy } from "../../emulators/iam/policy.ts";
import { describeUnused } from "../../emulators/iam/report.ts";
import { isRefusalOf } from "./rights.ts";

const POLL_MS = 10;
/** Nothing is refused for so long, and the work is not done: something waits for what nobody tells. */
const STUCK_MS = 45_000;

/**
 * Runs `work` without any of `bindings`, and gives each back after its first refusal.
 *
 * @returns in words, those that the work did without
 * @throws Error if the work fails, or nothing goes on any more
 */
export async function sweep(
  policy: IamPolicy,
  bindings: readonly Binding[],
  work: (signal: AbortSignal) => Promise<void>,
): Promise<string[]> {
  const ended = new AbortController();
  const missing = new Map(bindings.map((binding) => [binding, refusals(policy, binding)] as const));
  for (const binding of bindings) policy.revoke(binding);
  let isDone = false;
  const working = work(ended.signal).then(() => {
    isDone = true;
  });
  working.catch(() => {});
  let movedMs = Date.now();
  try {
    while (!isDone) {
      for (const [binding, before] of missing) {
        if (refusals(policy, binding) === before) continue;
        policy.grant(binding);
        missing.delete(binding);
        movedMs = Date.now();
      }
      await Promise.race([working, sleep(POLL_MS)]);
      if (Date.now() - movedMs > STUCK_MS) {
        const words = [...missing.keys()].map(describe).join("\n");
        throw new Error(
          `Nothing is refused any more, and the work is not done. Missing:\n${words}`,
        );
      }
    }
  } finally {
    ended.abort();
    for (const binding of missing.keys()) policy.grant(binding);
  }
  return [...missing.keys()].map(describeUnused);
}

/** How often something was refused that a binding would have allowed. */
function refusals(policy: IamPolicy, binding: Binding): number {
  return policy.denials
    .filter((denial) => isRefusalOf(binding, denial))
    .reduce((sum, { times }) => sum + times, 0);
}

function describe({ role, member, resource }: Binding): string {
  return `${role} of ${member} on ${resource}`;
}
