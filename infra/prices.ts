/**
 * Prices: what Google Cloud asks for, as of one day.
 *
 * Owns: the table and its sources. US dollars, list prices of us-central1; other regions are up to
 * 40 % dearer.
 */

/** The day on which the sources below were read. */
export const PRICES_OF = "2026-11-22";

const prices = {
  /** Of publish and of delivery each. https://cloud.google.com/pubsub/pricing */
  pubsubPerTiB: 40,
  /** Bytes that a publish or push request counts at least. https://cloud.google.com/pubsub/pricing */
  pubsubRequestBytesMin: 1_000,
  pubsubFreeGiB: 10,
  /** Request-based billing, rounded up to 100 ms. https://cloud.google.com/run/pricing */
  runPerVcpuSecond: 0.000_024,
  runPerGibSecond: 0.000_002_5,
  runPerMillionRequests: 0.4,
  runFreeVcpuSeconds: 180_000,
  runFreeGibSeconds: 360_000,
  runFreeRequests: 2_000_000,
  /** One region. https://cloud.google.com/firestore/pricing */
  firestorePer100kReads: 0.03,
  firestorePer100kWrites: 0.09,
  firestorePer100kDeletes: 0.01,
  firestoreFreeReadsPerDay: 50_000,
  firestoreFreeWritesPerDay: 20_000,
  firestoreFreeDeletesPerDay: 20_000,
  /** Creating a task and dispatching it are an operation each. https://cloud.google.com/tasks/docs/pricing */
  tasksPerMillion: 0.4,
  tasksFree: 1_000_000,
  /** Log entries as they come in. https://cloud.google.com/products/observability/pricing */
  loggingPerGiB: 0.5,
  loggingFreeGiB: 50,
  /** Points of metrics that are made of logs; the free amount is a billing account's. The same page. */
  monitoringPerMiB: 0.258,
  monitoringFreeMiB: 150,
  /** Streaming worker. https://cloud.google.com/dataflow/pricing */
  dataflowPerVcpuHour: 0.069,
  dataflowPerGibHour: 0.003_557,
  dataflowPerDiskGibHour: 0.000_054,
  /** Streaming Engine, by bytes that it handles. */
  dataflowPerStreamedGiB: 0.018,
};

/** Prices and free amounts by name. */
export type Prices = Readonly<Record<keyof typeof prices, number>>;

/** List prices. */
export const LIST_PRICES: Prices = Object.freeze(prices);
