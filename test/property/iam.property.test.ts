/** The policy against a model that looks at every binding each time, over random sequences. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Binding, IamPolicy } from "../../emulators/iam/policy.ts";
import { permissionsOf } from "../../emulators/iam/roles.ts";

const resources = [
  "projects/p",
  "projects/p/topics/t",
  "projects/p/topics/t2",
  "projects/p/databases/d",
  "projects/p/databases/e",
];
const roles = ["roles/pubsub.publisher", "roles/pubsub.editor", "roles/datastore.viewer"];
const permissions = ["pubsub.topics.publish", "pubsub.topics.get", "datastore.entities.get"];
const people = ["serviceAccount:a@p.iam.gserviceaccount.com", "user:b@example.org", "allUsers"];
const conditions = [
  undefined,
  'resource.name == "projects/p/databases/d"',
  'resource.name.startsWith("projects/p/databases/")',
];

const binding: fc.Arbitrary<Binding> = fc
  .record({
    resource: fc.constantFrom(...resources),
    role: fc.constantFrom(...roles),
    member: fc.constantFrom(...people, "allAuthenticatedUsers"),
    condition: fc.constantFrom(...conditions),
  })
  .map(({ condition, ...rest }) => ({ ...rest, ...(condition !== undefined && { condition }) }));

const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("grant" as const), binding }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("revoke" as const), binding }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("check" as const),
      member: fc.constantFrom(...people),
      permission: fc.constantFrom(...permissions),
      resource: fc.constantFrom(...resources),
    }),
  },
);

/** Bindings in a list, each with whether it was needed. */
class Model {
  readonly #entries = new Map<string, { binding: Binding; isNeeded: boolean }>();

  grant(given: Binding): void {
    const key = JSON.stringify(Object.entries(given).sort());
    if (!this.#entries.has(key)) this.#entries.set(key, { binding: given, isNeeded: false });
  }

  revoke(given: Binding): void {
    this.#entries.delete(JSON.stringify(Object.entries(given).sort()));
  }

  check(member: string, permission: string, resource: string): boolean {
    const allowing = [...this.#entries.values()].filter(({ binding: each }) => {
      const isMember =
        each.member === member ||
        each.member === "allUsers" ||
        (each.member === "allAuthenticatedUsers" && member !== "allUsers");
      const isBelow = resource.split("/").join("/").startsWith(each.resource);
      const isWhole = [undefined, "/"].includes(resource[each.resource.length]);
      const name = resource.includes("/topics/") ? "" : resource;
      const holds =
        each.condition === undefined ||
        (each.condition.includes("startsWith")
          ? name.startsWith("projects/p/databases/")
          : name === "projects/p/databases/d");
      return isMember && isBelow && isWhole && holds && permissionsOf(each.role)?.has(permission);
    });
    const [first, second] = allowing;
    if (first !== undefined && second === undefined) first.isNeeded = true;
    return first !== undefined;
  }

  unused(): Binding[] {
    return [...this.#entries.values()].filter((each) => !each.isNeeded).map((each) => each.binding);
  }
}

describe("a policy, over any sequence of grants, revocations and checks", () => {
  test("decides and remembers as a model without a cache does", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const policy = new IamPolicy();
        const model = new Model();
        let refused = 0;
        for (const each of steps) {
          if (each.kind === "check") {
            const { member, permission, resource } = each;
            const expected = model.check(member, permission, resource);
            expect(policy.check(member, permission, resource).isAllowed).toBe(expected);
            if (!expected) refused++;
          } else {
            policy[each.kind](each.binding);
            model[each.kind](each.binding);
          }
        }
        expect(policy.unused()).toEqual(model.unused());
        expect(policy.denials.reduce((sum, { times }) => sum + times, 0)).toBe(refused);
      }),
      { numRuns: 500 },
    );
  });
});
