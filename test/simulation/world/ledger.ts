/**
 * Ledger: what has really happened in a run, as seen at the ports, for all checkers.
 *
 * Owns: the newest heads, registers and job, all outboxes that were committed, and all that was
 * published. Does not own: what must hold of it (checkers/), or how it is seen (watched-world.ts).
 */
import { decodeBody, decodeProgress, type ShardProgress } from "../../../functions/head.ts";
import type { Job, StageWatermarks } from "../../../functions/job.ts";
import { joinOutbox, messageOf, type OutboxEntry } from "../../../functions/outbox.ts";
import type {
  HeadCommit,
  JobRecord,
  OutgoingMessage,
  RegisterRecord,
  ShardRef,
} from "../../../functions/ports.ts";
import { decodeRegister, type PlannedSend, type Register } from "../../../functions/register.ts";

/** A head, read. */
export interface HeadView {
  readonly version: number;
  readonly plan: string | undefined;
  readonly generation: number;
  /** Defined: the control of the job has sealed it. */
  readonly seal: string | undefined;
  readonly progress: ShardProgress;
  readonly outbox: readonly OutboxEntry[];
  /** The identity of each entry of the outbox, in order. */
  readonly identities: readonly string[];
}

/** A bundle that a register plans. */
export interface Planned {
  readonly send: PlannedSend;
  readonly register: Register;
}

/** What has really happened in a run. */
export class Ledger {
  readonly heads = new Map<string, HeadView>();
  /** Progress of all heads that there ever were, by `shardKey` and version: read once. */
  readonly #progress = new Map<string, ShardProgress>();
  readonly #texts = new Map<string, Register>();
  #read = { text: "{}", job: {} as Job };
  readonly registers = new Map<string, Register>();
  /** Every bundle that a register ever planned, by `bundleKey`. */
  readonly planned = new Map<string, Planned>();
  /** Identities of all entries of all outboxes that were committed. */
  readonly outboxes = new Set<string>();
  /** Identities of all that was published or written. */
  readonly sent = new Set<string>();
  job: Job | undefined;
  /** Watermarks that were stored last, by the generation of the job. */
  readonly watermarks = new Map<number, StageWatermarks>();
  /** Counts what control has done to the job: each of its states, plans and generations. */
  steps = 0;

  /** Reads the head of a commit; a sealed one keeps the outbox of the one before, in its parts. */
  static read(
    { head, partsToPut }: Pick<HeadCommit, "head" | "partsToPut">,
    before?: HeadView,
  ): HeadView {
    const body = decodeBody(head.body);
    const spilled = partsToPut.filter(({ id }) => body.outboxParts.includes(id));
    const own = [...body.outbox, ...joinOutbox(spilled.map(({ text }) => text))];
    const outbox = body.seal === undefined ? own : (before?.outbox ?? []);
    return {
      version: head.version,
      plan: body.plan,
      generation: body.generation ?? 0,
      seal: body.seal,
      progress: decodeProgress(head.progress),
      outbox,
      identities: outbox.map(identityOfEntry),
    };
  }

  /** The progress of a head that was once the newest. */
  progressOf(shard: ShardRef, version: number, text: string): ShardProgress {
    const known = this.#progress.get(`${shardKey(shard)}@${version}`);
    return known ?? decodeProgress(text);
  }

  /** A register as its text says; read once. */
  registerOf(text: string): Register {
    let register = this.#texts.get(text);
    if (register === undefined) {
      register = decodeRegister(text);
      this.#texts.set(text, register);
    }
    return register;
  }

  /** A job as its text says; the newest is read once. */
  jobOf(text: string): Job {
    if (this.#read.text !== text) this.#read = { text, job: JSON.parse(text) as Job };
    return this.#read.job;
  }

  commit(shard: ShardRef, head: HeadView): void {
    const key = shardKey(shard);
    this.heads.set(key, head);
    this.#progress.set(`${key}@${head.version}`, head.progress);
    for (const identity of head.identities) this.outboxes.add(identity);
  }

  register(record: RegisterRecord): void {
    const register = this.registerOf(record.text);
    this.registers.set(record.id, register);
    for (const send of register.sends) {
      this.planned.set(bundleKey(register.producer, `${send[0]}/${send[1]}`, send[2]), {
        send,
        register,
      });
    }
  }

  /** All that shards and registers had stored is deleted. */
  deleteState(): void {
    this.heads.clear();
    this.registers.clear();
  }

  storeJob(job: JobRecord, removed: readonly string[]): void {
    const before = this.job;
    this.job = this.jobOf(job.text);
    const { state, plan, generation = 0, watermarks } = this.job;
    const isStep = before?.state !== state || before.plan !== plan;
    if (isStep || (before.generation ?? 0) !== generation) this.steps++;
    this.watermarks.set(generation, watermarks);
    for (const id of removed) this.registers.delete(id);
  }
}

/** `stage/shard`. */
export function shardKey({ stage, shard }: ShardRef): string {
  return `${stage}/${shard}`;
}

/** Names a bundle. */
export function bundleKey(producer: string, target: string, sequence: number): string {
  return `${producer} ${target} ${sequence}`;
}

/** What tells two messages apart: all that is sent. */
export function identityOf({ topic, orderingKey, data, attributes }: OutgoingMessage): string {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("latin1");
  const marks = Object.keys(attributes).length === 0 ? "" : JSON.stringify(attributes);
  return `${topic}\n${orderingKey}\n${marks}\n${text}`;
}

/** The same for a file. */
export function identityOfFile(path: string, text: string): string {
  return `file ${path}\n${text}`;
}

function identityOfEntry(entry: OutboxEntry): string {
  if (entry.kind === "file") return identityOfFile(entry.path, entry.text);
  return identityOf(messageOf(entry));
}
