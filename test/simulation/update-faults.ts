/**
 * Update faults: a world that fails around a memory mesh, decided by a seed.
 *
 * Owns: what fails beneath an update or a restore (updates.test.ts). Does not own: the faults of a
 * mesh that is not updated (world/faults.ts), which has a scheduler of its own and no other plan.
 */
import type { Deliver } from "../../emulators/memory/memory-mailboxes.ts";
import type { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import { seededRandom } from "../../emulators/memory/seeded-random.ts";
import type { Random, Store, World } from "../../functions/ports.ts";
import { MeshError } from "../../sdk/index.ts";

/** How likely each fault is, for each call. */
const CHANCE = {
  failsBefore: 0.03,
  failsAfter: 0.03,
  contention: 0.02,
  crash: 0.01,
  late: 0.2,
  refused: 0.03,
  twice: 0.1,
  acknowledgementLost: 0.04,
  again: 0.05,
  tickLate: 0.2,
  tickTwice: 0.1,
  tickMissing: 0.05,
} as const;

type Fault = keyof typeof CHANCE;

/** One life of an instance. */
interface Life {
  isOver: boolean;
}

/** Faults decided by one seed. */
export class UpdateFaults {
  isOn = true;
  mesh: MemoryMesh | undefined;
  readonly #random: Random;
  readonly #lives = new Map<string, Life>();

  constructor(seed: number) {
    this.#random = seededRandom(seed * 7_919 + 17);
  }

  /** The world as a new instance sees it. */
  wrapWorld(world: World, instance: string): World {
    const life: Life = { isOver: false };
    const before = this.#lives.get(instance);
    if (before !== undefined) before.isOver = true;
    this.#lives.set(instance, life);
    const { store, mailboxes, wakeups, clock, files } = world;
    const call = <T>(name: string, work: () => Promise<T>, losable = false): Promise<T> =>
      this.#call({ world, instance, life, name, work, losable });
    return {
      ...world,
      store: this.#failing(store, call),
      mailboxes: {
        publish: (messages) =>
          call("publish", async () => {
            if (!this.#happens("failsBefore")) return mailboxes.publish(messages);
            // Not atomic: some are stored, and the answer is a failure.
            await mailboxes.publish(messages.slice(0, Math.floor(messages.length / 2)));
            throw unavailable("publish, in the middle");
          }),
      },
      wakeups: {
        wake: (name, dueMs) =>
          call("wake", async () => {
            if (this.#happens("tickMissing")) return;
            const lateMs = this.#happens("tickLate") ? this.#upTo(5_000) : 0;
            await wakeups.wake(name, dueMs + lateMs);
            if (this.#happens("tickTwice")) await wakeups.wake(`${name} again`, dueMs + lateMs);
          }),
      },
      clock: {
        nowMs: () => clock.nowMs(),
        async sleep(delayMs) {
          await clock.sleep(delayMs);
          if (life.isOver) await never();
        },
      },
      files: { write: (path, text) => call("write", () => files.write(path, text)) },
    };
  }

  /** A store each of whose calls may fail. */
  #failing(
    store: Store,
    call: <T>(name: string, work: () => Promise<T>, losable?: boolean) => Promise<T>,
  ): Store {
    return new Proxy(store, {
      get(target, name) {
        const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
        const isLosable = name === "commitHead" || name === "commitJob";
        return (...args: unknown[]) =>
          call(String(name), () => method.apply(target, args), isLosable);
      },
    });
  }

  /** The deliveries of a stage. */
  wrapDeliver(deliver: Deliver): Deliver {
    return async (message) => {
      const { mesh } = this;
      if (mesh === undefined) return deliver(message);
      if (this.#happens("late")) await mesh.clock.sleep(this.#upTo(300));
      if (this.#happens("refused")) throw unavailable("a delivery");
      const copy = (delayMs: number): void =>
        mesh.clock.at(mesh.clock.nowMs() + delayMs, () => void deliver(message).catch(() => {}));
      if (this.#happens("twice")) copy(this.#upTo(20));
      if (this.#happens("again")) copy(this.#upTo(20_000));
      await deliver(message);
      if (this.#happens("acknowledgementLost")) throw unavailable("an acknowledgement");
    };
  }

  async #call<T>(one: {
    readonly world: World;
    readonly instance: string;
    readonly life: Life;
    readonly name: string;
    readonly work: () => Promise<T>;
    readonly losable: boolean;
  }): Promise<T> {
    const { world, instance, life, name, work, losable } = one;
    if (this.#happens("late")) await world.clock.sleep(this.#upTo(50));
    if (life.isOver) await never();
    if (this.#happens("failsBefore")) {
      throw unavailable(name);
    }
    if (losable && this.#happens("contention")) {
      throw new MeshError("ERR_STORE_CONTENTION", `${name}: refused`);
    }
    const result = await this.#orCrash(instance, life, work);
    if (!this.#happens("failsAfter")) return result;
    throw unavailable(`${name}, though it was done`);
  }

  async #orCrash<T>(instance: string, life: Life, work: () => Promise<T>): Promise<T> {
    const crashes = instance !== "tracker" && this.#happens("crash");
    if (crashes && this.#random.fraction() < 0.5) return this.#crash(instance);
    const result = await work();
    if (crashes) return this.#crash(instance);
    if (life.isOver) await never();
    return result;
  }

  #crash(instance: string): Promise<never> {
    this.mesh?.restart(instance);
    return never();
  }

  #happens(fault: Fault): boolean {
    if (!this.isOn || this.#random.fraction() >= CHANCE[fault]) return false;
    return true;
  }

  #upTo(ms: number): number {
    return Math.floor(this.#random.fraction() * ms);
  }
}

function unavailable(what: string): MeshError {
  return new MeshError("ERR_UNAVAILABLE", `${what}: a fault of the simulation`);
}

/** What a dead instance waits for. */
function never(): Promise<never> {
  return new Promise(() => {});
}
