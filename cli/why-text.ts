/**
 * Why text: what holds watermarks, in words, and what to do about it.
 *
 * Owns: the words. Does not own: what holds them (functions/why.ts).
 */
import pc from "picocolors";
import type { Cause, Wait, Why } from "../functions/why.ts";
import { MIN_TIMESTAMP, type Timestamp } from "../sdk/model/time.ts";
import { formatDuration, formatEventTime, formatMany } from "./format.ts";

/** Causes of one stage, or roots, that are shown; the earliest hold the most. */
const SHOWN_MAX = 6;

/** Returns why each watermark stands, as lines. */
export function whyLines(why: Why, nowMs: number): string[] {
  const standing = why.stages.filter(({ causes }) => causes.length > 0);
  const lines = [pc.bold("Why")];
  if (standing.length === 0 && why.unfinished.length === 0) {
    return [...lines, "  Every watermark is at its end: nothing holds anything back."];
  }
  for (const { stage, output, moves, causes } of standing) {
    const stands = moves ? "moves on with the next tick to" : "stands at";
    lines.push(`  ${pc.bold(stage)} ${stands} ${timeText(output)}:`);
    lines.push(...someOf(causes, (cause) => [`    ${causeText(cause, nowMs)}`], "    "));
  }
  const roots = distinct(standing.flatMap((each) => each.roots));
  if (roots.length > 0) lines.push("", pc.bold("Where it begins"));
  lines.push(...someOf(roots, (root) => rootLines(root, nowMs), "  "));
  if (why.unfinished.length > 0) {
    lines.push("  Every watermark is at its end. Before the job is DONE, this must arrive:");
    const { unfinished } = why;
    lines.push(...someOf(unfinished, (cause) => [`    ${causeText(cause, nowMs)}`], "    "));
  }
  return lines;
}

/** Returns one cause as a sentence without a full stop. */
export function causeText(cause: Cause, nowMs: number): string {
  switch (cause.kind) {
    case "job":
      return `the job is ${cause.state}`;
    case "stage":
      return `the stage before it, ${cause.stage}, stands at ${timeText(cause.time)}`;
    case "source":
      return sourceText(cause);
    case "in flight":
      return (
        `${formatMany(cause.bundles, "bundle")} from ${cause.from} to ${cause.to} ` +
        `on the way, the oldest element at ${timeText(cause.time)}`
      );
    case "register": {
      const age = `${formatDuration(cause.ageMs)} old`;
      const confirmed = cause.isConfirmed ? "published" : "perhaps not published";
      return (
        `a group commit of ${cause.stage} (instance ${cause.instance}, ${age}, ${confirmed}) ` +
        `has not arrived at ${cause.to}, the oldest element at ${timeText(cause.time)}`
      );
    }
    case "hold": {
      const waits = cause.waits.map((wait) => waitText(wait, nowMs)).join(", and ");
      return (
        `shard ${cause.stage}/${cause.shard} has ${held[cause.of]} from ${timeText(cause.time)} ` +
        `on: it waits ${waits}`
      );
    }
  }
}

const held: Readonly<Record<Extract<Cause, { kind: "hold" }>["of"], string>> = {
  panes: "panes to emit",
  state: "state with timers or windows open",
  reads: "more to read",
  elements: "elements that wait for side inputs",
};

function sourceText({ stage, policy, silentMs, hasEvents, time }: SourceCause): string {
  const silent = hasEvents
    ? `the last event came ${formatDuration(silentMs)} ago`
    : `no event since the launch ${formatDuration(silentMs)} ago`;
  return `source ${stage}: ${silent}; by its policy (${policyText(policy)}) it stands at ${timeText(time)}`;
}

type SourceCause = Extract<Cause, { kind: "source" }>;

function policyText(policy: SourceCause["policy"]): string {
  const idle =
    policy.idleAfterMs === undefined
      ? "no idle rule"
      : `idle after ${formatDuration(policy.idleAfterMs)}`;
  if (policy.kind === "trailing") {
    return `the oldest event of the last ${formatDuration(policy.sampleMs)}, ${idle}`;
  }
  if (policy.kind === "manual") return "what the test stream says";
  return `${formatDuration(policy.delayMs)} behind the newest event, ${idle}`;
}

function waitText(wait: Wait, nowMs: number): string {
  switch (wait.for) {
    case "watermark":
      return `for its stage's input watermark to pass ${timeText(wait.until)}`;
    case "side input":
      return `for side input ${wait.side} to pass ${timeText(wait.until)}`;
    case "time": {
      const inMs = wait.atMs - nowMs;
      const when = inMs > 0 ? `for ${formatDuration(inMs)} more` : "for a time that has come";
      return wait.isSynchronized ? `${when}, until nothing older can come` : when;
    }
    case "message":
      return "for a message to itself that is on its way";
    case "activation":
      return wait.toldMs === undefined
        ? "for its next activation"
        : `to be run; it was told so ${formatDuration(nowMs - wait.toldMs)} ago`;
  }
}

function rootLines(root: Cause, nowMs: number): string[] {
  return [`  ${causeText(root, nowMs)}`, `    ${pc.dim(`→ ${advice(root)}`)}`];
}

/** What to do about a root. */
function advice(root: Cause): string {
  switch (root.kind) {
    case "job":
      return "No watermark moves until the job goes on.";
    case "source":
      return sourceAdvice(root);
    case "in flight":
      return `It arrives by itself. If it does not, look at the log of ${stageOfShard(root.to)}.`;
    case "register":
      return root.isConfirmed
        ? `It arrives by itself. If it does not, look at the log of ${stageOfShard(root.to)}.`
        : `If its instance died, it is dropped ${formatDuration(root.timeoutMs)} after it was ` +
            "written, and its messages come again.";
    case "hold":
      return root.waits.some((wait) => wait.for === "activation" && wait.toldMs !== undefined)
        ? `It should have run by now: look at the log of ${root.stage} for errors.`
        : "Nothing: it goes on by itself.";
    case "stage":
      return "";
  }
}

function sourceAdvice({ policy, hasEvents }: SourceCause): string {
  if (policy.kind === "manual") return "Let the test stream advance its watermark.";
  const publish = hasEvents ? "Publish newer events" : "Publish";
  return policy.idleAfterMs === undefined
    ? `${publish}, or give its watermark policy an idle rule: { idle: { minutes: 2 } }.`
    : `${publish}, or wait: without a message it follows the clock, ` +
        `${formatDuration(policy.idleAfterMs)} behind.`;
}

function stageOfShard(key: string): string {
  return key.slice(0, key.lastIndexOf("/"));
}

function timeText(time: Timestamp): string {
  return time <= MIN_TIMESTAMP ? "the beginning (-∞)" : formatEventTime(time);
}

function someOf<T>(all: readonly T[], linesOf: (each: T) => string[], indent: string): string[] {
  const lines = all.slice(0, SHOWN_MAX).flatMap(linesOf);
  const more = all.length - SHOWN_MAX;
  return more > 0 ? [...lines, pc.dim(`${indent}and ${more} more`)] : lines;
}

function distinct(causes: readonly Cause[]): Cause[] {
  return [...new Map(causes.map((cause) => [JSON.stringify(cause), cause])).values()];
}
