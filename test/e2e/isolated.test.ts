/**
 * Code in every form in which a transform takes it, in bundles that hold what is their stage's: each
 * stage still has all that it calls.
 */
import { afterAll, expect, test } from "vitest";
import orders from "../support/pipelines/isolated/orders.ts";
import { bundle, removeBundles, withMesh } from "../support/run-mesh.ts";

const TIMEOUT_MS = 180_000;

afterAll(removeBundles);

test("named functions, classes with state, combines, sources, sinks and side inputs run", {
  timeout: TIMEOUT_MS,
}, async () => {
  const path = "test/support/pipelines/isolated/orders.ts";
  const bundled = await bundle(path, orders, { isDeployed: true });
  await withMesh(bundled, async (run) => {
    const euros = await run.collect("isolated-euros");
    const messages = [
      "1 A USD 100 2026-01-01T00:00:10Z",
      "1 A USD 100 2026-01-01T00:00:10Z",
      "2 A EUR 250 2026-01-01T00:00:20Z",
      "3 B USD 50 2026-01-01T00:00:30Z",
      "4 B USD 0 2026-01-01T00:00:40Z",
      "5 A USD 200 2026-01-01T00:01:10Z",
    ];
    await run.publish("isolated-orders", messages);
    await run.ingested(messages.length, TIMEOUT_MS / 3);
    await run.drain(TIMEOUT_MS / 3);
    expect(new Map([...(await run.documents("isolated-totals"))].sort())).toEqual(
      new Map([
        ["A-00:00", { orders: 2, units: "3.50" }],
        ["A-00:01", { orders: 1, units: "2.00" }],
        ["B-00:00", { orders: 1, units: "0.50" }],
      ]),
    );
    const told = await euros.takeJson<string>(4, 10_000);
    expect([...told].sort()).toEqual(["1 0.50", "2 2.50", "3 0.25", "5 1.00"]);
    const { stages } = await run.mesh.status();
    expect(stages.map(({ deadLetters }) => deadLetters)).toEqual(stages.map(() => 0));
  });
});
