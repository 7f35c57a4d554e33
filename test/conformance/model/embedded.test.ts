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

test.each(numbered)("$name", { timeout: 30_000 }, async (each) => {
  const built = pipeline(each.pipelineName, each.build);
  expect(await playOnServices(built, services, each.deadLetters ?? 0)).toBeGreaterThan(0);
});
