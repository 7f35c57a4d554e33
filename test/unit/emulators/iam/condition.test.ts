import { describe, expect, test } from "vitest";
import { readCondition } from "../../../../emulators/iam/condition.ts";
import { IamPolicy } from "../../../../emulators/iam/policy.ts";

describe("a condition", () => {
  test.each([
    ['resource.name == "a"', ["a"], ["ab", ""]],
    ["resource.name == 'a'", ["a"], ["b"]],
    ['resource.name.startsWith("a")', ["a", "ab"], ["ba", ""]],
    ['resource.name=="a"||resource.name=="b"', ["a", "b"], ["c"]],
    ['resource.name.startsWith("a") && resource.name == "ab"', ["ab"], ["a", "abc"]],
    [
      'resource.name == "x" || resource.name.startsWith("a") && resource.name.startsWith("ab")',
      ["x", "ab"],
      ["a", "xx"],
    ],
    [
      '(resource.name == "x" || resource.name.startsWith("a")) && resource.name.startsWith("ab")',
      ["ab"],
      ["a", "x"],
    ],
    [' ( resource.name == "a||b" ) ', ["a||b"], ["a"]],
  ])("%s holds for what it names", (source, yes, no) => {
    const condition = readCondition(source);
    for (const name of yes) expect([name, condition(name)]).toEqual([name, true]);
    for (const name of no) expect([name, condition(name)]).toEqual([name, false]);
    expect(condition(undefined)).toBe(false);
  });

  test.each([
    "",
    "true",
    "resource.name",
    'resource.name != "a"',
    'resource.name.endsWith("a")',
    'resource.name == "a" resource.name == "b"',
    'resource.name == "a" ||',
    '(resource.name == "a"',
    'resource.name == "a")',
    'resource.name == "a\\"b"',
    'resource.name == "a',
    'resource.type == "pubsub.googleapis.com/Topic"',
    '!resource.name.startsWith("a")',
    "resource.name == resource.name",
  ])("%j is refused", (source) => {
    expect(() => readCondition(source)).toThrow(
      expect.objectContaining({
        code: "ERR_OPTION",
        message: expect.stringContaining(JSON.stringify(source)),
      }),
    );
  });

  test("limits a project's binding to one database", () => {
    const policy = new IamPolicy();
    const member = "serviceAccount:stage@p.iam.gserviceaccount.com";
    const condition = 'resource.name == "projects/p/databases/mesh"';
    policy.grant({ resource: "projects/p", role: "roles/datastore.user", member, condition });
    const reads = (resource: string) =>
      policy.check(member, "datastore.entities.get", resource).isAllowed;
    expect(reads("projects/p/databases/mesh")).toBe(true);
    expect(reads("projects/p/databases/other")).toBe(false);
  });

  test("never holds where the kind of resource has no name for conditions", () => {
    const policy = new IamPolicy();
    const member = "serviceAccount:stage@p.iam.gserviceaccount.com";
    const resource = "projects/p/topics/t";
    const condition = `resource.name == "${resource}"`;
    policy.grant({ resource: "projects/p", role: "roles/pubsub.publisher", member, condition });
    expect(policy.check(member, "pubsub.topics.publish", resource).isAllowed).toBe(false);
  });
});
