/**
 * Chaos run: an example on a mesh of real processes that are killed again and again, whose
 * connections break and whose answers get lost; then every result is compared with its oracle.
 *
 * Owns: the steps of a run. Does not own: kills (killer.ts), other troubles (troubles.ts), what is
 * right (shapes.ts), how it is shown (report.ts).
 *
 * CR1. Publishing waits for the kills, so that a run is never over before all of them were made; and
 *      the kills wait for what was taken in, so that they are spread over the whole of it.
 * CR2. Kills and troubles end before the last results are waited for: what is asked of a mesh is that
 *      it gets on after any number of them, not while it is killed for ever.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Faults } from "../../emulators/faults.ts";
import type { WorldName } from "../../emulators/local-world.ts";
import type { FlightRecord } from "../../examples/flights-oracle.ts";
import type { EngineOptions } from "../../functions/options.ts";
import type { MeshStatus } from "../../functions/status.ts";
import { isMeshError } from "../../sdk/model/errors.ts";
import type { Collector } from "../support/mesh-clients.ts";
import { assertGone } from "../support/nothing-left.ts";
import { bundle, type MeshRun, removeBundles, withMesh } from "../support/run-mesh.ts";
import { flightEvents } from "./flight-events.ts";
import { Killer } from "./killer.ts";
import { type ChaosOutcome, outcomeOf } from "./outcome.ts";
import { Pause } from "./pause.ts";
import type { FlightBatch } from "./pipelines/flight-batches.ts";
import { Relays } from "./relays.ts";
import { compareRun, type Shape, shapes } from "./shapes.ts";
import { makeTroubles, type TroubleCounts } from "./troubles.ts";

/** What a run is. */
export interface ChaosOptions {
  readonly world: WorldName;
  readonly shape: keyof typeof shapes;
  readonly events: number;
  readonly kills: number;
  readonly seed: number;
  /** Flights in one message. */
  readonly eventsPerMessage: number;
  /** The whole run ends after this, whatever has become of it. */
  readonly deadlineMs: number;
  readonly engine?: Partial<EngineOptions>;
}

/** Is told how a run goes. */
export interface ChaosWatcher {
  /** A step begins that counts up to `total`. */
  step(label: string, unit: string, total: number): void;
  count(done: number): void;
}

/** Small steps make many activations, and so many moments to die in. */
const ENGINE: Partial<EngineOptions> = {
  firingsMax: 50,
  bundleElementsMax: 100,
  // The messages of a killed process come again at once: its registers need not wait for the ack
  // deadline of one that hangs.
  registerTimeoutMs: 30_000,
};

/** Google's Firestore keeps every version of a document in memory: heads had better be small. */
const ENGINE_OF: Readonly<Record<WorldName, Partial<EngineOptions>>> = {
  embedded: ENGINE,
  google: { ...ENGINE, memtableBytesMax: 12 * 1024 },
};

/** Publishing is over when this part of the kills has been made; the others hit what is due then. */
const KILLS_WHILE_PUBLISHING = 0.8;
/** A kill waits until this part of its share of the flights was taken in: less than is published. */
const TAKEN_BEFORE_KILL = 0.8;
/** Kills after the sources have ended, beyond those asked for. */
const KILLS_WHILE_DRAINING = 0.2;
const PORTIONS_OF_KILL = 2;
const LAST_MESSAGES_MS = 20_000;
const STATUS_AGAIN_MS = 500;

/**
 * Runs a chaos run and returns what came of it.
 *
 * @param signal - ends it; nothing is left behind
 * @throws Error with the mesh's status where the deadline passes
 */
export async function runChaos(
  options: ChaosOptions,
  watcher: ChaosWatcher,
  signal: AbortSignal,
): Promise<ChaosOutcome> {
  const { world, seed, engine } = options;
  const shape = shapes[options.shape];
  const flights = flightEvents(options.events, seed);
  const relays = new Relays();
  const faults = world === "embedded" ? new Faults() : undefined;
  const startedMs = performance.now();
  try {
    const bundled = await bundle(shape.path, shape.pipeline);
    const { relay } = relays;
    const mesh = { ...bundled, world, relay, engine: { ...ENGINE_OF[world], ...engine } };
    return await withMesh({ ...mesh, ...(faults && { faults }) }, (run) => {
      const chaos = new Chaos({ options, shape, flights, run, relays, faults, watcher, signal });
      return chaos.run(startedMs);
    });
  } finally {
    await relays.stop();
    await removeBundles();
    await assertGone([], relays.addresses);
  }
}

interface ChaosParts {
  readonly options: ChaosOptions;
  readonly shape: Shape;
  readonly flights: readonly FlightRecord[];
  readonly run: MeshRun;
  readonly relays: Relays;
  readonly faults: Faults | undefined;
  readonly watcher: ChaosWatcher;
  readonly signal: AbortSignal;
}

class Chaos {
  readonly #parts: ChaosParts;
  readonly #killer: Killer;
  readonly #troubles: TroubleCounts = { connectionsCut: 0, answersLost: 0 };
  readonly #endMs: number;
  #isOver = false;

  constructor(parts: ChaosParts) {
    this.#parts = parts;
    const { options, run, signal } = parts;
    this.#killer = new Killer(run, new Pause(options.seed, signal));
    this.#endMs = Date.now() + options.deadlineMs;
  }

