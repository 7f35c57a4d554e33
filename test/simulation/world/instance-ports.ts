/**
 * Instance ports: the world as one instance sees it. Every call waits until the scheduler lets it
 * go on, and any of them may go wrong.
 *
 * Owns: the faults of calls and of instances. Does not own: what a call does (watched-world.ts).
 *
 * IP1. A call is applied at one moment, and is answered at that moment or later.
 * IP2. After a crash nothing is answered; what was asked for before may still arrive.
 */
import type { OutgoingMessage, Random, World } from "../../../functions/ports.ts";
import { MeshError } from "../../../sdk/model/errors.ts";
import type { FaultName, Faults } from "./faults.ts";
import type { Life } from "./life.ts";
import type { Scheduler } from "./scheduler.ts";
import type { EffectPorts } from "./watched-world.ts";

/** A delivery that takes longer is given up: the message comes again. */
export const DEADLINE_MS = 5_000;

/** Most calls are answered at once; the others within this. */
const LATENCY_MS = 50;

/** What an instance's ports are made of. */
export interface PortsInput {
  readonly life: Life;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly effects: EffectPorts;
  readonly random: Random;
  readonly isMailbox: (topic: string) => boolean;
  /** Schedules a tick, without any fault. */
  readonly wake: (name: string, dueMs: number) => void;
  readonly crash: (life: Life) => void;
  /** Whether another instance of the same stage has ever run: races may then be real. */
  readonly hasRival: () => boolean;
}

/** One call. */
interface Call<T> {
  readonly name: string;
  readonly work: () => Promise<T>;
  /** Faults that fail the call before anything is done. */
  readonly refusals: readonly FaultName[];
  /** Faults that fail it after all is done. */
  readonly losses: readonly FaultName[];
}

/** Returns the world of an instance. */
export function instanceWorld(input: PortsInput): World {
  const { life, scheduler, random } = input;
  const ports = new Ports(input);
  return {
    ...portsOf(ports, input),
    clock: {
      nowMs: () => scheduler.nowMs + life.skewMs,
      sleep: (delayMs) => ports.sleep(delayMs),
    },
    random,
    log: () => {},
  };
}

function portsOf(
  ports: Ports,
  { effects, faults, isMailbox, wake, scheduler }: PortsInput,
): Pick<World, "store" | "mailboxes" | "files" | "wakeups"> {
  const { store, mailboxes, files } = effects;
  const read = <T>(name: string, work: () => Promise<T>): Promise<T> =>
    ports.call({ name, work, refusals: ["store refused"], losses: [] });
  const commit = (name: string, work: () => Promise<void>): Promise<void> =>
    ports.call({
      name,
      work,
      refusals: ["commit refused", "commit conflict"],
      losses: ["commit unanswered"],
    });
  const write = (name: string, work: () => Promise<void>): Promise<void> =>
    ports.call({ name, work, refusals: ["store refused"], losses: ["write unanswered"] });
  const sink = (name: string, work: () => Promise<void>): Promise<void> =>
    ports.call({ name, work, refusals: ["store refused"], losses: ["sink half"] });
  return {
    store: {
      newestHead: (shard) => read("newestHead", () => store.newestHead(shard)),
      readParts: (shard, ids) => read("readParts", () => store.readParts(shard, ids)),
      snapshot: () => read("snapshot", () => store.snapshot()),
      readJob: () => read("readJob", () => store.readJob()),
      readDeployment: (hash) => read("readDeployment", () => store.readDeployment(hash)),
      readSnapshotParts: (id) => read("readSnapshotParts", () => store.readSnapshotParts(id)),
      listSnapshots: () => read("listSnapshots", () => store.listSnapshots()),
      listDeadLetters: (query) => read("listDeadLetters", () => store.listDeadLetters(query)),
      countOpenDeadLetters: (stage) =>
        read("countOpenDeadLetters", () => store.countOpenDeadLetters(stage)),
      readDeadLetters: (ids) => read("readDeadLetters", () => store.readDeadLetters(ids)),
      putDeadLetters: (records) => write("putDeadLetters", () => store.putDeadLetters(records)),
      deleteDeadLetters: (ids) => write("deleteDeadLetters", () => store.deleteDeadLetters(ids)),
      deleteState: (shards) => write("deleteState", () => store.deleteState(shards)),
      putShard: (shard, head, parts) => write("putShard", () => store.putShard(shard, head, parts)),
      putSnapshotPart: (id, part, text) =>
        write("putSnapshotPart", () => store.putSnapshotPart(id, part, text)),
      deleteSnapshot: (id) => write("deleteSnapshot", () => store.deleteSnapshot(id)),
      putDeployment: (hash, text) => write("putDeployment", () => store.putDeployment(hash, text)),
      commitHead: (head) => commit("commitHead", () => store.commitHead(head)),
      commitJob: (job) => commit("commitJob", () => store.commitJob(job)),
      putRegister: (record) => write("putRegister", () => store.putRegister(record)),
      replaceRegister: (record) => write("replaceRegister", () => store.replaceRegister(record)),
      writeDocuments: (documents) => sink("writeDocuments", () => store.writeDocuments(documents)),
    },
    files: { write: (path, text) => sink("write", () => files.write(path, text)) },
    mailboxes: {
      publish: (messages) =>
        ports.call({
          name: "publish",
          work: async () => {
            const stored = partOf(messages, faults, isMailbox);
            await mailboxes.publish(stored);
            if (stored.length < messages.length) throw ports.unavailable("publish, in the middle");
          },
          refusals: ["publish refused"],
          losses: ["publish unanswered"],
        }),
    },
    wakeups: {
      wake: (name, dueMs) =>
        ports.call({
          name: "wake",
          work: async () => {
            if (faults.happens("tick missing")) return;
            const lateMs = faults.happens("tick late") ? faults.below(5_000) : 0;
            wake(name, Math.max(dueMs, scheduler.nowMs) + lateMs);
            if (faults.happens("tick twice")) wake(`${name} again`, dueMs + lateMs);
          },
          refusals: ["tick refused"],
          losses: [],
        }),
    },
  };
}

