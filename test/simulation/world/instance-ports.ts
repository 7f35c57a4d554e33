/**
 * Instance ports: the world as one instance sees it. Every call waits until the scheduler lets it
 * go on, and any of them may go wrong.
 *
 * Owns: which faults each call may have. Does not own: how they come about (calls.ts), what a call
 * does (watched-world.ts).
 */
import type { OutgoingMessage, Random, World } from "../../../functions/ports.ts";
import { Calls, type CallsInput } from "./calls.ts";
import type { Faults } from "./faults.ts";
import type { EffectPorts } from "./watched-world.ts";

/** What an instance's ports are made of. */
export interface PortsInput extends CallsInput {
  readonly effects: EffectPorts;
  readonly random: Random;
  readonly isMailbox: (topic: string) => boolean;
  /** Schedules a tick, without any fault. */
  readonly wake: (name: string, dueMs: number) => void;
}

/** Returns the world of an instance. */
export function instanceWorld(input: PortsInput): World {
  const { life, scheduler, random } = input;
  const ports = new Calls(input);
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
  ports: Calls,
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
