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
const PAUSE_MS = 250;

afterAll(removeBundles);

/** Kills processes of the named functions in turn, at random moments, until `stop`. */
class Killer {
  readonly kills = new Map<string, number>();
  readonly #run: MeshRun;
  readonly #random: ReturnType<typeof seededRandom>;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(run: MeshRun, seed: number) {
    this.#run = run;
    this.#random = seededRandom(seed);
  }

  start(names: readonly string[], fromMs: number, toMs: number): void {
    this.#isStopped = false;
    this.#running = this.#go(names, fromMs, toMs);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  /** Whether each of these was killed at least so often. */
  has(names: readonly string[], count: number): boolean {
    return names.every((name) => (this.kills.get(name) ?? 0) >= count);
  }

  async #go(names: readonly string[], fromMs: number, toMs: number): Promise<void> {
    for (let turn = 0; !this.#isStopped; turn++) {
      await sleep(fromMs + this.#random.fraction() * (toMs - fromMs));
      const name = names[turn % names.length] ?? "";
      if (!this.#isStopped && isReady(this.#run, name)) this.#kill(name);
    }
  }

  #kill(name: string): void {
    this.#run.pids.add(this.#run.mesh.functions.kill(name));
    this.kills.set(name, (this.kills.get(name) ?? 0) + 1);
  }
}

/** A process that has not begun yet can't lose anything. */
function isReady(run: MeshRun, name: string): boolean {
  const found = run.mesh.functions.status().find((each) => each.name === name);
  return found?.instances.some(({ state }) => state === "ready") ?? false;
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

      killer.start([ingest, hours, "tracker"], 300, 1_500);
      for (let from = 0; from < FLIGHTS.length; from += PORTION) {
        await run.publish("flights", FLIGHTS.slice(from, from + PORTION));
        await sleep(PAUSE_MS);
      }
      await run.until("killed in ingest", 60_000, () =>
        killer.has([ingest, hours, "tracker"], KILLS_EACH),
      );
      await killer.stop();
      await run.ingested(FLIGHTS.length, 120_000);
      const { stages } = await run.mesh.status();
      expect(stages[1]?.elementsIn, "flights that came to the first shuffle").toBe(FLIGHTS.length);

      await run.mesh.drain();
      killer.start([hours, ...later, "tracker"], 100, 600);
      await run.until("killed while draining", 120_000, async () => {
        const { state } = await run.mesh.status();
        return state === "DONE" || killer.has(later, KILLS_EACH);
      });
      await killer.stop();
      await run.done(120_000);

      const total = [...killer.kills.values()].reduce((sum, kills) => sum + kills, 0);
      console.info(`seed ${seed}: ${total} kills`, Object.fromEntries(killer.kills));
      expect(total).toBeGreaterThanOrEqual(10);
      expect(killer.has([ingest, hours, ...later, "tracker"], 1), "each was killed").toBe(true);
      await checkFlights(run, worst, FLIGHTS);
    });
  },
  TIMEOUT_MS,
);
