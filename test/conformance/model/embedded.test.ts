/**
 * The Beam model on the embedded services, by Google's own clients.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LocalWorld, startLocalWorld } from "../../../emulators/local-world.ts";
import { pipeline } from "../../../sdk/index.ts";
import { IN_PROCESS_PROJECT } from "../../support/in-process-mesh.ts";
import { MODEL_CASES } from "./cases.ts";
import { playOnServices } from "./play-on-services.ts";

let services: LocalWorld;

beforeAll(async () => {
  services = await startLocalWorld({ world: "embedded", project: IN_PROCESS_PROJECT });
});

afterAll(async () => {
  await services.stop();
});

const numbered = MODEL_CASES.map((each, i) => ({ ...each, pipelineName: `case-${i}` }));

// Most of a case is waiting for messages, so several run beside each other.
test.concurrent.each(numbered)("$name", { timeout: 120_000 }, async (each) => {
  const built = pipeline(each.pipelineName, each.build);
  const played = await playOnServices(built, services, { deadLetters: each.deadLetters ?? 0 });
  expect(played.checks).toBeGreaterThan(0);
  expect(played.deadLetters).toHaveLength(each.deadLetters ?? 0);
  each.check?.(played);
});
