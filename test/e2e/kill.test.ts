/**
 * Kills: processes of every stage, and of the tracker, die without warning while messages flow.
 * What comes out is what would have come out without (A1 to A5).
 *
 * TIDEMARK_SEED replays the moments and the order of the kills.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { seededRandom } from "../../emulators/memory/seeded-random.ts";
import { checkFlights } from "../support/examples.ts";
import { FLIGHTS } from "../support/inputs.ts";
import patientFlights from "../support/pipelines/patient-flights.ts";
import { bundle, type MeshRun, removeBundles, withMesh } from "../support/run-mesh.ts";

const TIMEOUT_MS = 300_000;
const KILLS_EACH = 2;
const PORTION = 500;
const PORTION_MS = 250;
const PAUSE_MS = { min: 200, max: 1_000 };

afterAll(removeBundles);

/** Kills processes of the named functions in turn, at random moments, each a number of times. */
class Killer {
  readonly kills = new Map<string, number>();
  readonly #run: MeshRun;
  readonly #random: ReturnType<typeof seededRandom>;

  constructor(run: MeshRun, seed: number) {
    this.#run = run;
    this.#random = seededRandom(seed);
  }

  /**
   * Resolves when each was killed `times` more, or when `isOver`. A mesh that is killed for ever
   * can't get on: what is asked of it is that it gets on after any number of kills.
   */
  async kill(
    names: readonly string[],
    times: number,
    isOver: () => Promise<boolean>,
  ): Promise<void> {
    const left = names.flatMap((name) => Array.from({ length: times }, () => name));
    while (left.length > 0 && !(await isOver())) {
      await sleep(PAUSE_MS.min + this.#random.fraction() * (PAUSE_MS.max - PAUSE_MS.min));
      const index = Math.floor(this.#random.fraction() * left.length);
      const name = left[index] ?? "";
      if (!isReady(this.#run, name)) continue;
      this.#run.pids.add(this.#run.mesh.functions.kill(name));
      this.kills.set(name, (this.kills.get(name) ?? 0) + 1);
      left.splice(index, 1);
    }
  }
}

/** A process that has not begun yet can't lose anything. */
function isReady(run: MeshRun, name: string): boolean {
  const found = run.mesh.functions.status().find((each) => each.name === name);
  return found?.instances.some(({ state }) => state === "ready") ?? false;
}

async function publishSlowly(run: MeshRun): Promise<void> {
  for (let from = 0; from < FLIGHTS.length; from += PORTION) {
    await run.publish("flights", FLIGHTS.slice(from, from + PORTION));
    await sleep(PORTION_MS);
  }
}

it(
  "kill -9 of every process, again and again, neither loses nor doubles a flight",
  async () => {
    const seed = Number(process.env["TIDEMARK_SEED"] ?? 2_026);
    const bundled = await bundle("test/support/pipelines/patient-flights.ts", patientFlights);
    // Small steps make many activations, and so many moments to die in.
    // A killed process's messages come again at once, so its registers need not wait for the ack
    // deadline of one that hangs.
    const engine = { firingsMax: 50, bundleElementsMax: 100, registerTimeoutMs: 10_000 };
    await withMesh({ ...bundled, engine }, async (run) => {
      const [ingest = "", hours = "", ...later] = run.mesh.plan.stages.map(({ id }) => id);
      const worst = await run.collect("worst-airports");
      const killer = new Killer(run, seed);

      const publishing = publishSlowly(run);
      await killer.kill([ingest, hours, "tracker"], KILLS_EACH, async () => false);
      await publishing;
      await run.ingested(FLIGHTS.length, 120_000);
      const { stages } = await run.mesh.status();
      expect(stages[1]?.elementsIn, "flights that came to the first shuffle").toBe(FLIGHTS.length);

      await run.mesh.drain();
      const isDone = async () => (await run.mesh.status()).state === "DONE";
      await killer.kill([hours, ...later, "tracker"], KILLS_EACH, isDone);
      await run.done(180_000);

      const total = [...killer.kills.values()].reduce((sum, kills) => sum + kills, 0);
      console.info(`seed ${seed}: ${total} kills`, Object.fromEntries(killer.kills));
      expect(total).toBeGreaterThanOrEqual(10);
      expect([...killer.kills.keys()].sort()).toEqual([ingest, hours, ...later, "tracker"].sort());
      await checkFlights(run, worst, FLIGHTS);
    });
  },
  TIMEOUT_MS,
);