  async run(startedMs: number): Promise<ChaosOutcome> {
    const { options, shape, flights, run } = this.#parts;
    const collector = await run.collect(shape.sinkTopic);
    const troubles = this.#makeTroubles();
    try {
      await this.#killWhilePublishing();
      await this.#takenIn();
      await this.#drain();
    } finally {
      this.#isOver = true;
      await Promise.allSettled([troubles]);
    }
    const messages = await this.#messages(collector);
    const findings = await compareRun(shape, run, messages, flights);
    const wallMs = performance.now() - startedMs;
    const { stages } = await this.#status();
    const functions = run.mesh.functions.status();
    const { kills, busy } = this.#killer;
    const counted = { kills, busy, troubles: this.#troubles, wallMs };
    return outcomeOf({ options, findings, stages, functions, collector, ...counted });
  }

  #makeTroubles(): Promise<void> {
    const { options, relays, faults, signal } = this.#parts;
    const pause = new Pause(options.seed + 1, signal);
    const troubles = makeTroubles(relays, faults, pause, this.#troubles, () => this.#isOver);
    troubles.catch(() => {}); // It ends with the run, which throws the same.
    return troubles;
  }

  /** CR1. The tracker and every stage take their turns. */
  async #killWhilePublishing(): Promise<void> {
    const { options, run, watcher } = this.#parts;
    const names = [...run.mesh.plan.stages.map(({ id }) => id), "tracker"];
    watcher.step("kill", "kills", options.kills);
    let hasFailed = false;
    const publishing = this.#publish().catch((error: unknown) => {
      hasFailed = true;
      throw error;
    });
    const killing = this.#killer.kill(names, options.kills, {
      isOver: () => hasFailed || this.#isLate(),
      isDue: async (kills) => {
        watcher.count(kills);
        const due = (kills / options.kills) * options.events * TAKEN_BEFORE_KILL;
        return (await this.#flightsTaken()) >= due;
      },
    });
    await Promise.all([publishing, killing]);
  }

  async #publish(): Promise<void> {
    const { options, flights, run } = this.#parts;
    const { eventsPerMessage } = options;
    const messages: FlightBatch[] = [];
    for (let from = 0; from < flights.length; from += eventsPerMessage) {
      messages.push({ id: String(from), flights: flights.slice(from, from + eventsPerMessage) });
    }
    const killsWhile = options.kills * KILLS_WHILE_PUBLISHING;
    const portions = Math.max(1, Math.ceil(killsWhile * PORTIONS_OF_KILL));
    const portion = Math.ceil(messages.length / portions);
    for (let from = 0; from < messages.length; from += portion) {
      const due = Math.floor((killsWhile * from) / messages.length);
      await this.#until(`${due} kills made`, () => this.#killer.total >= due);
      await run.publish("flights", messages.slice(from, from + portion));
    }
  }

  /** Waits until every flight has come to a shuffle, and nothing is on its way. */
  async #takenIn(): Promise<void> {
    const { options, run, watcher } = this.#parts;
    watcher.step("take in", "flights", options.events);
    await this.#until(`${options.events} flights taken in`, async () => {
      const taken = await this.#flightsTaken();
      watcher.count(Math.min(taken, options.events));
      if (taken < options.events) return false;
      const { stages } = await this.#status();
      const isStill = stages.every(({ bundlesInFlight }) => bundlesInFlight === 0);
      const backlog = stages.reduce((sum, { stage }) => sum + (run.mesh.backlog(stage) ?? 0), 0);
      return isStill && backlog === 0;
    });
  }

  /**
   * Flights that have come to every shuffle behind the source. What the source's stage itself has
   * taken counts messages that came again, too.
   */
  async #flightsTaken(): Promise<number> {
    const { mesh } = this.#parts.run;
    const { stages: planned, edges } = mesh.plan;
    const sources = planned.filter(({ kind }) => kind === "ingest").map(({ id }) => id);
    const first = new Set(edges.filter(({ from }) => sources.includes(from)).map(({ to }) => to));
    const { stages } = await this.#status();
    const taken = stages.filter(({ stage }) => first.has(stage));
    return Math.min(...taken.map(({ elementsIn }) => elementsIn));
  }

  /** Ends the sources: all windows fire, while what fires them is killed a little more. */
  async #drain(): Promise<void> {
    const { options, run, watcher } = this.#parts;
    const isDone = async (): Promise<boolean> => (await this.#status()).state === "DONE";
    await run.mesh.drain();
    const names = [...run.mesh.plan.stages.slice(1).map(({ id }) => id), "tracker"];
    const total = this.#killer.total + Math.ceil(options.kills * KILLS_WHILE_DRAINING);
    watcher.step("drain", "kills", total);
    await this.#killer.kill(names, total, {
      isOver: async () => this.#isLate() || (await isDone()),
      isDue(kills) {
        watcher.count(kills);
        return true;
      },
    });
    // From here on nothing goes wrong any more (CR2).
    this.#isOver = true;
    await this.#until("DONE", isDone);
  }

  /** How the mesh stands, when the store answers: Google's emulator doesn't always, under load. */
  async #status(): Promise<MeshStatus> {
    for (;;) {
      this.#parts.signal.throwIfAborted();
      try {
        return await this.#parts.run.mesh.status();
      } catch (error) {
        if (!isMeshError(error) || error.code !== "ERR_UNAVAILABLE" || this.#isLate()) throw error;
        await sleep(STATUS_AGAIN_MS);
      }
    }
  }

  /** The sink's messages; too few are no failure of ours here, but a loss that the oracle shows. */
  async #messages(collector: Collector): Promise<readonly unknown[]> {
    const { shape, flights } = this.#parts;
    try {
      return await collector.takeJson(shape.messagesExpected(flights), LAST_MESSAGES_MS);
    } catch {
      return collector.all().map(({ text }) => JSON.parse(text) as unknown);
    }
  }

  #until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const { run, signal } = this.#parts;
    return run.until(what, Math.max(0, this.#endMs - Date.now()), () => {
      signal.throwIfAborted();
      return condition();
    });
  }

  #isLate(): boolean {
    return Date.now() > this.#endMs;
  }
}
