/**
 * Checker: one promise of the mesh, watched from outside.
 *
 * Owns: what a checker sees. Does not own: the promises (one a file).
 *
 * A checker sees what passes the ports, and never looks into the engine. Each call of an observer
 * comes before the ledger has taken the event in, so that it sees what was before.
 */
import type { Envelope } from "../../../functions/envelope.ts";
import type { EngineOptions } from "../../../functions/options.ts";
import type {
  HeadCommit,
  HeadRecord,
  MeshSnapshot,
  OutgoingMessage,
  PartDocument,
  RegisterRecord,
  ShardRef,
  SinkDocument,
  Store,
} from "../../../functions/ports.ts";
import type { MeshPlan } from "../../../sdk/compile/plan.ts";
import type { SourceMessage } from "../../../sdk/io/source-spec.ts";
import type { Workload } from "../workloads/workload.ts";
import type { HeadView, Ledger } from "../world/ledger.ts";
import type { Life } from "../world/life.ts";
import type { SimulatedMesh } from "../world/simulated-mesh.ts";

/** What all checkers of a run share. */
export interface RunView {
  /** The plan that the job runs: after an update another one. */
  readonly plan: MeshPlan;
  readonly engine: EngineOptions;
  readonly ledger: Ledger;
  /** Undefined where tests of other parts watch a mesh of theirs. */
  readonly workload: Workload | undefined;
}

/** A commit of a shard that was applied. */
export interface CommitEvent {
  readonly commit: HeadCommit;
  readonly before: HeadView | undefined;
  readonly after: HeadView;
}

/** A shard that the control of the job has written anew. */
export interface ShardPut {
  readonly shard: ShardRef;
  readonly head: HeadRecord;
  readonly parts: readonly PartDocument[];
  readonly after: HeadView;
}

/** A message that was stored. */
export interface PublishEvent {
  readonly message: OutgoingMessage;
  readonly identity: string;
  /** What a mailbox message says; undefined for other topics. */
  readonly envelope: Envelope | undefined;
}

/** A delivery that came to its end. */
export interface DeliveryEvent {
  readonly message: SourceMessage;
  readonly life: Life;
  readonly how: "deliver" | "replay";
  /** Faults had hit the instance so often when the delivery began. */
  readonly disturbancesBefore: number;
}

/** A commit of the job that was applied. */
export type JobCommit = Parameters<Store["commitJob"]>[0];

/** What happens, as a checker is told of it. */
export interface Observer {
  committed?(event: CommitEvent): void;
  /** The control of the job has sealed a shard, whose state it copies. */
  sealed?(event: CommitEvent): void;
  /** The control of the job deletes all that shards and registers have stored. */
  stateDeleted?(shards: readonly ShardRef[]): void;
  /** The control of the job writes a shard anew. */
  shardPut?(event: ShardPut): void;
  snapshotStored?(id: string, part: number, text: string): void;
  jobStored?(commit: JobCommit, stage: string): void;
  snapshotTaken?(snapshot: MeshSnapshot, stage: string): void;
  registered?(register: RegisterRecord, by: Life): void;
  published?(event: PublishEvent, by: Life): void;
  fileWritten?(path: string, identity: string, by: Life): void;
  documentsWritten?(documents: readonly SinkDocument[], by: Life): void;
  acknowledged?(event: DeliveryEvent): void;
  refused?(event: DeliveryEvent, error: unknown): void;
  ended?(mesh: SimulatedMesh): Promise<void> | void;
}

/** One promise. */
export interface Checker {
  readonly name: string;
  readonly promise: string;
  watch(run: RunView, report: (words: string) => void): Observer;
}
