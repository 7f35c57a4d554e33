/**
 * Status report: one look at a job, as people read it.
 *
 * Owns: the order and the words. Does not own: the figures (functions/status.ts), the stages' table
 * (stage-table.ts), why watermarks stand (why-text.ts).
 */
import pc from "picocolors";
import type { MeshStatus, StageStatus } from "../functions/status.ts";
import type { Why } from "../functions/why.ts";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatMany,
  wrapLine,
} from "./format.ts";
import type { OpenLetters } from "./open-letters.ts";
import { jobStageTable } from "./stage-table.ts";
import { whyLines } from "./why-text.ts";

/** One look at a job. */
export interface StatusLook {
  readonly status: MeshStatus;
  /** Dead letters that neither a replay nor `drop` has closed. */
  readonly open: OpenLetters;
  readonly plan: string;
  readonly project: string;
  readonly why: Why | undefined;
  /** Real time of the look, in ms since the epoch. */
  readonly nowMs: number;
}

const HOT_KEYS_SHOWN = 5;

/** Returns a look as text, at most `width` columns wide. */
export function statusReport(look: StatusLook, width: number): string {
  const { status, open, plan, project, why, nowMs } = look;
  const { pipeline, state, launchedAtMs, stages } = status;
  const age = launchedAtMs === undefined ? "" : `, launched ${formatAge(nowMs - launchedAtMs)} ago`;
  const quiet = status.isQuiet ? ", quiet" : "";
  const lines = [
    `${pc.bold(pipeline)}  ${stateText(state)}${pc.dim(`${quiet}${age}, plan ${plan}, project ${project}`)}`,
    "",
    ...jobStageTable(stages, open, nowMs, width).split("\n"),
    ...before("", hotKeyLines(stages)),
    ...before("", failureLines(stages, nowMs)),
    ...before("", openLines(status, open)),
    "",
    pc.dim(costText(status)),
  ];
  if (why !== undefined) lines.push("", ...whyLines(why, nowMs));
  return lines.flatMap((line) => wrapLine(line, width)).join("\n");
}

/** Returns a state in its colour. */
export function stateText(state: MeshStatus["state"]): string {
  if (state === "RUNNING") return pc.green(state);
  return state === "DONE" ? state : pc.yellow(state);
}

function hotKeyLines(stages: readonly StageStatus[]): string[] {
  const hot = stages
    .flatMap(({ stage, hotKeys }) => hotKeys.map((key) => ({ stage, ...key })))
    .sort((a, b) => b.share - a.share)
    .slice(0, HOT_KEYS_SHOWN);
  if (hot.length === 0) return [];
  const lines = hot.map(({ stage, shard, hash, share }) => {
    const percent = Math.round(share * 100);
    return `  key #${hash} takes ${percent} % or more of what comes to ${stage}/${shard}`;
  });
  return [pc.bold("Hot keys"), ...lines];
}

/** Returns the last failures of stages, the newest first, as lines; none if nothing failed. */
export function failureLines(stages: readonly StageStatus[], nowMs: number): string[] {
  const all = stages
    .flatMap(({ stage, failures }) => failures.map((failure) => ({ stage, ...failure })))
    .sort((a, b) => b.atMs - a.atMs);
  if (all.length === 0) return [];
  const lines = all.map(({ stage, code, transform, text, count, dead, atMs }) => {
    const outcome = dead > 0 ? pc.red(formatMany(dead, "dead letter")) : "mended by a retry";
    const runs = count === 0 ? "" : `${formatMany(count, "failed run")}, `;
    const times = `${runs}${outcome}, ${formatDuration(nowMs - atMs)} ago`;
    return `  ${stage}  ${code}  ${transform === undefined ? "" : `${transform}: `}${text}  (${times})`;
  });
  return [pc.bold("Last failures"), ...lines];
}

function openLines({ pipeline }: MeshStatus, { total, byStage }: OpenLetters): string[] {
  if (total === 0) return [];
  const ofStages = [...byStage.values()].reduce((sum, count) => sum + count, 0);
  // What an update took out of the plan may have left letters behind.
  const others = total - ofStages;
  const more = others > 0 ? `, ${formatCount(others)} of stages that the plan has no more` : "";
  const words = `${formatMany(total, "open dead letter")}${more}`;
  return [`${pc.red(words)}: tidemark dead-letters list ${pipeline}`];
}

function before(line: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [line, ...lines];
}

function costText({ operations }: MeshStatus): string {
  const { activations, documentsRead, documentsWritten, documentsDeleted } = operations;
  const { messages, messageBytes } = operations;
  return (
    `So far: ${formatMany(activations, "activation")}; documents: ` +
    `${formatCount(documentsWritten)} written, ${formatCount(documentsRead)} read, ` +
    `${formatCount(documentsDeleted)} deleted; ${formatMany(messages, "message")} published ` +
    `(${formatBytes(messageBytes)}).`
  );
}
