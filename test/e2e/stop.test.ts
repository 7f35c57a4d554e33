/**
 * Stop: a mesh that is asked for its status while it is stopped ends without a stray failure.
 */
import { afterAll, expect, it } from "vitest";
import { startLocalMesh } from "../../emulators/local-mesh.ts";
import flights from "../../examples/flights.ts";
import { bundle, removeBundles } from "../support/run-mesh.ts";

afterAll(removeBundles);

it("answers or refuses every call that is under way when it stops", async () => {
  const bundled = await bundle("examples/flights.ts", flights);
  const mesh = await startLocalMesh({ ...bundled, world: "embedded" });
  const asked = Array.from({ length: 20 }, () => mesh.status());
  const stopping = mesh.stop();
  await expect(mesh.status()).rejects.toMatchObject({ code: "ERR_EMULATOR" });
  await stopping;
  const settled = await Promise.allSettled(asked);
  // (A failure outside of these promises would fail the run.)
  expect(settled.every(({ status }) => status === "fulfilled")).toBe(true);
}, 60_000);
