/**
 * Configuration: what is wrong is said once, clearly, and before anything is declared.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPipelines as build } from "../../infra/build-pipelines.ts";
import { readConfig } from "../../infra/config.ts";
import type { Jobs } from "../../infra/jobs.ts";
import { runProgram } from "../../infra/program.ts";
import { DEFAULT_SETTINGS, settingsOf } from "../../infra/settings.ts";
import { configOf, declared } from "./support.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("defaults", () => {
  test("project and pipelines are all that must be said", () => {
    expect(readConfig(configOf())).toMatchObject({
      project: "demo-project",
      region: "europe-west1",
      pipelines: ["examples/flights.ts"],
      serviceAccounts: "perStage",
      database: "tidemark",
      firestoreLocation: "europe-west1",
      protect: true,
      freshnessSeconds: 300,
      budgetPerMonth: undefined,
      drainRemoved: false,
    });
  });

  test("the database lies in the region, unless it is said where", () => {
    expect(readConfig(configOf({ region: "us-east1" })).firestoreLocation).toBe("us-east1");
    const eur3 = readConfig(configOf({ firestoreLocation: "eur3" }));
    expect([eur3.region, eur3.firestoreLocation]).toEqual(["europe-west1", "eur3"]);
  });

  test("one pipeline may be written without a list, and secrets with a version", () => {
    const config = readConfig(
      configOf({ pipelines: "a.ts", secrets: { KEY: "api-key", TOKEN: "token:3" } }),
    );
    expect(config.pipelines).toEqual(["a.ts"]);
    expect(config.secrets).toEqual({
      KEY: { secret: "api-key", version: "latest" },
      TOKEN: { secret: "token", version: "3" },
    });
  });
});

describe("one bad value gives one clear error", () => {
  const cases: readonly (readonly [what: string, keys: Record<string, unknown>, words: string])[] =
    [
      [
        "unknown region",
        { region: "europe-west-1" },
        'tidemark:region can\'t be "europe-west-1". Did you mean europe-west1',
      ],
      [
        "misspelt key",
        { paralelism: 8 },
        "tidemark:paralelism is no key. Did you mean parallelism?",
      ],
      [
        "misspelt setting",
        { functions: { memori: "1Gi" } },
        "tidemark:functions: memori is no setting. Did you mean memory?",
      ],
      [
        "misspelt setting of a stage",
        { stages: { flights: { x: { cpus: 1 } } } },
        "tidemark:stages, flights, x: cpus is no setting. Did you mean cpu?",
      ],
      [
        "memory",
        { functions: { memory: "1GB" } },
        'memory is 128Mi to 32Gi, written like 512Mi or 1Gi, not "1GB".',
      ],
      ["cpu and concurrency", { functions: { cpu: 0.5 } }, "with cpu 0.5 concurrency must be 1"],
      [
        "parallelism",
        { parallelism: 0 },
        'tidemark:parallelism is a whole number from 1 to 1024, not "0".',
      ],
      ["accounts", { serviceAccounts: "each" }, "It is perStage or shared."],
      ["flag", { protect: "yes" }, 'tidemark:protect is true or false, not "yes".'],
      [
        "database",
        { database: "Tidemark" },
        "tidemark:database is written (default), or 4 to 63 of a-z, 0-9 and -",
      ],
      ["no pipelines", { pipelines: [] }, "tidemark:pipelines names no file."],
      ["a file twice", { pipelines: ["a.ts", "a.ts"] }, "tidemark:pipelines names a.ts twice."],
      [
        "a list that is none",
        { pipelines: '["a.ts"' },
        "tidemark:pipelines is written as JSON or YAML, and can't be read",
      ],
      [
        "a variable of the mesh's",
        { env: { TIDEMARK_PLAN: "x" } },
        `tidemark:env can't have the name "TIDEMARK_PLAN".`,
      ],
      [
        "a secret's value",
        { secrets: { KEY: "sk-abc.def!" } },
        "tidemark:secrets gives KEY as SECRET or SECRET:VERSION",
      ],
      [
        "secret and variable",
        { secrets: { KEY: "a" }, env: { KEY: "b" } },
        "tidemark:secrets and tidemark:env both give KEY.",
      ],
      [
        "a value in plain text",
        { secretValues: { KEY: "hush" } },
        "tidemark:secretValues is in plain text in the stack's file. Encrypt it: pulumi config set --secret",
      ],
      [
        "an address",
        { alertEmails: ["ops"] },
        'tidemark:alertEmails are written NAME@HOST, not "ops".',
      ],
      [
        "an address twice",
        { alertEmails: ["a@b.com", "a@b.com"] },
        "tidemark:alertEmails names a@b.com twice.",
      ],
      [
        "too many to tell",
        { alertEmails: Array.from({ length: 17 }, (_, i) => `a${i}@b.com`) },
        "tidemark:alertEmails and tidemark:alertChannels are 16 together at most.",
      ],
      [
        "a channel",
        { alertChannels: ["ops"] },
        "tidemark:alertChannels are written projects/P/notificationChannels/ID",
      ],
      [
        "lag of watermarks that are not logged",
        { watermarkLagSeconds: 60, watermarkLogSeconds: 0 },
        "tidemark:watermarkLagSeconds needs watermarks that are logged",
      ],
      ["label", { labels: { Team: "x" } }, 'tidemark:labels can\'t have the name "Team".'],
      [
        "key without a repository",
        { kmsKey: "projects/p/locations/l/keyRings/r/cryptoKeys/k" },
        "tidemark:kmsKey needs tidemark:repository too",
      ],
      [
        "key",
        { kmsKey: "k" },
        "tidemark:kmsKey is written projects/P/locations/L/keyRings/R/cryptoKeys/K",
      ],
    ];

  test.each(cases)("%s", (_what, keys, words) => {
    expect(() => readConfig(configOf(keys))).toThrow(
      expect.objectContaining({ code: "ERR_OPTION", message: expect.stringContaining(words) }),
    );
  });

  test("no project, and one that is none", () => {
    const { "gcp:project": _, ...without } = configOf();
    expect(() => readConfig(without)).toThrow("pulumi config set gcp:project my-project");
    expect(() => readConfig({ ...without, "gcp:project": "example.com:p" })).toThrow(
      "give the project's id",
    );
  });

  test("several faults are told together", () => {
    const wrong = configOf({ region: "x", protect: "y", colour: "z" });
    expect(() => readConfig(wrong)).toThrow(
      /tidemark:region[\s\S]*tidemark:protect[\s\S]*tidemark:colour/,
    );
  });

  test("sizes that go together, and those that don't", () => {
    const fault = (given: object): string | undefined => {
      try {
        settingsOf("x", given);
        return undefined;
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(fault({ cpu: "4", memory: "2Gi" })).toBeUndefined();
    expect(fault({ cpu: "4", memory: "1Gi" })).toContain("with cpu 4 memory is 2048Mi to 16384Mi");
    expect(fault({ cpu: "1", memory: "8Gi" })).toContain("with cpu 1 memory");
    expect(fault({ cpu: "3" })).toContain("cpu is 0.08 to 1, or 2, 4, 6 or 8, not 3.");
    expect(fault({ cpu: "0.01" })).toContain("cpu is 0.08 to 1");
    expect(fault({ cpu: "0.2", concurrency: 1, memory: "1Gi" })).toContain(
      "memory is 512Mi at most",
    );
    expect(fault({ cpu: "0.2", concurrency: 1 })).toBeUndefined();
    expect(fault({ concurrency: 1001 })).toContain("concurrency is 1 to 1000.");
    expect(fault({ maxInstances: 1.5 })).toContain("maxInstances is 1 to 1000.");
    expect(settingsOf("x")).toEqual(DEFAULT_SETTINGS);
  });
});

describe("what only the compiled pipelines show", () => {
  let folder = "";
  const small = (name: string): string =>
    `import { create, pipeline, pubsub } from "tidemark";
     export default pipeline("${name}", (p) => { p.create([1]).write(pubsub.topic("out")); });`;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "tidemark-config-"));
    await writeFile(join(folder, "one.ts"), small("orders"));
    await writeFile(join(folder, "two.ts"), small("orders"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const cases: readonly (readonly [
    what: string,
    keys: Record<string, unknown>,
    code: string,
    words: string,
  ])[] = [
    [
      "a file that is not there",
      { pipelines: ["examples/flight.ts"] },
      "ERR_PIPELINE_FILE",
      "Did you mean",
    ],
    [
      "a file that writes files",
      { pipelines: ["examples/word-count.ts"] },
      "ERR_UNSUPPORTED",
      "can't run in Cloud Functions",
    ],
    [
      "a pipeline that there is not",
      { pipelines: ["FOLDER/one.ts"], stages: { order: {} } },
      "ERR_OPTION",
      'tidemark:stages: there is no pipeline "order". Did you mean orders? There are: orders.',
    ],
    [
      "a stage that there is not",
      { pipelines: ["FOLDER/one.ts"], stages: { orders: { trackr: {} } } },
      "ERR_OPTION",
      'there is no stage "trackr". Did you mean tracker?',
    ],
    [
      "sizes of a stage",
      { pipelines: ["FOLDER/one.ts"], stages: { orders: { tracker: { cpu: "3" } } } },
      "ERR_OPTION",
      "tidemark:stages, orders, tracker: cpu is",
    ],
    [
      "two pipelines of one name",
      { pipelines: ["FOLDER/one.ts", "FOLDER/two.ts"] },
      "ERR_OPTION",
      'are both pipelines of the name "orders"',
    ],
  ];

  test.each(cases)("%s", async (_what, keys, code, words) => {
    const config = JSON.parse(JSON.stringify(configOf(keys)).replaceAll("FOLDER", folder));
    let thrown: unknown;
    const made = await declared(async () => {
      const jobsOf = (): Jobs => {
        throw new Error("no job is looked at");
      };
      const isExample = String(keys["pipelines"]).startsWith("examples/");
      const input = {
        config,
        root: isExample ? root : folder,
        stack: "s",
        build,
        jobsOf,
        tell() {},
      };
      await runProgram(input).catch((error) => {
        thrown = error;
      });
    });
    expect(thrown).toMatchObject({ code, message: expect.stringContaining(words) });
    expect(made).toEqual([]);
  });

  test("a pipeline's file that is refused is said with every transform and its place", async () => {
    const jobsOf = (): Jobs => {
      throw new Error("no job is looked at");
    };
    const config = configOf({ pipelines: ["examples/word-count.ts"] });
    await expect(
      runProgram({ config, root, stack: "s", build, jobsOf, tell() {} }),
    ).rejects.toThrow(
      /word-count\.ts:\d+\): it reads examples\/data\/sonnets\.txt[\s\S]*word-count\.ts:\d+\): it writes files out\/word-counts/,
    );
  });
});
