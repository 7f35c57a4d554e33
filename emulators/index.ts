/**
 * Local worlds for programs and tests: a mesh in this process, or real bundles on local services.
 *
 * Owns: the list of what is exported.
 */
export { type Fault, Faults, StatusError } from "./faults.ts";
export {
  type Concurrency,
  type FirestoreCounts,
  type FirestoreServer,
  type FirestoreServerOptions,
  type IndexExemptFields,
  startFirestore,
} from "./firestore/index.ts";
export {
  type FunctionHost,
  type FunctionHostOptions,
  type FunctionSpec,
  type FunctionStatus,
  type LogLine,
  startFunctionHost,
} from "./function-host.ts";
export { pubsubAgent, tasksAgent } from "./iam/agents.ts";
export { type Binding, type Decision, type Denial, IamPolicy } from "./iam/policy.ts";
export { describePolicy } from "./iam/report.ts";
export type { FunctionCode } from "./local-code.ts";
export { type LocalMesh, type LocalMeshOptions, startLocalMesh } from "./local-mesh.ts";
export {
  type LocalPorts,
  type LocalWorld,
  type LocalWorldOptions,
  startLocalWorld,
  type WorldName,
} from "./local-world.ts";
export {
  MemoryMesh,
  type MemoryMeshOptions,
  type PublishedMessage,
} from "./memory/memory-mesh.ts";
export {
  type Backlog,
  type PubsubCounts,
  type PubsubServer,
  type PubsubServerOptions,
  type PushOptions,
  startPubsub,
} from "./pubsub/index.ts";
export {
  startTasks,
  type TasksCounts,
  type TasksServer,
  type TasksServerOptions,
} from "./tasks/index.ts";
export { realTimers, type Timers } from "./timers.ts";
