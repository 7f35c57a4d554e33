/**
 * IAM policy: who may do what with which resource in a local world, and what was asked of it.
 *
 * Owns: the bindings, the decision, and the record of what was refused and of what was needed.
 * Does not own: what a role permits (roles.ts), nor which permission a call needs (the services).
 */
import { MeshError } from "../../sdk/model/errors.ts";
import { type Condition, readCondition } from "./condition.ts";
import { contains, isBindable, nameInConditions } from "./resources.ts";
import { isTriedHere, permissionsOf } from "./roles.ts";

/** A role given to a member on a resource and all below it. */
export interface Binding {
  /** The full name as in Google's APIs: `projects/P/topics/T`. */
  readonly resource: string;
  /** `roles/…`, one of those that roles.ts knows. */
  readonly role: string;
  /** `serviceAccount:EMAIL`, `user:EMAIL`, `allUsers` or `allAuthenticatedUsers`. */
  readonly member: string;
  /** CEL, as far as condition.ts reads it. */
  readonly condition?: string;
}

/** Whether something may be done: by which binding, or why not. */
export type Decision =
  | { readonly isAllowed: true; readonly by: Binding }
  | { readonly isAllowed: false; readonly reason: string };

/** Something that was refused. */
export interface Denial {
  readonly member: string;
  readonly permission: string;
  readonly resource: string;
  /** What was called, as the service names it: `Publish`. */
  readonly method: string | undefined;
  /** How often. */
  readonly times: number;
}

interface Grant {
  readonly binding: Binding;
  readonly permissions: ReadonlySet<string>;
  readonly holds: Condition;
  /** Whether something was asked that no other binding allowed. */
  isNeeded: boolean;
}

const memberPattern =
  /^(?:allUsers|allAuthenticatedUsers|(?:serviceAccount|user):[^\s@:]+@[^\s@:]+)$/;

/** The bindings of a local world. */
export class IamPolicy {
  readonly #grants = new Map<string, Grant>();
  /** Decisions of allowed checks, until the bindings change. */
  readonly #allowed = new Map<string, Decision>();
  readonly #denials = new Map<string, Denial>();
  readonly #onDenial: (denial: Denial) => void;

  /** @param onDenial is told of each refusal, also of one that was there before */
  constructor(onDenial: (denial: Denial) => void = () => {}) {
    this.#onDenial = onDenial;
  }

  /**
   * Adds a binding; one that is there already stays as it is.
   *
   * @throws ERR_OPTION for a role, a resource, a member or a condition that is not known here
   */
  grant(binding: Binding): void {
    const grant = readBinding(binding);
    const key = keyOf(binding);
    if (this.#grants.has(key)) return;
    this.#grants.set(key, grant);
    this.#allowed.clear();
  }

  /** Takes a binding away; one that is not there is no error. */
  revoke(binding: Binding): void {
    if (this.#grants.delete(keyOf(binding))) this.#allowed.clear();
  }

  bindings(): readonly Binding[] {
    return [...this.#grants.values()].map(({ binding }) => binding);
  }

  /**
   * Decides, and remembers what was asked.
   *
   * @param member `serviceAccount:EMAIL` or `user:EMAIL`; `allUsers` for a caller who says no name
   * @param method what is called, for the record alone
   */
  check(member: string, permission: string, resource: string, method?: string): Decision {
    const key = `${member}\n${permission}\n${resource}`;
    const known = this.#allowed.get(key);
    if (known !== undefined) return known;
    const [first, second] = this.#allowing(member, permission, resource);
    if (first === undefined) return this.#deny({ member, permission, resource, method });
    if (second === undefined) first.isNeeded = true;
    const decision = { isAllowed: true, by: first.binding } as const;
    this.#allowed.set(key, decision);
    return decision;
  }

  /** What was refused so far, each once, with how often. */
  get denials(): readonly Denial[] {
    return [...this.#denials.values()];
  }

  /**
   * Bindings that could be taken away one at a time without any refusal so far: too wide. Of two that
   * allow the same, neither was needed. Those that no local world can try are not among them.
   */
  unused(): readonly Binding[] {
    return this.#idle().filter(({ role }) => isTriedHere(role));
  }

  /** Bindings of which nothing can be said: their services are not here (Cloud Storage, logging, …). */
  untried(): readonly Binding[] {
    return this.#idle().filter(({ role }) => !isTriedHere(role));
  }

  #idle(): Binding[] {
    const idle = [...this.#grants.values()].filter(({ isNeeded }) => !isNeeded);
    return idle.map(({ binding }) => binding);
  }

  #allowing(member: string, permission: string, resource: string): Grant[] {
    const name = nameInConditions(resource);
    return [...this.#grants.values()].filter(
      ({ binding, permissions, holds }) =>
        includes(binding.member, member) &&
        permissions.has(permission) &&
        contains(binding.resource, resource) &&
        holds(name),
    );
  }

  #deny(asked: Omit<Denial, "times">): Decision {
    const { member, permission, resource, method } = asked;
    const key = JSON.stringify([member, permission, resource, method]);
    const times = (this.#denials.get(key)?.times ?? 0) + 1;
    const denial = { ...asked, times };
    this.#denials.set(key, denial);
    this.#onDenial(denial);
    const reason =
      `Permission '${permission}' denied on resource '${resource}' (or it may not exist). ` +
      `Caller: ${member === "allUsers" ? "not authenticated" : member}.`;
    return { isAllowed: false, reason };
  }
}

function keyOf({ resource, role, member, condition }: Binding): string {
  return JSON.stringify([resource, role, member, condition ?? null]);
}

function readBinding(binding: Binding): Grant {
  const { resource, role, member, condition } = binding;
  const permissions = permissionsOf(role);
  if (permissions === undefined) {
    throw new MeshError(
      "ERR_OPTION",
      `The role ${JSON.stringify(role)} is not known to local worlds. Use one of ` +
        "emulators/iam/roles.ts, or add it there with the permissions that Google lists for it.",
    );
  }
  if (!isBindable(resource)) {
    throw new MeshError(
      "ERR_OPTION",
      `${role} can't be given on ${JSON.stringify(resource)}. Use a full name, such as ` +
        "projects/P, projects/P/topics/T or projects/P/serviceAccounts/EMAIL.",
    );
  }
  if (!memberPattern.test(member)) {
    throw new MeshError(
      "ERR_OPTION",
      `${role} on ${resource} can't be given to ${JSON.stringify(member)}. Use ` +
        "serviceAccount:EMAIL, user:EMAIL, allUsers or allAuthenticatedUsers.",
    );
  }
  const holds = condition === undefined ? () => true : readCondition(condition);
  return { binding, permissions, holds, isNeeded: false };
}

function includes(bound: string, member: string): boolean {
  if (bound === member || bound === "allUsers") return true;
  return bound === "allAuthenticatedUsers" && member !== "allUsers";
}
