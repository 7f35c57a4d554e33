/**
 * Names within each service's limits, whatever pipelines and stages are called.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as names from "../../infra/names.ts";

const pipelines = fc.stringMatching(/^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/);
const stages = fc.stringMatching(/^[a-z][a-z0-9-]{0,32}-[0-9a-f]{6}$/);
const projects = fc.stringMatching(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/);
const stacks = fc.string({ minLength: 1, maxLength: 80 });

describe("names", () => {
  test("a function's is a label of its URL's host, project number and all", () => {
    fc.assert(
      fc.property(pipelines, stages, fc.integer({ min: 1, max: 1e13 - 1 }), (p, stage, number) => {
        const name = names.functionName(p, stage);
        expect(name).toMatch(/^[a-z]([a-z0-9-]*[a-z0-9])?$/);
        const { hostname } = new URL(names.functionUrl(name, String(number), "us-central1"));
        expect(hostname.split(".")[0]?.length).toBeLessThanOrEqual(63);
      }),
    );
  });

  test("an account's id has 6 to 30 characters", () => {
    fc.assert(
      fc.property(pipelines, stages, (p, stage) => {
        for (const id of [names.accountId(p, stage), names.accountId(p, "caller")]) {
          expect(id).toMatch(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/);
        }
      }),
    );
  });

  test("a bucket's has 63, a build account's id 30, a label's value 63, whatever the stack is called", () => {
    fc.assert(
      fc.property(projects, stacks, (project, stack) => {
        expect(names.sourceBucketName(project, stack)).toMatch(/^[a-z][a-z0-9-]{1,61}[a-z0-9]$/);
        expect(names.buildAccountId(stack)).toMatch(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/);
        expect(names.labelValue(stack)).toMatch(/^[a-z0-9_-]{0,63}$/);
      }),
    );
  });

  test("topics' and queues' have fewer characters than Pub/Sub and Cloud Tasks take", () => {
    fc.assert(
      fc.property(pipelines, (p) => {
        expect(names.undeliveredName(p)).toMatch(/^[a-z][a-z0-9-]{2,254}$/);
        expect(names.queueName(p)).toMatch(/^[A-Za-z0-9-]{1,100}$/);
      }),
    );
  });

  test("two that are cut differ", () => {
    fc.assert(
      fc.property(stages, stages, pipelines, (a, b, p) => {
        fc.pre(a !== b);
        expect(names.functionName(p, a)).not.toBe(names.functionName(p, b));
        expect(names.accountId(p, a)).not.toBe(names.accountId(p, b));
      }),
    );
  });

  test("what fits stays as it is, at the limit too", () => {
    expect(names.shortened("a".repeat(30), 30)).toBe("a".repeat(30));
    expect(names.shortened("a".repeat(31), 30)).toMatch(/^a{23}-[0-9a-f]{6}$/);
    expect(names.shortened(`${"a".repeat(22)}-${"b".repeat(9)}`, 30)).toMatch(
      /^a{22}-[0-9a-f]{6}$/,
    );
  });
});
