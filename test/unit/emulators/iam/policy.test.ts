import { describe, expect, test } from "vitest";
import { IamPolicy } from "../../../../emulators/iam/policy.ts";

const stage = "serviceAccount:stage@p.iam.gserviceaccount.com";
const other = "serviceAccount:other@p.iam.gserviceaccount.com";
const topic = "projects/p/topics/t";
const publisher = { resource: topic, role: "roles/pubsub.publisher", member: stage };

describe("a policy", () => {
  test("allows what a binding gives, and says which", () => {
    const policy = new IamPolicy();
    policy.grant(publisher);
    expect(policy.check(stage, "pubsub.topics.publish", topic)).toEqual({
      isAllowed: true,
      by: publisher,
    });
    expect(policy.denials).toEqual([]);
  });

  test("refuses the rest with the permission, the resource and the caller", () => {
    const policy = new IamPolicy();
    policy.grant(publisher);
    expect(policy.check(other, "pubsub.topics.publish", topic, "Publish")).toEqual({
      isAllowed: false,
      reason:
        `Permission 'pubsub.topics.publish' denied on resource '${topic}' (or it may not exist). ` +
        `Caller: ${other}.`,
    });
    expect(policy.check(stage, "pubsub.topics.delete", topic).isAllowed).toBe(false);
    expect(policy.check(stage, "pubsub.topics.publish", `${topic}2`).isAllowed).toBe(false);
    expect(policy.check("allUsers", "pubsub.topics.publish", topic)).toMatchObject({
      reason: expect.stringContaining("Caller: not authenticated."),
    });
  });

  test("counts each kind of refusal once, with how often", () => {
    const policy = new IamPolicy();
    const permission = "pubsub.topics.publish";
    policy.check(stage, permission, topic, "Publish");
    policy.check(stage, permission, topic, "Publish");
    policy.check(other, permission, topic, "Publish");
    const denial = { permission, resource: topic, method: "Publish" };
    expect(policy.denials).toEqual([
      { ...denial, member: stage, times: 2 },
      { ...denial, member: other, times: 1 },
    ]);
  });

  test("takes a binding away at once, and only that one", () => {
    const policy = new IamPolicy();
    policy.grant(publisher);
    policy.grant({ ...publisher, role: "roles/pubsub.viewer" });
    expect(policy.check(stage, "pubsub.topics.publish", topic).isAllowed).toBe(true);
    policy.revoke({ ...publisher });
    policy.revoke(publisher);
    expect(policy.check(stage, "pubsub.topics.publish", topic).isAllowed).toBe(false);
    expect(policy.check(stage, "pubsub.topics.get", topic).isAllowed).toBe(true);
  });

  test("lets a project's bindings hold for all in it, and none for a name that only looks alike", () => {
    const policy = new IamPolicy();
    policy.grant({ resource: "projects/p", role: "roles/cloudtasks.enqueuer", member: stage });
    const enqueues = (queue: string) =>
      policy.check(stage, "cloudtasks.tasks.create", queue).isAllowed;
    expect(enqueues("projects/p/locations/l/queues/q")).toBe(true);
    expect(enqueues("projects/p2/locations/l/queues/q")).toBe(false);
  });

  test("knows everybody, and everybody who says a name", () => {
    const policy = new IamPolicy();
    const resource = "projects/p/locations/l/services/s";
    const open = { resource, role: "roles/run.invoker", member: "allAuthenticatedUsers" };
    policy.grant(open);
    expect(policy.check(stage, "run.routes.invoke", resource).isAllowed).toBe(true);
    expect(policy.check("allUsers", "run.routes.invoke", resource).isAllowed).toBe(false);
    policy.grant({ ...open, member: "allUsers" });
    expect(policy.check("allUsers", "run.routes.invoke", resource).isAllowed).toBe(true);
  });

  test.each([
    [{ role: "roles/pubsub.publsher" }, /role "roles\/pubsub.publsher" is not known/],
    [{ resource: "topics/t" }, /can't be given on "topics\/t"/],
    [{ resource: "projects/p/topic/t" }, /can't be given on/],
    [{ member: "stage@p.iam.gserviceaccount.com" }, /can't be given to "stage@/],
    [{ member: "serviceAccount:" }, /can't be given to/],
    [{ condition: "request.time < timestamp('x')" }, /can't be evaluated here/],
  ])("refuses %o", (part, message) => {
    const policy = new IamPolicy();
    expect(() => policy.grant({ ...publisher, ...part })).toThrow(
      expect.objectContaining({ code: "ERR_OPTION", message: expect.stringMatching(message) }),
    );
    expect(policy.bindings()).toEqual([]);
  });
});

describe("what was never needed", () => {
  test("is told until it is asked for", () => {
    const policy = new IamPolicy();
    policy.grant(publisher);
    expect(policy.unused()).toEqual([publisher]);
    policy.check(stage, "pubsub.topics.publish", topic);
    expect(policy.unused()).toEqual([]);
  });

  test("includes both of two that allow the same", () => {
    const policy = new IamPolicy();
    const wide = { ...publisher, resource: "projects/p" };
    policy.grant(publisher);
    policy.grant(wide);
    policy.check(stage, "pubsub.topics.publish", topic);
    expect(policy.unused()).toEqual([publisher, wide]);
    policy.check(stage, "pubsub.topics.publish", "projects/p/topics/u");
    expect(policy.unused()).toEqual([publisher]);
  });

  test("is not said of a right that nothing here asks for, until somebody does", () => {
    const policy = new IamPolicy();
    const project = "projects/p";
    const writes = { resource: project, role: "roles/monitoring.metricWriter", member: stage };
    policy.grant(writes);
    expect([policy.unused(), policy.untried()]).toEqual([[], [writes]]);
    policy.check(stage, "monitoring.timeSeries.create", project);
    expect([policy.unused(), policy.untried()]).toEqual([[], []]);
  });

  test("is asked again after a binding was taken away and given again", () => {
    const policy = new IamPolicy();
    policy.grant(publisher);
    policy.check(stage, "pubsub.topics.publish", topic);
    policy.revoke(publisher);
    policy.grant(publisher);
    expect(policy.unused()).toEqual([publisher]);
    policy.check(stage, "pubsub.topics.publish", topic);
    expect(policy.unused()).toEqual([]);
  });
});
