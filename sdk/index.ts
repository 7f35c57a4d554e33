/**
 * The public API: everything that a pipeline's author imports.
 */
export { compile } from "./compile/compile.ts";
export { explainPlan } from "./compile/explain.ts";
export type {
  CompileOptions,
  ConnectorName,
  EdgePlan,
  IngestPlan,
  MeshPlan,
  ShufflePlan,
  StageKind,
  StagePlan,
} from "./compile/plan.ts";
export type { TransformOptions } from "./graph-builder.ts";
export {
  type FileOptions,
  type FileReadOptions,
  type FileWriteOptions,
  files,
} from "./io/files.ts";
export { type FirestoreWriteOptions, firestore } from "./io/firestore.ts";
export {
  type PubsubReadOptions,
  type PubsubWriteOptions,
  pubsub,
  type Topic,
} from "./io/pubsub.ts";
export type { WriteContext } from "./io/sink-spec.ts";
export type { Sink, Source } from "./io/source.ts";
export type { SourceMessage, WatermarkPolicy } from "./io/source-spec.ts";
export { type IdleOption, type TrailingOptions, watermarks } from "./io/watermarks.ts";
export {
  type Counter,
  type Distribution,
  type Gauge,
  type MetricKind,
  metrics,
  type StringSet,
} from "./metrics/metrics.ts";
export type { Duration, DurationFields } from "./model/duration.ts";
export { type Disposition, isMeshError, MeshError, type MeshErrorCode } from "./model/errors.ts";
export { type KeyOf, type KV, kv, type ValueOf } from "./model/kv.ts";
export type { PaneInfo, PaneTiming } from "./model/pane.ts";
export {
  formatTimestamp,
  MAX_TIMESTAMP,
  MIN_TIMESTAMP,
  type Timestamp,
  type TimestampLike,
  toTimestamp,
} from "./model/time.ts";
export type { Window } from "./model/window.ts";
export { type ElementOf, flatten, type PCollection } from "./pcollection.ts";
export { type CreateOptions, isPipeline, type Pipeline, pipeline, type Root } from "./pipeline.ts";
export type { CombineFn } from "./transforms/combine-fn.ts";
export type { Combining } from "./transforms/combine-record.ts";
export {
  type CombineContext,
  type CombineFnWithContext,
  combinePerKeyWithContext,
} from "./transforms/combine-with-context.ts";
export { count } from "./transforms/combiners/count.ts";
export { distinctCount } from "./transforms/combiners/distinct-count.ts";
export { type MeanAccumulator, mean } from "./transforms/combiners/mean.ts";
export { max, min } from "./transforms/combiners/min-max.ts";
export { sum } from "./transforms/combiners/sum.ts";
export { type TopBy, type TopComparison, top } from "./transforms/combiners/top.ts";
export type { DoFn, FinishBundleContext, None, ProcessContext } from "./transforms/do-fn.ts";
export type { ParDoOptions, TaggedOutputs } from "./transforms/par-do.ts";
export type { SideInput, SideInputs, SideValues } from "./transforms/side-input.ts";
export {
  type OutputTag,
  type OutputTags,
  outputTag,
  type TagValues,
} from "./transforms/tagged-outputs.ts";
export type { WindowOptions } from "./transforms/window-into.ts";
export type {
  AccumulationMode,
  TimestampCombiner,
  WindowFnSpec,
} from "./windowing/windowing-strategy.ts";
export { fixedWindows, globalWindow } from "./windowing/windows.ts";
