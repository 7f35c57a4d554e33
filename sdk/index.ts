/**
 * The public API: everything that a pipeline's author imports.
 */
export type { Coder, Json } from "./coders/coder.ts";
export { compile } from "./compile/compile.ts";
export { explainPlan } from "./compile/explain.ts";
export type {
  CompileOptions,
  ConnectorName,
  EdgePlan,
  IngestPlan,
  MeshPlan,
  ReadPlan,
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
export { type GenerateSequenceOptions, generateSequence } from "./io/generate-sequence.ts";
export {
  type PeriodicSequenceOptions,
  periodicImpulse,
  periodicSequence,
} from "./io/periodic-impulse.ts";
export {
  type PubsubReadOptions,
  type PubsubWriteOptions,
  pubsub,
  type Topic,
} from "./io/pubsub.ts";
export type { WriteContext } from "./io/sink-spec.ts";
export type { Sink, Source } from "./io/source.ts";
export type { SourceMessage, WatermarkPolicy } from "./io/source-spec.ts";
export {
  MAX_OFFSET,
  type OffsetRange,
  OffsetRangeTracker,
  splitOffsetRange,
} from "./io/splittable/offset-range.ts";
export { ProcessContinuation } from "./io/splittable/process-continuation.ts";
export type {
  Claims,
  Progress,
  RestrictionTracker,
  SplitResult,
} from "./io/splittable/restriction-tracker.ts";
export {
  type ProcessEnd,
  type ReadContext,
  type ReadStart,
  type Splittable,
  type SplittableDoFn,
  splittable,
} from "./io/splittable/splittable.ts";
export {
  type EstimatorStart,
  type NewWatermarkEstimator,
  type WatermarkEstimator,
  watermarkEstimators,
} from "./io/splittable/watermark-estimator.ts";
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
export { type BigQueryField, bigQueryFields } from "./schemas/big-query-fields.ts";
export type { Schema } from "./schemas/schema.ts";
export { schemaCoder } from "./schemas/schema-coder.ts";
export { validate } from "./schemas/validate.ts";
export {
  bagState,
  combiningState,
  mapState,
  multimapState,
  orderedListState,
  type StateOptions,
  type StateSpec,
  setState,
  valueState,
} from "./state/state-specs.ts";
export type {
  BagState,
  CombiningState,
  MapState,
  MultimapState,
  OrderedListState,
  SetState,
  ValueState,
} from "./state/state-types.ts";
export {
  type Handles,
  type OnTimerContext,
  type OnWindowExpirationContext,
  type StatefulContext,
  type StatefulDefinition,
  type StatefulDoFn,
  type StateSpecs,
  statefulDoFn,
  type TimerSpecs,
} from "./state/stateful-do-fn.ts";
export {
  eventTimer,
  eventTimerFamily,
  processingTimer,
  processingTimerFamily,
  type TimeDomain,
  type Timer,
  type TimerMap,
  type TimerOptions,
  type TimerSpec,
} from "./state/timers.ts";
export type { AfterCommit, BundleFinalizer } from "./transforms/bundle-finalizer.ts";
export {
  type CoGrouped,
  type CoGroupInputs,
  type CoGroupKey,
  coGroupByKey,
  type KeysMeet,
} from "./transforms/co-group-by-key.ts";
export type { Fanout } from "./transforms/combine-fanout.ts";
export type { CombineFn } from "./transforms/combine-fn.ts";
export type { Combining } from "./transforms/combine-record.ts";
export {
  type CombineContext,
  type CombineFnWithContext,
  combinePerKeyWithContext,
} from "./transforms/combine-with-context.ts";
export {
  type ApproximateDistinctOptions,
  approximateDistinct,
} from "./transforms/combiners/approximate-distinct.ts";
export {
  type ApproximateQuantilesOptions,
  approximateQuantiles,
} from "./transforms/combiners/approximate-quantiles.ts";
export { type MapAccumulator, toList, toMap, toSet } from "./transforms/combiners/collect.ts";
export { count } from "./transforms/combiners/count.ts";
export { distinctCount } from "./transforms/combiners/distinct-count.ts";
export type { Registers } from "./transforms/combiners/hyper-log-log.ts";
export { largest, type Orderable, smallest } from "./transforms/combiners/largest-smallest.ts";
export { type LatestAccumulator, latest } from "./transforms/combiners/latest.ts";
export { type MeanAccumulator, mean } from "./transforms/combiners/mean.ts";
export { max, min } from "./transforms/combiners/min-max.ts";
export {
  type SampleAccumulator,
  sampleAny,
  sampleFixedSize,
} from "./transforms/combiners/sample.ts";
export { sum } from "./transforms/combiners/sum.ts";
export { type TopBy, type TopComparison, top } from "./transforms/combiners/top.ts";
export type { Composite } from "./transforms/composite.ts";
export { countPerElement } from "./transforms/count-per-element.ts";
export { type DeduplicateOptions, deduplicate } from "./transforms/deduplicate.ts";
export { distinct, distinctBy } from "./transforms/distinct.ts";
export type { DoFn, FinishBundleContext, None, ProcessContext } from "./transforms/do-fn.ts";
export {
  type Enriched,
  type EnrichInBatches,
  type EnrichOneByOne,
  type EnrichOptions,
  enrich,
} from "./transforms/enrichment/enrich.ts";
export {
  type BatchOptions,
  type GroupIntoBatches,
  groupIntoBatches,
  type ShardedKey,
} from "./transforms/group-into-batches.ts";
export { type IntervalJoinOptions, intervalJoin } from "./transforms/interval-join.ts";
export { fullJoin, innerJoin, type Joined, leftJoin, rightJoin } from "./transforms/joins.ts";
export { parseJson, toJson } from "./transforms/json.ts";
export { latestGlobally, latestPerKey } from "./transforms/latest.ts";
export { flatMapValues, mapKeys, mapValues, swapKV } from "./transforms/pairs.ts";
export type { ParDoOptions, TaggedOutputs } from "./transforms/par-do.ts";
export { type Partitions, partition } from "./transforms/partition.ts";
export {
  type RegexGroup,
  regexFind,
  regexFindAll,
  regexFindKV,
  regexMatches,
  regexReplaceAll,
  regexReplaceFirst,
  regexSplit,
} from "./transforms/regex.ts";
export {
  reifyTimestamps,
  reifyWindows,
  type TimestampedValue,
  type ValueInSingleWindow,
} from "./transforms/reify.ts";
export type { SideInput, SideInputs, SideValues } from "./transforms/side-input.ts";
export {
  type OutputTag,
  type OutputTags,
  outputTag,
  type TagValues,
} from "./transforms/tagged-outputs.ts";
export type { TriggerOptions, WindowOptions } from "./transforms/window-into.ts";
export {
  type CalendarOptions,
  type CalendarWindowFns,
  calendarWindows,
  type DaysOptions,
  type MonthsOptions,
  type Weekday,
  type WeeksOptions,
  type YearsOptions,
} from "./windowing/calendar-windows.ts";
export { type CustomWindowOptions, customWindows } from "./windowing/custom-windows.ts";
export type { TimestampTransform, TriggerSpec } from "./windowing/trigger-spec.ts";
export {
  type AfterWatermarkOptions,
  afterAll,
  afterAny,
  afterCount,
  afterEach,
  afterProcessingTime,
  afterWatermark,
  defaultTrigger,
  never,
  orFinally,
  type ProcessingTimeStep,
  repeatedly,
} from "./windowing/triggers.ts";
export type {
  AssignContext,
  CalendarDate,
  CalendarWindows,
  CustomWindows,
  FixedWindows,
  GlobalWindows,
  SessionWindows,
  SlidingWindows,
  WindowFn,
  WindowFnSpec,
  WindowLike,
  WindowMerge,
} from "./windowing/window-fn-spec.ts";
export type { AccumulationMode, TimestampCombiner } from "./windowing/windowing-strategy.ts";
export { fixedWindows, globalWindow, sessions, slidingWindows } from "./windowing/windows.ts";
