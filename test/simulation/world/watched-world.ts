/**
 * Watched world: the memory store, the mailboxes and the files as one instance has them, with every
 * effect told to the checkers at the moment at which it happens.
 *
 * Owns: telling. Does not own: faults and waiting (instance-ports.ts), which lie before it.
 */
import type { MemoryStore } from "../../../emulators/memory/memory-store.ts";
import type { FileWriter, Mailboxes, Store } from "../../../functions/ports.ts";
import { envelopeOf } from "../checkers/bundles.ts";
import type { Observer } from "../checkers/checker.ts";
import { identityOf, identityOfFile, Ledger, shardKey } from "./ledger.ts";
import type { Life } from "./life.ts";

/** Where effects happen, and who is told. */
export interface Watched {
  readonly store: MemoryStore;
  readonly mailboxes: Mailboxes;
  readonly files: FileWriter;
  readonly ledger: Ledger;
  readonly observers: readonly Observer[];
  readonly isMailbox: (topic: string) => boolean;
}

/** The ports that have effects. */
export interface EffectPorts {
  readonly store: Store;
  readonly mailboxes: Mailboxes;
  readonly files: FileWriter;
}

/** Returns the ports of an instance. */
export function watchedPorts(watched: Watched, life: Life): EffectPorts {
  return { store: watchedStore(watched, life), ...watchedSinks(watched, life) };
}

function watchedStore({ store, ledger, observers }: Watched, life: Life): Store {
  return {
    newestHead: (shard) => store.newestHead(shard),
    readParts: (shard, ids) => store.readParts(shard, ids),
    async commitHead(commit) {
      await store.commitHead(commit);
      const before = ledger.heads.get(shardKey(commit.shard));
      const after = Ledger.read(commit, before);
      const how = after.seal === undefined ? "committed" : "sealed";
      for (const observer of observers) observer[how]?.({ commit, before, after });
      ledger.commit(commit.shard, after);
    },
    async writeDocuments(documents) {
      await store.writeDocuments(documents);
      for (const observer of observers) observer.documentsWritten?.(documents, life);
    },
    async putRegister(register) {
      await store.putRegister(register);
      for (const observer of observers) observer.registered?.(register, life);
      ledger.register(register);
    },
    async replaceRegister(register) {
      const isThere = ledger.registers.has(register.id);
      await store.replaceRegister(register);
      for (const observer of observers) observer.registered?.(register, life);
      if (isThere) ledger.register(register);
    },
    async snapshot() {
      const snapshot = await store.snapshot();
      for (const observer of observers) observer.snapshotTaken?.(snapshot, life.stage);
      return snapshot;
    },
    listDeadLetters: (query) => store.listDeadLetters(query),
    countOpenDeadLetters: (stage) => store.countOpenDeadLetters(stage),
    readDeadLetters: (ids) => store.readDeadLetters(ids),
    putDeadLetters: (records) => store.putDeadLetters(records),
    deleteDeadLetters: (ids) => store.deleteDeadLetters(ids),
    async deleteState(shards) {
      await store.deleteState(shards);
      for (const observer of observers) observer.stateDeleted?.(shards);
      ledger.deleteState();
    },
    async putShard(shard, head, parts) {
      await store.putShard(shard, head, parts);
      const after = Ledger.read({ head, partsToPut: parts });
      for (const observer of observers) observer.shardPut?.({ shard, head, parts, after });
      ledger.commit(shard, after);
    },
    async putSnapshotPart(id, part, text) {
      await store.putSnapshotPart(id, part, text);
      for (const observer of observers) observer.snapshotStored?.(id, part, text);
    },
    readSnapshotParts: (id) => store.readSnapshotParts(id),
    listSnapshots: () => store.listSnapshots(),
    deleteSnapshot: (id) => store.deleteSnapshot(id),
    putDeployment: (planHash, text) => store.putDeployment(planHash, text),
    readDeployment: (planHash) => store.readDeployment(planHash),
    readJob: () => store.readJob(),
    async commitJob(commit) {
      await store.commitJob(commit);
      for (const observer of observers) observer.jobStored?.(commit, life.stage);
      ledger.storeJob(commit.job, commit.registersToDelete);
      for (const register of commit.registersToPut) ledger.register(register);
    },
  };
}

function watchedSinks(
  { mailboxes, files, ledger, observers, isMailbox }: Watched,
  life: Life,
): Pick<EffectPorts, "mailboxes" | "files"> {
  return {
    mailboxes: {
      async publish(messages) {
        for (const message of messages) {
          const identity = identityOf(message);
          const envelope = isMailbox(message.topic) ? envelopeOf(message.data) : undefined;
          const event = { message, identity, envelope };
          for (const observer of observers) observer.published?.(event, life);
          ledger.sent.add(identity);
        }
        await mailboxes.publish(messages);
      },
    },
    files: {
      async write(path, text) {
        await files.write(path, text);
        const identity = identityOfFile(path, text);
        for (const observer of observers) observer.fileWritten?.(path, identity, life);
        ledger.sent.add(identity);
      },
    },
  };
}
