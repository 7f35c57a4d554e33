/**
 * Least privilege of other stacks than that of rights.test.ts: the flights, and a pipeline with one
 * account for all functions, read stages, a side input and secrets. All rights are taken away, and each
 * is given back when something was refused that names it: what is still missing in the end is too wide.
 *
 * TIDEMARK_RIGHTS=each tries each right by itself, which takes minutes: work is done without it, is
 * refused, and is done when it is back.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Binding, IamPolicy } from "../../emulators/iam/policy.ts";
import { describeDenial, describeUnused } from "../../emulators/iam/report.ts";
import { watermarkMetric } from "../../infra/watermark-metric.ts";
import { pointsOf } from "../support/log-metrics.ts";
import { isRefusalOf, triedRights } from "../support/rights.ts";
import { sweep } from "../support/rights-sweep.ts";
import { redeploy } from "../support/standing-stack.ts";
import { SweepMesh } from "../support/sweep-mesh.ts";

const TIMEOUT_MS = 300_000;
const EACH_TIMEOUT_MS = 3_600_000;
const isEach = process.env["TIDEMARK_RIGHTS"] === "each";
const INVOKER = "roles/run.invoker";
const ACCESSOR = "roles/secretmanager.secretAccessor";

let mesh: SweepMesh;
let policy: IamPolicy;
let all: readonly Binding[];

beforeAll(async () => {
  mesh = await SweepMesh.start();
  ({ policy } = mesh.stack.cloud);
  all = triedRights(policy.bindings());
}, TIMEOUT_MS);
afterAll(() => mesh.stop());

const ofPipeline = (pipeline: string): readonly Binding[] =>
  all.filter(({ resource, member }) => `${resource} ${member}`.includes(`tm-${pipeline}-`));

/** Rights with which Pub/Sub itself sets aside what no function takes. */
const isOfForwarding = ({ role, resource }: Binding): boolean =>
  role === "roles/pubsub.subscriber" || resource.endsWith("-undelivered");

/** A read of its own, and what it gives for a side input, have begun and ended with the launch. */
const isOfLaunch = ({ resource }: Binding): boolean =>
  /topics\/tm-shared-(create|as-map-view)-/.test(resource);

/** Tried in rights.test.ts: it is the same account, whatever is built. */
const isOfBuilds = ({ member }: Binding): boolean => member.includes(":tm-build-");

const isOfWork = (binding: Binding): boolean =>
  !isOfForwarding(binding) && !isOfBuilds(binding) && binding.role !== ACCESSOR;

describe("the rights of the flights, and of a pipeline with one account", () => {
  test("are all that the example's list has, and those on secrets", () => {
    const golden = readFileSync(new URL("../infra/golden/flights.txt", import.meta.url), "utf8");
    const listed = golden.match(/^gcp:\S+I(?:am|AM)Member flights-/gm) ?? [];
    const secrets = ofPipeline("flights").filter(({ role }) => role === ACCESSOR);
    expect(secrets).toHaveLength(5);
    expect(ofPipeline("flights")).toHaveLength(listed.length + secrets.length);
    expect(ofPipeline("shared").length).toBeGreaterThan(15);
    const ofBoth = ofPipeline("flights").length + ofPipeline("shared").length;
    expect(ofBoth).toBe(all.filter((binding) => !isOfBuilds(binding)).length);
  });

  test("without any of Pub/Sub's own, nothing is set aside that no function takes", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const invokers = all.filter(({ role }) => role === INVOKER);
    for (const binding of invokers) policy.revoke(binding);
    const forwarding = all.filter(isOfForwarding);
    const needless = await sweep(policy, forwarding, (signal) => mesh.setAsideOfEach(signal));
    for (const binding of invokers) policy.grant(binding);
    expect(forwarding.length).toBeGreaterThan(10);
    expect(needless).toEqual([]);
  });

  test("without any, launch and work go on as each is given back that was asked for", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const needless = await sweep(policy, all.filter(isOfWork), async (signal) => {
      await mesh.launch();
      await mesh.work(signal);
    });
    expect(needless).toEqual([]);
  });

  test("without that on a secret, a function that takes it is not deployed", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const accessors = all.filter(({ role }) => role === ACCESSOR);
    expect(accessors).toHaveLength(5 + 2);
    for (const binding of accessors) {
      const account = binding.member.replace("serviceAccount:", "");
      policy.revoke(binding);
      await expect(redeploy(mesh.stack, account)).rejects.toThrow(ACCESSOR);
      policy.grant(binding);
    }
    const tracker = accessors.find(({ member }) => member.includes("tm-flights-tracker"));
    const account = tracker?.member.replace("serviceAccount:", "") ?? "";
    expect(await redeploy(mesh.stack, account)).toBe(1);
  });

  test("with all of them nothing else was refused, and none is needless", () => {
    const others = policy.denials.filter(
      (denial) => !all.some((binding) => isRefusalOf(binding, denial)),
    );
    expect(others.map(describeDenial)).toEqual([]);
    // What secrets are read with was missed one by one, and not asked for again.
    const needless = policy.unused().filter(({ role }) => role !== ACCESSOR);
    expect(needless.map(describeUnused)).toEqual([]);
    expect(policy.untried()).toEqual([]);
    expect(policy.bindings()).toHaveLength(all.length);
  });

  test("functions have logged the lag of their watermarks as the metric reads it", () => {
    const lines = mesh.log.filter((line) => line.function === "tm-flights-tracker");
    const points = pointsOf(
      watermarkMetric("flights"),
      "tm-flights-tracker",
      lines.map(({ text }) => text),
    );
    expect(points.length).toBeGreaterThan(0);
    const stages = mesh.plans.flatMap((plan) => plan.stages.map(({ id }) => id));
    for (const { labels } of points) {
      expect(labels["pipeline"]).toBe("flights");
      expect(stages).toContain(labels["stage"]);
    }
  });

  const howLong = { timeout: EACH_TIMEOUT_MS };
  test.runIf(isEach)("each by itself (else skipped: TIDEMARK_RIGHTS=each)", howLong, async () => {
    const needless: string[] = [];
    for (const binding of all.filter((each) => isOfWork(each) && !isOfLaunch(each))) {
      needless.push(...(await sweep(policy, [binding], (signal) => mesh.work(signal))));
    }
    expect(needless).toEqual([]);
  });
});
