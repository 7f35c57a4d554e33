/**
 * Dataflow: what the same job costs there, and from which load on it is the cheaper one.
 *
 * Owns: the size of that job, and the search for the break-even. Does not own: prices (prices.ts).
 *
 * A streaming job has at least one worker, day and night; Streaming Engine's default is an
 * n1-standard-2 with a disk of 30 GiB. Source: https://cloud.google.com/dataflow/pricing
 */

import type { Prices } from "../../infra/prices.ts";
import { MONTH_HOURS, type Workload } from "./workload.ts";

const WORKER_VCPUS = 2;
const WORKER_MEMORY_GIB = 7.5;
const WORKER_DISK_GIB = 30;
/** Events a second that one worker is given to do. Our assumption, kind to Dataflow. */
const WORKER_EVENTS_PER_SECOND = 4_000;
const EVENTS_MAX = 1e12;
const GIB = 1_024 ** 3;
const TIB = 1_024 ** 4;

/** Returns dollars a month for a streaming job with Streaming Engine, Pub/Sub included. */
export function dataflowMonth(workload: Workload, prices: Prices): number {
  const { eventsPerMonth, activeHours, eventBytes } = workload;
  const perSecond = eventsPerMonth / (activeHours * 3_600);
  const busyWorkers = Math.max(1, Math.ceil(perSecond / WORKER_EVENTS_PER_SECOND));
  const workerHours = MONTH_HOURS + (busyWorkers - 1) * activeHours;
  const bytes = eventsPerMonth * eventBytes;
  // Dataflow pulls many messages at a time; only their publishers pay for single requests.
  const published = eventsPerMonth * Math.max(prices.pubsubRequestBytesMin, eventBytes);
  return (
    workerHours *
      (WORKER_VCPUS * prices.dataflowPerVcpuHour +
        WORKER_MEMORY_GIB * prices.dataflowPerGibHour +
        WORKER_DISK_GIB * prices.dataflowPerDiskGibHour) +
    (bytes / GIB) * prices.dataflowPerStreamedGiB +
    ((published + bytes) / TIB) * prices.pubsubPerTiB
  );
}

/**
 * Returns the events a month from which on Dataflow is cheaper; undefined if there are none.
 *
 * @param costOf - dollars a month of the mesh, growing with the events
 */
export function breakEven(
  workload: Workload,
  prices: Prices,
  costOf: (eventsPerMonth: number) => number,
): number | undefined {
  const isDearer = (eventsPerMonth: number): boolean =>
    costOf(eventsPerMonth) >= dataflowMonth({ ...workload, eventsPerMonth }, prices);
  if (!isDearer(EVENTS_MAX)) return undefined;
  let below = 0;
  let above = EVENTS_MAX;
  while (above - below > above / 1_000 && above > 1) {
    const middle = below === 0 ? above / 2 : Math.sqrt(below * above);
    if (isDearer(middle)) above = middle;
    else below = middle;
  }
  return above;
}
