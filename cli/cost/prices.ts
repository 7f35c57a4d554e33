/**
 * Prices: what Google Cloud asks for, as of one day.
 *
 * Owns: the table, its sources, and how a file of the user's overrides it. Does not own: how much is
 * used (stage-loads.ts). US dollars, list prices of us-central1.
 */
import { readFile } from "node:fs/promises";
import { MeshError } from "../../sdk/model/errors.ts";
import { similarTo } from "../similar.ts";

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

/**
 * Reads prices that differ from the list: a JSON object of some of its names.
 *
 * @throws ERR_OPTION if the file can't be read, or holds a name or a value that is no price
 */
export async function readPrices(file: string): Promise<Prices> {
  const own = await readObject(file);
  for (const [name, value] of Object.entries(own)) {
    if (!(name in LIST_PRICES)) {
      const [near] = similarTo(name, Object.keys(LIST_PRICES));
      const hint = near === undefined ? "" : ` Did you mean ${near}?`;
      throw new MeshError("ERR_OPTION", `--prices ${file}: there is no price "${name}".${hint}`);
    }
    if (typeof value !== "number" || !(value >= 0)) {
      throw new MeshError("ERR_OPTION", `--prices ${file}: ${name} must be a number of dollars.`);
    }
  }
  return { ...LIST_PRICES, ...own };
}

async function readObject(file: string): Promise<object> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw new MeshError("ERR_OPTION", `--prices ${file}: ${(cause as Error).message}.`, { cause });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new MeshError("ERR_OPTION", `--prices ${file}: it holds no JSON object.`);
}
