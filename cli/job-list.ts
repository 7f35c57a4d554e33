/**
 * Job list: the jobs of a database, one a row.
 *
 * Owns: what a row says. One document is read for each job: its own.
 */
import pc from "picocolors";
import type { Job } from "../functions/job.ts";
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from "../sdk/model/time.ts";
import { formatAge } from "./format.ts";
import { stateText } from "./status-report.ts";
import { renderTable } from "./table.ts";

/** A job as the list tells of it. */
export interface ListedJob {
  readonly pipeline: string;
  readonly state: Job["state"];
  readonly plan: string;
  readonly launchedAt: string;
  /** Now − the earliest output watermark, in ms; null before it is known, and at its end. */
  readonly freshnessMs: number | null;
  readonly isAtEnd: boolean;
}

/** Returns what the list says of a job. */
export function listedJob(job: Job, nowMs: number): ListedJob {
  const outputs = Object.values(job.watermarks).map(([, output]) => output);
  const earliest = outputs.reduce((min, output) => (output < min ? output : min), MAX_TIMESTAMP);
  const isAtEnd = outputs.length > 0 && earliest === MAX_TIMESTAMP;
  const isKnown = outputs.length > 0 && earliest > MIN_TIMESTAMP && !isAtEnd;
  return {
    pipeline: job.pipeline,
    state: job.state,
    plan: job.plan,
    launchedAt: new Date(job.launchedAtMs).toISOString(),
    freshnessMs: isKnown ? nowMs - earliest : null,
    isAtEnd,
  };
}

/** Returns the jobs of a database as a table. */
export function jobTable(jobs: readonly ListedJob[], nowMs: number, width: number): string {
  if (jobs.length === 0) return "No pipeline was launched in this database.";
  return renderTable(
    jobs,
    [
      { head: "pipeline", cell: (job) => job.pipeline, isFlexible: true, paint: pc.bold },
      { head: "state", cell: (job) => job.state, paint: (_, job) => stateText(job.state) },
      { head: "freshness", cell: freshnessText, align: "right" },
      {
        head: "launched",
        cell: (job) => `${formatAge(nowMs - Date.parse(job.launchedAt))} ago`,
        align: "right",
        dispensable: 1,
      },
      { head: "plan", cell: (job) => job.plan, dispensable: 2, paint: pc.dim },
    ],
    width,
  );
}

function freshnessText({ freshnessMs, isAtEnd }: ListedJob): string {
  if (isAtEnd) return "at its end";
  return freshnessMs === null ? "not known yet" : `${formatAge(freshnessMs)} behind`;
}
