/**
 * The job step: what `pulumi up` does about jobs, and what it refuses.
 */
import { describe, expect, test } from "vitest";
import type { UpdateInput } from "../../functions/control/update.ts";
import type { Deployment } from "../../functions/deployment.ts";
import { type Job, newJob } from "../../functions/job.ts";
import { DEFAULT_OPTIONS } from "../../functions/options.ts";
import { JobStep, type JobStepInput } from "../../infra/job-step.ts";
import type { Jobs, StoredJob } from "../../infra/jobs.ts";
import { compile } from "../../sdk/compile/compile.ts";
import type { MeshPlan } from "../../sdk/compile/plan.ts";
import { count, fixedWindows, pipeline, pubsub, sum } from "../../sdk/index.ts";

/** Counts by hour, or by another window or under another name. */
function planOf(change: { hours?: number; name?: string; sums?: boolean } = {}): MeshPlan {
  const { hours = 1, name = "counts", sums = false } = change;
  const built = pipeline("orders", (p) => {
    const keyed = p
      .read(pubsub.topic<{ shop: string; total: number }>("orders"))
      .keyBy(({ shop }) => shop)
      .windowInto(fixedWindows({ hours }));
    const totals = sums
      ? keyed.combinePerKey(
          sum(({ total }) => total),
          { name },
        )
      : keyed.combinePerKey(count(), { name });
    totals.write(pubsub.topic("totals"));
  });
  return compile(built);
}

function deploymentOf(plan: MeshPlan): Deployment {
  const options = DEFAULT_OPTIONS;
  return { plan, compile: {}, options, queue: "q", trackerUrl: "t", endpoints: {} };
}

function storedOf(plan: MeshPlan, state: Job["state"], stack = "this"): StoredJob {
  const job = { ...newJob(plan.pipeline, plan.hash, 0), state };
  return { job, deployment: { ...deploymentOf(plan), stack } };
}

class FakeJobs implements Jobs {
  readonly asked: string[] = [];
  readonly prepared: UpdateInput[] = [];
  readonly known: readonly StoredJob[];

  constructor(...known: readonly StoredJob[]) {
    this.known = known;
  }

  async stored(): Promise<readonly StoredJob[]> {
    return this.known;
  }

  async prepare(running: Deployment, input: UpdateInput): Promise<void> {
    this.asked.push(`prepare ${running.plan.hash} → ${input.deployment.plan.hash}`);
    this.prepared.push(input);
  }

  async clear({ plan }: Deployment): Promise<void> {
    this.asked.push(`clear ${plan.hash}`);
  }

  async finish({ plan }: Deployment): Promise<Job> {
    this.asked.push(`finish ${plan.hash}`);
    return newJob(plan.pipeline, plan.hash, 0);
  }

  async launch({ plan, stack }: Deployment): Promise<Job> {
    this.asked.push(`launch ${plan.hash} of ${stack}`);
    return newJob(plan.pipeline, plan.hash, 0);
  }

  async drain({ plan }: Deployment, timeoutMs: number): Promise<void> {
    this.asked.push(`drain ${plan.pipeline} within ${timeoutMs}`);
  }

  async feed(_deployment: Deployment, subscriptions: object): Promise<void> {
    for (const name of Object.values(subscriptions)) this.asked.push(`feed ${name}`);
  }
}

interface Run {
  readonly jobs: FakeJobs;
  readonly told: string[];
  readonly states: (string | undefined)[];
}

/** One run of the program, as far as jobs go. */
async function run(
  jobs: FakeJobs,
  plans: readonly MeshPlan[],
  config: Partial<JobStepInput["config"]> = {},
  isPreview = false,
): Promise<Run> {
  const told: string[] = [];
  const step = new JobStep({
    jobs,
    stack: "this",
    isPreview,
    tell: (words) => void told.push(words),
    config: {
      rename: {},
      drop: {},
      override: [],
      drainRemoved: false,
      updateTimeoutSeconds: 5,
      ...config,
    },
  });
  await step.check(plans);
  await step.prepare(plans.map(deploymentOf));
  const states: (string | undefined)[] = [];
  for (const plan of plans) states.push(await step.settle(deploymentOf(plan)));
  return { jobs, told, states };
}

const old = planOf();
const renamed = planOf({ name: "totals" });
const unfit = planOf({ sums: true });

describe("a first up", () => {
  test("launches, in the stack's name", async () => {
    const { jobs, states } = await run(new FakeJobs(), [old]);
    expect(jobs.asked).toEqual([`launch ${old.hash} of this`]);
    expect(states).toEqual(["RUNNING"]);
  });

  test("feeds a subscription that was there before", async () => {
    const plan = compile(
      pipeline("orders", (p) => {
        p.read(pubsub.subscription<string>("theirs")).write(pubsub.topic("out"));
      }),
    );
    const { jobs } = await run(new FakeJobs(), [plan]);
    expect(jobs.asked).toEqual(["feed theirs", `launch ${plan.hash} of this`]);
  });

  test("in a preview does nothing", async () => {
    const { jobs, states } = await run(new FakeJobs(), [old], {}, true);
    expect(jobs.asked).toEqual([]);
    expect(states).toEqual([undefined]);
  });
});

