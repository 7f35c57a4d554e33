import { describe, expect, test } from "vitest";
import { type Binding, IamPolicy } from "../../../../emulators/iam/policy.ts";
import { describeDenial, describePolicy } from "../../../../emulators/iam/report.ts";
import {
  type RunUnderPolicy,
  runWithAllRights,
  runWithout,
  triedRights,
} from "../../../support/rights.ts";

const member = "serviceAccount:stage@p.iam.gserviceaccount.com";
const topic = "projects/p/topics/t";
const publisher: Binding = { resource: topic, role: "roles/pubsub.publisher", member };
const viewer: Binding = { resource: "projects/p", role: "roles/pubsub.viewer", member };

describe("the report of a policy", () => {
  test("says what was refused with the role that would do, and what was never needed", () => {
    const policy = new IamPolicy();
    policy.grant({ ...viewer, condition: 'resource.name == "projects/p"' });
    policy.check(member, "pubsub.topics.publish", topic, "Publish");
    policy.check(member, "pubsub.topics.publish", topic, "Publish");
    expect(describePolicy(policy)).toEqual([
      `${member} may not Publish on ${topic} (2 times): pubsub.topics.publish is missing. ` +
        `Grant roles/pubsub.publisher to ${member} on it, or on what contains it.`,
      `${member} never needed roles/pubsub.viewer on projects/p if ` +
        'resource.name == "projects/p". Take it away.',
    ]);
  });

  test("knows a caller without a token, and a permission that no role has", () => {
    const denial = { member: "allUsers", resource: topic, method: undefined, times: 1 };
    expect(describeDenial({ ...denial, permission: "pubsub.topics.sing" })).toBe(
      `Somebody without a token may not use ${topic}: pubsub.topics.sing is missing. ` +
        "No role of this world has that permission.",
    );
  });

  test("is told of each refusal as it happens", () => {
    const told: number[] = [];
    const policy = new IamPolicy(({ times }) => told.push(times));
    policy.check(member, "pubsub.topics.publish", topic);
    policy.check(member, "pubsub.topics.publish", topic);
    expect(told).toEqual([1, 2]);
  });
});

describe("trying each right", () => {
  /** Publishes, and fails if it may not. */
  const run: RunUnderPolicy = async (policy) => {
    const decision = policy.check(member, "pubsub.topics.publish", topic, "Publish");
    if (!decision.isAllowed) throw new Error(decision.reason);
  };

  test("passes where every right is needed", async () => {
    await runWithAllRights([publisher], run);
    expect(await runWithout(publisher, [publisher], run)).toMatchObject({
      permission: "pubsub.topics.publish",
      resource: topic,
    });
  });

  test("finds a right too many", async () => {
    const rights = [publisher, viewer];
    await expect(runWithAllRights(rights, run)).rejects.toThrow("never needed roles/pubsub.viewer");
    await expect(runWithout(viewer, rights, run)).rejects.toThrow("It ran all the same.");
  });

  test("leaves out what no local world can try", async () => {
    const metrics: Binding = {
      resource: "projects/p",
      role: "roles/monitoring.metricWriter",
      member,
    };
    await runWithAllRights([publisher, metrics], run);
    expect(triedRights([publisher, metrics])).toEqual([publisher]);
  });

  test("finds a right that is missing", async () => {
    await expect(runWithAllRights([], run)).rejects.toThrow("may not Publish on");
  });

  test("finds a mesh that hides a refusal, and tells it of one at once", async () => {
    let isTold = false;
    const hiding: RunUnderPolicy = async (policy, refused) => {
      await run(policy, refused).catch(() => {});
      isTold = refused.aborted;
    };
    await expect(runWithout(publisher, [publisher], hiding)).rejects.toThrow("in spite of");
    expect(isTold).toBe(true);
  });
});
