/**
 * Faults: a world that fails as real ones do, decided by a seed.
 *
 * Owns: every fault and its probability, and the trace of all port calls. Does not own: what must
 * hold all the same (checkers.ts).
 *
 * Faults of a port: it fails before anything is done, after everything is done, or in the middle;
 * it answers late. Of an instance: it ends before or after a port call, and nothing that it still
 * had under way does anything afterwards. Of a delivery: refused, late, given twice at once, its
 * acknowledgement lost, given again much later. Of a tick: late, twice, missing.
 */
import type { Deliver } from "../../emulators/memory/memory-mailboxes.ts";
import type { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import { seededRandom } from "../../emulators/memory/seeded-random.ts";
import type { Random, World } from "../../functions/ports.ts";
import { MeshError } from "../../sdk/index.ts";
import { textHash } from "../../sdk/model/text-hash.ts";

/** How likely each fault is, for each call. */
export const CHANCE = {
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
export class Faults {
  isOn = true;
  mesh: MemoryMesh | undefined;
  /** How often each fault happened. */
  readonly counts: Partial<Record<Fault, number>> = {};
  readonly #random: Random;
  readonly #lives = new Map<string, Life>();
  #trace = "";

  constructor(seed: number) {
    this.#random = seededRandom(seed * 7_919 + 17);
  }

  /** Depends on every port call, its outcome and its time: the same seed gives the same. */
  get traceHash(): string {
    return this.#trace;
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
      store: {
        newestHead: (shard) => call("newestHead", () => store.newestHead(shard)),
        readParts: (shard, ids) => call("readParts", () => store.readParts(shard, ids)),
        commitHead: (commit) => call("commitHead", () => store.commitHead(commit), true),
        writeDocuments: (documents) =>
          call("writeDocuments", () => store.writeDocuments(documents)),
        putRegister: (register) => call("putRegister", () => store.putRegister(register)),
        replaceRegister: (register) =>
          call("replaceRegister", () => store.replaceRegister(register)),
        snapshot: () => call("snapshot", () => store.snapshot()),
        deleteState: (shards) => call("deleteState", () => store.deleteState(shards)),
        putShard: (shard, head, parts) =>
          call("putShard", () => store.putShard(shard, head, parts)),
        putSnapshotPart: (id, part, text) =>
          call("putSnapshotPart", () => store.putSnapshotPart(id, part, text)),
        readSnapshotParts: (id) => call("readSnapshotParts", () => store.readSnapshotParts(id)),
        listSnapshots: () => call("listSnapshots", () => store.listSnapshots()),
        deleteSnapshot: (id) => call("deleteSnapshot", () => store.deleteSnapshot(id)),
        putDeployment: (hash, text) => call("putDeployment", () => store.putDeployment(hash, text)),
        readDeployment: (hash) => call("readDeployment", () => store.readDeployment(hash)),
        readJob: () => call("readJob", () => store.readJob()),
        commitJob: (commit) => call("commitJob", () => store.commitJob(commit), true),
      },
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

  /** The deliveries of a stage. */
  wrapDeliver(deliver: Deliver, stage: string): Deliver {
    return async (message) => {
      const { mesh } = this;
      if (mesh === undefined) return deliver(message);
      this.#note(`${mesh.clock.nowMs()} ${stage} ${message.messageId}`);
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
    const note = (outcome: string): void =>
      this.#note(`${world.clock.nowMs()} ${instance} ${name} ${outcome}`);
    if (life.isOver) await never();
    if (this.#happens("late")) await world.clock.sleep(this.#upTo(50));
    if (life.isOver) await never();
    if (this.#happens("failsBefore")) {
      note("failed before");
      throw unavailable(name);
    }
    if (losable && this.#happens("contention")) {
      note("contention");
      throw new MeshError("ERR_STORE_CONTENTION", `${name}: refused`);
    }
    const result = await this.#orCrash(instance, life, work);
    note("done");
    if (!this.#happens("failsAfter")) return result;
    note("failed after");
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
    this.#note(`${instance} crashed`);
    this.mesh?.restart(instance);
    return never();
  }

  #happens(fault: Fault): boolean {
    if (!this.isOn || this.#random.fraction() >= CHANCE[fault]) return false;
    this.counts[fault] = (this.counts[fault] ?? 0) + 1;
    return true;
  }

  #upTo(ms: number): number {
    return Math.floor(this.#random.fraction() * ms);
  }

  #note(entry: string): void {
    this.#trace = textHash(this.#trace + entry);
  }
}

function unavailable(what: string): MeshError {
  return new MeshError("ERR_UNAVAILABLE", `${what}: a fault of the simulation`);
}

/** What a dead instance waits for. */
function never(): Promise<never> {
  return new Promise(() => {});
}