describe("a plan that has not changed", () => {
  test.each(["RUNNING", "PAUSED", "DRAINING", "DONE"] as const)(
    "of a job that is %s",
    async (state) => {
      const { jobs } = await run(new FakeJobs(storedOf(old, state)), [old]);
      expect(jobs.asked).toEqual([`launch ${old.hash} of this`]);
    },
  );

  test("whose update was cut off is finished", async () => {
    const { jobs } = await run(new FakeJobs(storedOf(old, "UPDATING")), [old]);
    expect(jobs.asked).toEqual([`finish ${old.hash}`]);
  });

  test("of a job that was cancelled with its state kept is refused", async () => {
    const stored = storedOf(old, "CANCELLED");
    const kept = { ...stored, job: { ...stored.job, keepsState: true } };
    await expect(run(new FakeJobs(kept), [old])).rejects.toThrow("Pipeline orders was cancelled.");
  });

  test.each([old, unfit])(
    "of a job that was cancelled begins anew, whatever fits",
    async (plan) => {
      const { jobs } = await run(new FakeJobs(storedOf(old, "CANCELLED")), [plan]);
      expect(jobs.asked).toEqual([`launch ${plan.hash} of this`]);
    },
  );

  test("of a new beginning that was cut off is launched again", async () => {
    const stored = storedOf(old, "UPDATING");
    const change = { kind: "relaunch", phase: "moving" } as const;
    const cutOff = { ...stored, job: { ...stored.job, change } };
    const { jobs } = await run(new FakeJobs(cutOff as StoredJob), [old]);
    expect(jobs.asked).toEqual([`launch ${old.hash} of this`]);
  });
});

describe("a plan that has changed and fits", () => {
  const config = { rename: { orders: { counts: "totals" } } };

  test("moves the state before, and goes on after", async () => {
    const { jobs } = await run(new FakeJobs(storedOf(old, "RUNNING")), [renamed], config);
    expect(jobs.asked).toEqual([`prepare ${old.hash} → ${renamed.hash}`, `finish ${renamed.hash}`]);
    expect(jobs.prepared).toMatchObject([{ renames: { counts: "totals" }, timeoutMs: 5_000 }]);
  });

  test("in a preview moves nothing", async () => {
    const { jobs } = await run(new FakeJobs(storedOf(old, "RUNNING")), [renamed], config, true);
    expect(jobs.asked).toEqual([]);
  });

  test("a rename that was carried out may stay in the configuration", async () => {
    const { jobs } = await run(new FakeJobs(storedOf(renamed, "RUNNING")), [renamed], config);
    expect(jobs.asked).toEqual([`launch ${renamed.hash} of this`]);
  });

  test.each([renamed, unfit])("of a job that is DONE begins anew, whatever fits", async (plan) => {
    const { jobs, told } = await run(new FakeJobs(storedOf(old, "DONE")), [plan]);
    expect(jobs.asked).toEqual([`clear ${old.hash}`, `launch ${plan.hash} of this`]);
    expect(told).toEqual(["Pipeline orders is DONE, and its plan has changed: it begins anew."]);
  });

  test.each(["PAUSED", "DRAINING"] as const)("of a job that is %s is refused", async (state) => {
    const jobs = new FakeJobs(storedOf(old, state));
    await expect(run(jobs, [renamed], config)).rejects.toMatchObject({ code: "ERR_OPTION" });
    expect(jobs.asked).toEqual([]);
  });
});

describe("a plan that does not fit the stored state", () => {
  test("is refused in the preview already, with the reason and ways out", async () => {
    const jobs = new FakeJobs(storedOf(old, "RUNNING"));
    const refused = run(jobs, [unfit], {}, true);
    await expect(refused).rejects.toMatchObject({ code: "ERR_UPDATE_INCOMPATIBLE" });
    await expect(refused).rejects.toThrow(/"counts"[\s\S]*→ Give its state up/);
    expect(jobs.asked).toEqual([]);
  });

  test("and gives it up where the configuration says so, by name", async () => {
    const { jobs } = await run(new FakeJobs(storedOf(old, "RUNNING")), [unfit], {
      drop: { orders: ["counts"] },
    });
    expect(jobs.prepared).toMatchObject([{ drops: ["counts"] }]);
  });

  test("or all of it, with override, and says what", async () => {
    const { jobs, told } = await run(new FakeJobs(storedOf(old, "RUNNING")), [unfit], {
      override: ["orders"],
    });
    const lost = old.stages.find(({ name }) => name === "counts")?.id ?? "";
    expect(jobs.prepared).toMatchObject([{ drops: [lost] }]);
    expect(told.join("\n")).toContain(`the state of ${lost} is given up`);
  });
});

describe("a pipeline that was taken out", () => {
  test.each(["RUNNING", "PAUSED", "DRAINING", "UPDATING"] as const)(
    "while its job is %s is refused",
    async (state) => {
      const jobs = new FakeJobs(storedOf(old, state));
      await expect(run(jobs, [], {}, true)).rejects.toThrow(
        `was taken out of tidemark:pipelines, but its job is ${state}`,
      );
    },
  );

  test("is drained where the configuration says so, and in a preview only announced", async () => {
    const config = { drainRemoved: true };
    const preview = await run(new FakeJobs(storedOf(old, "RUNNING")), [], config, true);
    expect(preview.jobs.asked).toEqual([]);
    expect(preview.told.join()).toContain("is drained before its functions go");
    const { jobs } = await run(new FakeJobs(storedOf(old, "RUNNING")), [], config);
    expect(jobs.asked).toEqual(["drain orders within 5000"]);
  });

  test("a paused one is refused even then: nothing would drain", async () => {
    const jobs = new FakeJobs(storedOf(old, "PAUSED"));
    await expect(run(jobs, [], { drainRemoved: true })).rejects.toThrow("its job is PAUSED");
  });

  test.each(["DONE", "CANCELLED"] as const)("whose job is %s may go", async (state) => {
    const { jobs } = await run(new FakeJobs(storedOf(old, state)), []);
    expect(jobs.asked).toEqual([]);
  });

  test("of another stack is none of ours", async () => {
    const { jobs } = await run(new FakeJobs(storedOf(old, "RUNNING", "other")), []);
    expect(jobs.asked).toEqual([]);
  });
});
