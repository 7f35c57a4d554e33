/**
 * The mesh's own Pulumi program, applied to a local cloud through Pulumi's own runner.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Outcome } from "../../emulators/pulumi/index.ts";
import { type LocalStack, startLocalStack } from "../../emulators/pulumi/local-stack.ts";
import { MARK, SECRET } from "../../emulators/pulumi/values.ts";
import { assertGone } from "../support/nothing-left.ts";

/** Each run of the program compiles, bundles and starts processes, beside other tests. */
const TIMEOUT_MS = 300_000;
const API_KEY = "canary-90d3";
const root = fileURLToPath(new URL("../..", import.meta.url));

test("npm run up:local goes from the preview over right totals to nothing", {
  timeout: TIMEOUT_MS,
}, async () => {
  // Temporary files of its own: other tests make some meanwhile.
  const TMPDIR = mkdtempSync(join(tmpdir(), "tidemark-up-local-"));
  const args = [join(root, "cli/up-local.ts"), "--events", "1000"];
  const env = { ...process.env, TMPDIR };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  expect(stdout).toContain("1,000 in, 1,000 counted, every airport-hour equal");
  expect(stdout).toMatch(/^up again +\d+ resources same \(/m);
  expect(stdout).toMatch(/^destroy +\d+ resources delete \(/m);
  expect(stdout).toMatch(/^all +as it should be/m);
  expect(readdirSync(TMPDIR).filter((name) => name.startsWith("tidemark-"))).toEqual([]);
  rmSync(TMPDIR, { recursive: true });
});

const words = (separator: string): string => `
import { count, fixedWindows, pipeline, pubsub } from "tidemark";
export default pipeline("words", (p) => {
  p.read(pubsub.topic<string>("lines"))
    .flatMap((line) => line.split(${JSON.stringify(separator)}))
    .windowInto(fixedWindows({ minutes: 1 }))
    .keyBy((word) => word)
    .combinePerKey(count(), { name: "counts" })
    .write(pubsub.topic("word-counts"));
});
`;

describe("a stack of two pipelines", { timeout: TIMEOUT_MS }, () => {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-up-local-"));
  const file = join(folder, "words.ts");
  const both = { "tidemark:pipelines": JSON.stringify(["examples/flights.ts", file]) };
  let stack: LocalStack;

  beforeAll(async () => {
    writeFileSync(file, words(" "));
    stack = await startLocalStack({
      project: "tidemark-local",
      program: root,
      config: {
        "tidemark:protect": "false",
        "tidemark:tickMs": "250",
        "tidemark:alertEmails": "ops@example.com",
        ...both,
      },
      secretConfig: { "tidemark:secretValues": JSON.stringify({ API_KEY }) },
    });
  });
  afterAll(async () => {
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("a preview makes nothing", async () => {
    const outcome = await stack.preview();
    expect(outcome.failures).toEqual([]);
    expect(operationsOf(outcome)).toEqual(["create"]);
    expect(await stack.leftOver()).toEqual([]);
  });

  test("up makes everything, and launches the jobs; no secret is shown", async () => {
    const outcome = await stack.up();
    expect(outcome.failures).toEqual([]);
    expect(operationsOf(outcome)).toEqual(["create"]);
    expect(outcome.outputs["jobs"]).toEqual({ flights: "RUNNING", words: "RUNNING" });
    expect(stack.cloud.policy.denials).toEqual([]);
    expect(JSON.stringify([outcome.outputs, outcome.plainOutputs])).not.toContain(API_KEY);
    const state = readFileSync(join(stack.cloud.folder, "state.json"), "utf8");
    // Pulumi encrypts what is marked so; this engine's file holds it as it is.
    const marked = new RegExp(
      `\\{\\s*"${MARK}": "${SECRET}",\\s*"value": "${API_KEY}"\\s*\\}`,
      "g",
    );
    expect(state.match(marked)?.length).toBeGreaterThan(0);
    expect(state.replaceAll(marked, "")).not.toContain(API_KEY);
  });

  test("an edit of one stage's code changes its object and its function alone", async () => {
    writeFileSync(file, words(", "));
    const outcome = await stack.up();
    expect(outcome.failures).toEqual([]);
    const changed = outcome.steps
      .filter(({ operation }) => operation !== "same")
      .map(({ operation, type, urn }) => [operation, type, urn.split("::").at(-1)]);
    const object = "gcp:storage/bucketObject:BucketObject";
    const stage = expect.stringMatching(/^words-read-pubsub-lines-/);
    expect(changed).toEqual([
      ["replace", object, stage],
      ["update", "gcp:cloudfunctionsv2/function:Function", stage],
      ["delete", object, stage],
    ]);
  });

  test("another size of one function changes that function, and what the dashboard says", async () => {
    const stages = { words: { tracker: { memory: "1Gi" } } };
    const outcome = await stack.preview({ "tidemark:stages": JSON.stringify(stages) });
    const changed = outcome.steps.filter(({ operation }) => operation !== "same");
    expect(changed.map(({ operation, urn }) => `${operation} ${urn.split("::").at(-1)}`)).toEqual(
      expect.arrayContaining(["update words-tracker"]),
    );
    expect(changed.length).toBeLessThanOrEqual(2);
  });

  test("a pipeline that runs is not taken out unless it may be drained", async () => {
    const alone = { "tidemark:pipelines": JSON.stringify(["examples/flights.ts"]) };
    const refused = await stack.preview(alone);
    expect(refused.failures[0]?.text).toContain("Pipeline words was taken out");
    const outcome = await stack.up({ ...alone, "tidemark:drainRemoved": "true" });
    expect(outcome.failures).toEqual([]);
    expect(operationsOf(outcome)).toContain("delete");
    const names = stack.cloud.functions.status().map(({ name }) => name);
    expect(names.filter((name) => name.includes("words"))).toEqual([]);
    expect(names.length).toBeGreaterThan(0);
  });

  test("destroy leaves nothing: no resource, process, right or topic", async () => {
    const pids = stack.cloud.functions
      .status()
      .flatMap(({ instances }) => instances.map(({ pid }) => pid));
    expect(pids.length).toBeGreaterThan(0);
    const outcome = await stack.destroy();
    expect(outcome.failures).toEqual([]);
    expect(await stack.leftOver()).toEqual([]);
    await assertGone(pids, []);
    await stack.stop();
    await assertGone([], Object.values(stack.variables));
  });
});

/** What was done, each once. */
function operationsOf({ steps }: Outcome): string[] {
  return [...new Set(steps.map(({ operation }) => operation))];
}
