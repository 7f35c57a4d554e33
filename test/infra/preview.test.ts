/**
 * Previews: what is unknown before it is made holds nothing back, and nothing is done.
 */
import { fileURLToPath } from "node:url";
import { output } from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import type { Deployment } from "../../functions/deployment.ts";
import { newJob } from "../../functions/job.ts";
import type { BuiltPipeline } from "../../infra/build-pipelines.ts";
import type { Jobs } from "../../infra/jobs.ts";
import { type ProgramInput, runProgram } from "../../infra/program.ts";
import {
  argsOf,
  configOf,
  type Declared,
  declared,
  declarePipeline,
  flights,
  only,
} from "./support.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

function urns(all: readonly Declared[]): string[] {
  return all.map(({ type, name }) => `${type} ${name}`).sort();
}

describe("a preview", () => {
  test("shows every resource that an update makes", async () => {
    const preview = await declared(() => declarePipeline(flights), { isPreview: true });
    const up = await declared(() => declarePipeline(flights));
    expect(urns(preview)).toEqual(urns(up));
  });

  test("shows what functions are told, for addresses are computed", async () => {
    const preview = await declared(() => declarePipeline(flights), { isPreview: true });
    const { inputs } = only(preview, "cloudfunctionsv2/function:Function", "flights-tracker");
    expect(inputs.serviceConfig.environmentVariables.TIDEMARK_TRACKER_URL).toBe(
      "https://tm-flights-tracker-1000000000001.europe-west1.run.app",
    );
    const feed = "tm-flights-airport-hours-8d7545";
    const { pushConfig } = only(preview, "pubsub/subscription:Subscription", feed).inputs;
    expect(pushConfig.pushEndpoint).toContain("https://tm-flights-airport-hours-8d7545-");
    // Of an account that is not there yet, Pulumi knows no address.
    expect(pushConfig.oidcToken.serviceAccountEmail).toMatchObject({ __pulumiUnknown: true });
  });
});

describe("the program", () => {
  /** Jobs that write down what is asked of them. */
  function recorded(): { jobs: Jobs; asked: string[]; launched: Deployment[] } {
    const asked: string[] = [];
    const launched: Deployment[] = [];
    const note = async (what: string): Promise<void> => void asked.push(what);
    const jobs: Jobs = {
      stored: () => note("stored").then(() => []),
      prepare: () => note("prepare"),
      clear: () => note("clear"),
      drain: () => note("drain"),
      feed: () => note("feed"),
      finish: ({ plan }) => note("finish").then(() => newJob(plan.pipeline, plan.hash, 0)),
      launch: async (deployment) => {
        await note("launch");
        launched.push(deployment);
        return newJob(deployment.plan.pipeline, deployment.plan.hash, 0);
      },
    };
    return { jobs, asked, launched };
  }

  async function run(
    isPreview: boolean,
    more: Pick<BuiltPipeline, "wholeBecause"> = {},
  ): Promise<{
    made: readonly Declared[];
    asked: string[];
    launched: Deployment[];
    /** The program's outputs. */
    told: unknown;
    /** What it said on the way. */
    notes: string[];
  }> {
    const notes: string[] = [];
    const { jobs, asked, launched } = recorded();
    const input: ProgramInput = {
      config: configOf(),
      root,
      stack: "org/tidemark/test",
      // Bundling takes seconds; config.test.ts builds from files.
      build: async () => [{ ...argsOf(flights), pipeline: flights, ...more }],
      jobsOf: () => jobs,
      tell: (words) => void notes.push(words),
    };
    let told: unknown;
    const made = await declared(
      async () => {
        const outputs = await runProgram(input);
        if (isPreview) return; // They are not known then.
        told = await new Promise((resolve) => output(outputs).apply((known) => resolve(known)));
      },
      { isPreview },
    );
    return { made, asked, launched, told, notes };
  }

  test("looks at jobs in a preview, and does nothing", async () => {
    const { asked, made, notes } = await run(true);
    expect(asked).toEqual(["stored"]);
    expect(made.length).toBeGreaterThan(100);
    expect(notes).toEqual([]);
  });

  test("says why an edit will change every function, where it will", async () => {
    const { notes } = await run(true, { wholeBecause: "it calls eval" });
    expect(notes).toEqual([
      expect.stringMatching(/^Pipeline flights: any .* because it calls eval\./),
    ]);
  });

  test("launches when everything stands, and says how to go on", async () => {
    const { asked, launched, told } = await run(false);
    expect(asked).toEqual(["stored", "feed", "launch"]);
    const url = "https://tm-flights-tracker-1000000000001.europe-west1.run.app";
    expect(launched).toMatchObject([
      {
        plan: { pipeline: "flights" },
        queue: "projects/demo-project/locations/europe-west1/queues/tm-flights",
        trackerUrl: url,
        caller: {
          account: "tm-flights-caller@demo-project.iam.gserviceaccount.com",
          audience: url,
        },
        stack: "org/tidemark/test",
      },
    ]);
    expect(Object.keys(launched[0]?.places ?? {})).toContain("airport hours");
    expect(told).toMatchObject({
      topics: { flights: ["flights"] },
      functions: { flights: { tracker: url } },
      jobs: { flights: "RUNNING" },
      dashboards: {
        flights:
          "https://console.cloud.google.com/monitoring/dashboards/builder/flights-dashboard-id?project=demo-project",
      },
    });
    expect((told as { commands: string[] }).commands).toContain(
      'tidemark status flights --project demo-project --database "tidemark"',
    );
  });
});