/** What of a publish is stored. */
function partOf(
  messages: readonly OutgoingMessage[],
  faults: Faults,
  isMailbox: (topic: string) => boolean,
): readonly OutgoingMessage[] {
  if (messages.length > 1 && faults.happens("publish partial")) {
    return messages.slice(0, faults.below(messages.length));
  }
  const sinks = messages.filter(({ topic }) => !isMailbox(topic));
  if (sinks.length === 0 || !faults.happens("sink half")) return messages;
  const kept = new Set(sinks.slice(0, faults.below(sinks.length)));
  return messages.filter((message) => isMailbox(message.topic) || kept.has(message));
}

class Ports {
  readonly #input: PortsInput;

  constructor(input: PortsInput) {
    this.#input = input;
  }

  call<T>(call: Call<T>): Promise<T> {
    const { life, scheduler, faults } = this.#input;
    return new Promise((resolve, reject) => {
      if (life.isOver) return;
      const slowMs = faults.happens("call slow") ? this.#disturbed(DEADLINE_MS) : 0;
      const isSlowBefore = slowMs > 0 && faults.chance(0.5);
      const waitMs = isSlowBefore ? slowMs + faults.below(3_000) : this.#latencyMs();
      const answer = (outcome: string, settle: () => void): void => {
        const afterMs = slowMs > 0 && !isSlowBefore ? slowMs + faults.below(3_000) : 0;
        this.#answer(`${call.name} ${outcome}`, afterMs, settle);
      };
      // Counted where it is heard of, too: a delivery that came meanwhile may wait for the same answer.
      const fail = (error: MeshError): void => {
        life.disturbances++;
        reject(error);
      };
      scheduler.park(life.name, call.name, waitMs, () => {
        const refusal = this.#arrives(call);
        if (refusal === GONE) return;
        if (refusal !== undefined) return answer(refusal.code, () => fail(refusal));
        call.work().then(
          (value) => {
            const loss = this.#fault(call.losses, call.name);
            if (loss === undefined) answer("done", () => resolve(value));
            else answer("done, but unanswered", () => fail(loss));
          },
          (error: unknown) => {
            if (this.#input.hasRival()) life.disturbances++;
            answer(String(error), () => reject(error));
          },
        );
      });
    });
  }

  /** A sleep that a crash ends. */
  sleep(delayMs: number): Promise<void> {
    const { life, scheduler } = this.#input;
    return new Promise((resolve) => {
      scheduler.park(life.name, "sleep", delayMs, () => {
        if (!life.isOver) resolve();
      });
    });
  }

  unavailable(what: string): MeshError {
    this.#input.life.disturbances++;
    return new MeshError("ERR_UNAVAILABLE", `${what}: a fault of the simulation`);
  }

  /** A call comes to where it is applied; returns why it is not. */
  #arrives<T>({ name, work, refusals }: Call<T>): MeshError | typeof GONE | undefined {
    const { life, scheduler, faults } = this.#input;
    if (life.isOver) {
      if (!faults.chance(0.5)) return GONE;
      scheduler.note(`${life.name} ${name} arrives after the crash`);
      work().catch(() => {}); // Nobody is left to hear of it.
      return GONE;
    }
    if (faults.happens("crash")) {
      this.#crash(name, "before");
      return GONE;
    }
    return this.#fault(refusals, name);
  }

  #answer(what: string, afterMs: number, settle: () => void): void {
    const { life, scheduler, faults } = this.#input;
    if (life.isOver) return;
    scheduler.note(`${life.name} ${what}`);
    if (faults.happens("crash")) {
      this.#crash(what, "after");
      return;
    }
    const waitMs = afterMs > 0 ? afterMs : this.#latencyMs();
    if (waitMs === 0 && !faults.chance(0.3)) {
      settle();
      return;
    }
    scheduler.park(life.name, `answer of ${what}`, waitMs, () => {
      if (!life.isOver) settle();
    });
  }

  #crash(what: string, when: string): void {
    const { life, scheduler, crash } = this.#input;
    scheduler.note(`${life.name} crashes ${when} ${what}`);
    crash(life);
  }

  #fault(names: readonly FaultName[], call: string): MeshError | undefined {
    const { faults, life } = this.#input;
    const name = names.find((each) => faults.happens(each));
    if (name === undefined) return undefined;
    if (name !== "commit conflict") return this.unavailable(`${call}: ${name}`);
    life.disturbances++;
    return new MeshError("ERR_STORE_CONTENTION", `${call}: ${name}`);
  }

  #disturbed<T>(value: T): T {
    this.#input.life.disturbances++;
    return value;
  }

  #latencyMs(): number {
    const { faults } = this.#input;
    return faults.chance(0.15) ? faults.below(LATENCY_MS) : 0;
  }
}

/** The instance is no more. */
const GONE = Symbol("gone");
