/**
 * Estimate: loads and prices → dollars a month, by function and service.
 *
 * Owns: the sum, with and without what is free each month. Pure. Does not own: loads
 * (stage-loads.ts), prices (prices.ts), or how it is shown (cost-report.ts).
 */
import type { Prices } from "../../infra/prices.ts";
import type { Load } from "./stage-loads.ts";
import type { Workload } from "./workload.ts";

/** What is billed, by service. */
export interface Dollars {
  readonly requests: number;
  readonly compute: number;
  readonly pubsub: number;
  readonly firestore: number;
  readonly tasks: number;
  /** Log entries, and the metric that is made of them. */
  readonly monitoring: number;
}

/** A month of one pipeline. */
export interface Estimate {
  readonly byFunction: ReadonlyMap<string, Dollars>;
  readonly total: Dollars;
  /** The same, less what each service gives free to a project that has nothing else. */
  readonly afterFree: Dollars;
}

const MIB = 1_024 ** 2;
const GIB = 1_024 ** 3;
const TIB = 1_024 ** 4;
const DAYS = 365 / 12;

type Usage = Omit<Load, "busySeconds"> & {
  readonly vcpuSeconds: number;
  readonly gibSeconds: number;
};

/** Returns what a month costs. */
export function estimateOf(
  loads: ReadonlyMap<string, Load>,
  workload: Workload,
  prices: Prices,
): Estimate {
  const usages = [...loads].map(([name, load]) => [name, usageOf(load, workload)] as const);
  const all = usages.map(([, usage]) => usage).reduce(addUsages);
  return {
    byFunction: new Map(usages.map(([name, usage]) => [name, dollarsOf(usage, prices)])),
    total: dollarsOf(all, prices),
    afterFree: dollarsOf(lessFree(all, prices), prices),
  };
}

/** Returns the sum over all services. */
export function sumOf(dollars: Dollars): number {
  return Object.values(dollars).reduce((sum: number, each: number) => sum + each, 0);
}

function usageOf({ busySeconds, ...load }: Load, { vcpus, memoryGib }: Workload): Usage {
  return { ...load, vcpuSeconds: busySeconds * vcpus, gibSeconds: busySeconds * memoryGib };
}

function addUsages(a: Usage, b: Usage): Usage {
  const sum = { ...a };
  for (const name of Object.keys(sum) as (keyof Usage)[]) sum[name] += b[name];
  return sum;
}

function lessFree(usage: Usage, prices: Prices): Usage {
  const less = (used: number, free: number): number => Math.max(0, used - free);
  return {
    requests: less(usage.requests, prices.runFreeRequests),
    vcpuSeconds: less(usage.vcpuSeconds, prices.runFreeVcpuSeconds),
    gibSeconds: less(usage.gibSeconds, prices.runFreeGibSeconds),
    pubsubBytes: less(usage.pubsubBytes, prices.pubsubFreeGiB * GIB),
    documentsRead: less(usage.documentsRead, prices.firestoreFreeReadsPerDay * DAYS),
    documentsWritten: less(usage.documentsWritten, prices.firestoreFreeWritesPerDay * DAYS),
    documentsDeleted: less(usage.documentsDeleted, prices.firestoreFreeDeletesPerDay * DAYS),
    taskOperations: less(usage.taskOperations, prices.tasksFree),
    logBytes: less(usage.logBytes, prices.loggingFreeGiB * GIB),
    metricBytes: less(usage.metricBytes, prices.monitoringFreeMiB * MIB),
  };
}

function dollarsOf(usage: Usage, prices: Prices): Dollars {
  return {
    requests: (usage.requests / 1e6) * prices.runPerMillionRequests,
    compute:
      usage.vcpuSeconds * prices.runPerVcpuSecond + usage.gibSeconds * prices.runPerGibSecond,
    pubsub: (usage.pubsubBytes / TIB) * prices.pubsubPerTiB,
    firestore:
      (usage.documentsRead / 1e5) * prices.firestorePer100kReads +
      (usage.documentsWritten / 1e5) * prices.firestorePer100kWrites +
      (usage.documentsDeleted / 1e5) * prices.firestorePer100kDeletes,
    tasks: (usage.taskOperations / 1e6) * prices.tasksPerMillion,
    monitoring:
      (usage.logBytes / GIB) * prices.loggingPerGiB +
      (usage.metricBytes / MIB) * prices.monitoringPerMiB,
  };
}
