/**
 * Authenticated: a mesh whose functions take only what Pub/Sub and Cloud Tasks have signed; others
 * are refused by every function, and change nothing (AU1).
 */
import { afterAll, expect, it } from "vitest";
import flights from "../../examples/flights.ts";
import { checkFlights } from "../support/examples.ts";
import { FLIGHTS } from "../support/inputs.ts";
import { bundle, removeBundles, withMesh } from "../support/run-mesh.ts";

const TIMEOUT_MS = 120_000;
const ACCOUNT = "tidemark-push@tidemark-local.iam.gserviceaccount.com";

afterAll(removeBundles);

it(
  "signed pushes and wake-ups run a pipeline to its end, and others are refused",
  async () => {
    const bundled = await bundle("examples/flights.ts", flights);
    await withMesh({ ...bundled, isAuthenticated: true }, async (run) => {
      const { functions, services, plan } = run.mesh;
      const worst = await run.collect("worst-airports");
      const some = FLIGHTS.slice(0, 500);
      const message = {
        data: Buffer.from(JSON.stringify(FLIGHTS[0])).toString("base64"),
        messageId: "forged",
      };
      const call = async (name: string, token?: string): Promise<number> => {
        const headers = { "content-type": "application/json" };
        const signed = token === undefined ? {} : { authorization: `Bearer ${token}` };
        const { status, body } = await fetch(functions.url(name), {
          method: "POST",
          headers: { ...headers, ...signed },
          body: JSON.stringify({ message }),
        });
        await body?.cancel();
        return status;
      };
      for (const name of [...plan.stages.map(({ id }) => id), "tracker"]) {
        expect(await call(name), name).toBe(401);
        expect(await call(name, "a.b.c"), name).toBe(401);
        expect(await call(name, services.issuer?.token("elsewhere", ACCOUNT)), name).toBe(403);
        const other = services.issuer?.token("tidemark-local", "mallory@tea");
        expect(await call(name, other), name).toBe(403);
      }
      await run.publish("flights", some);
      await run.ingested(some.length, 60_000);
      await run.drain(60_000);
      await checkFlights(run, worst, some);
    });
  },
  TIMEOUT_MS,
);
