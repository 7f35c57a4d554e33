/**
 * Settings: how large a function is and how many of it run.
 *
 * Owns: their defaults, their bounds and which of them go together. Does not own: where they are
 * written (config.ts).
 *
 * @see https://docs.cloud.google.com/run/docs/configuring/services/cpu
 * @see https://docs.cloud.google.com/run/docs/configuring/services/memory-limits
 */
import { MeshError } from "../sdk/model/errors.ts";

/** Size and number of one function's instances. */
export interface FunctionSettings {
  /** As Cloud Run writes it: `512Mi`, `1Gi`. */
  readonly memory: string;
  /** vCPUs: `1`, or a fraction from 0.08 on. */
  readonly cpu: string;
  /** Requests that one instance takes at once. */
  readonly concurrency: number;
  /** Instances at most. */
  readonly maxInstances: number;
}

/** An ingest instance makes one group of the messages that it has at once, so concurrency is high. */
export const DEFAULT_SETTINGS: FunctionSettings = {
  memory: "512Mi",
  cpu: "1",
  concurrency: 80,
  maxInstances: 20,
};

const MEMORY_MIB_MIN = 128;
const MEMORY_MIB_MAX = 32 * 1024;
const CONCURRENCY_MAX = 1_000;
const INSTANCES_MAX = 1_000;

/** vCPUs and the memory that they can have, in MiB. */
const memoryOfCpu: readonly (readonly [cpu: number, minMib: number, maxMib: number])[] = [
  [1, MEMORY_MIB_MIN, 4 * 1024],
  [2, MEMORY_MIB_MIN, 8 * 1024],
  [4, 2 * 1024, 16 * 1024],
  [6, 4 * 1024, 24 * 1024],
  [8, 4 * 1024, MEMORY_MIB_MAX],
];

/** Below half a vCPU it is 512 MiB at most, below a whole one 1 GiB. */
const CPU_MIN = 0.08;
const CPUS = "0.08 to 1, or 2, 4, 6 or 8";

/**
 * Returns settings, with those that are given in the place of the defaults.
 *
 * @param where - names the function or the key in the error
 * @throws ERR_OPTION for a value out of its bounds, or values that do not go together
 */
export function settingsOf(
  where: string,
  ...given: readonly (Partial<FunctionSettings> | undefined)[]
): FunctionSettings {
  const settings: FunctionSettings = Object.assign({}, DEFAULT_SETTINGS, ...given);
  const fault = faultOf(settings);
  if (fault !== undefined) throw new MeshError("ERR_OPTION", `${where}: ${fault}`);
  return settings;
}

/** Returns memory in MiB, or undefined for what is no amount of memory. */
export function mebibytesOf(memory: string): number | undefined {
  const [, digits, unit] = /^(\d+)(Mi|Gi)$/.exec(memory) ?? [];
  if (digits === undefined) return undefined;
  return Number(digits) * (unit === "Gi" ? 1024 : 1);
}

function faultOf(settings: FunctionSettings): string | undefined {
  const { memory, cpu, concurrency, maxInstances } = settings;
  if (!isCount(concurrency, CONCURRENCY_MAX)) return `concurrency is 1 to ${CONCURRENCY_MAX}.`;
  if (!isCount(maxInstances, INSTANCES_MAX)) return `maxInstances is 1 to ${INSTANCES_MAX}.`;
  const mebibytes = typeof memory === "string" ? mebibytesOf(memory) : undefined;
  if (mebibytes === undefined || mebibytes < MEMORY_MIB_MIN || mebibytes > MEMORY_MIB_MAX) {
    return `memory is 128Mi to 32Gi, written like 512Mi or 1Gi, not ${JSON.stringify(memory)}.`;
  }
  return Number(cpu) < 1
    ? faultOfFraction(cpu, mebibytes, concurrency)
    : faultOfCpus(cpu, mebibytes, memory);
}

function faultOfFraction(cpu: string, mebibytes: number, concurrency: number): string | undefined {
  if (Number(cpu) < CPU_MIN) return `cpu is ${CPUS}, not ${cpu}.`;
  if (concurrency > 1) return `with cpu ${cpu} concurrency must be 1: more needs a whole vCPU.`;
  const most = Number(cpu) < 0.5 ? 512 : 1024;
  return mebibytes > most ? `with cpu ${cpu} memory is ${most}Mi at most.` : undefined;
}

function faultOfCpus(cpu: string, mebibytes: number, memory: string): string | undefined {
  const bounds = memoryOfCpu.find(([each]) => each === Number(cpu));
  if (bounds === undefined) return `cpu is ${CPUS}, not ${cpu}.`;
  const [, least, most] = bounds;
  if (mebibytes >= least && mebibytes <= most) return undefined;
  return `with cpu ${cpu} memory is ${least}Mi to ${most}Mi, not ${memory}.`;
}

function isCount(value: unknown, most: number): boolean {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most;
}
