/**
 * Report: dead letters as people read them.
 *
 * Owns: the table, the causes and the page of one letter. Does not own: which letters (selection.ts).
 *
 * An element's content stands only in the page of one letter and in JSON.
 */
import { type LetterDetail, summaryOf } from "../../functions/dead-letters/record.ts";
import type { DeadLetterRecord } from "../../functions/ports.ts";
import { parseWindowKey } from "../../sdk/model/window.ts";
import { formatAge, formatBytes, formatEventTime, formatMany } from "../format.ts";
import { type Column, renderTable } from "../table.ts";
import type { Letter } from "./selection.ts";

/** Characters of an element that a page shows. */
const ELEMENT_CHARS_MAX = 4_000;

/** Returns the table of letters. */
export function lettersTable(letters: readonly Letter[], nowMs: number, width: number): string {
  const columns: Column<Letter>[] = [
    { head: "id", cell: ({ id }) => id },
    { head: "age", cell: ({ atMs }) => formatAge(nowMs - atMs), align: "right" },
    { head: "stage", cell: ({ stage }) => stage, isFlexible: true, dispensable: 3 },
    { head: "transform", cell: ({ told }) => nameOf(told.transform), isFlexible: true },
    { head: "code", cell: ({ code }) => code, dispensable: 2 },
    { head: "tries", cell: triesOf, align: "right", dispensable: 1 },
    { head: "message", cell: (letter) => firstLine(letter), isFlexible: true },
  ];
  return renderTable(letters, columns, width);
}

/** Letters of one cause. */
export interface Cause {
  readonly count: number;
  readonly stage: string;
  readonly transform: string;
  readonly code: string;
  readonly message: string;
}

/** Returns the causes of letters, the most frequent first. */
export function causesOf(letters: readonly Letter[]): Cause[] {
  const groups = Map.groupBy(letters, (letter) =>
    JSON.stringify([letter.stage, letter.told.transform, letter.code, causeOf(letter)]),
  );
  return [...groups.values()]
    .flatMap((group): Cause[] => {
      const [first] = group;
      if (first === undefined) return [];
      const { stage, code, told } = first;
      const { transform } = told;
      return [{ count: group.length, stage, transform, code, message: causeOf(first) }];
    })
    .sort((a, b) => b.count - a.count);
}

/** Returns the table of causes. */
export function causesTable(causes: readonly Cause[], width: number): string {
  const columns: Column<Cause>[] = [
    { head: "count", cell: ({ count }) => String(count), align: "right" },
    { head: "transform", cell: ({ transform }) => transform, isFlexible: true },
    { head: "code", cell: ({ code }) => code, dispensable: 1 },
    { head: "message", cell: ({ message }) => message, isFlexible: true },
    { head: "stage", cell: ({ stage }) => stage, isFlexible: true, dispensable: 2 },
  ];
  return renderTable(causes, columns, width);
}

/** Returns all that is known of a letter. */
export function letterPage(
  record: DeadLetterRecord,
  detail: LetterDetail,
  places: Readonly<Record<string, string>>,
  nowMs: number,
): string {
  const told = summaryOf(record);
  const { id, stage, code, atMs, replays, replayedAtMs } = record;
  const shard = told.shard === undefined ? "" : `, shard ${told.shard}`;
  const rows: [string, string | undefined][] = [
    ["dead letter", id],
    ["state", stateWords(record)],
    ["set aside", `${isoOf(atMs)} (${formatAge(nowMs - atMs)} ago)`],
    ["replayed", replayedAtMs === undefined ? undefined : isoOf(replayedAtMs)],
    ["stage", `${stage}${shard}, plan ${told.plan}`],
    ["transform", told.transform],
    ["stands at", places[told.transform]],
    ["code", code],
    ["message", told.message],
    ...detail.causes.map((cause): [string, string] => ["caused by", cause]),
    ["tries", `${formatMany(told.attempts, "time")}${replays > 0 ? `, replayed ${replays}×` : ""}`],
    ["event time", told.eventTime],
    ["window", told.window === undefined ? undefined : windowWords(told.window)],
    ["message id", told.messageId],
    ["attributes", attributesOf(detail)],
    ["can go back", backWords(detail)],
  ];
  const lines = rows.flatMap(([head, text]) =>
    text === undefined
      ? []
      : [`${head.padEnd(12)} ${text.replaceAll("\n", `\n${" ".repeat(13)}`)}`],
  );
  lines.push("", `element (${formatBytes(detail.elementBytes)})`, indent(elementOf(detail)));
  if (detail.stack !== undefined) lines.push("", "stack", indent(detail.stack));
  return lines.join("\n");
}

/** Returns a letter as an object for `--json`, all of it. */
export function letterJson(record: DeadLetterRecord, detail: LetterDetail): object {
  const { summary: _, detail: __, atMs, replayedAtMs, ...rest } = record;
  return {
    ...rest,
    setAsideAt: isoOf(atMs),
    ...(replayedAtMs !== undefined && { replayedAt: isoOf(replayedAtMs) }),
    ...summaryOf(record),
    ...detail,
  };
}

function nameOf(transform: string): string {
  return transform.replace(/ \([^()]*:\d+\)$/, "");
}

/** The message, whose beginning the column of the transform has said. */
function firstLine({ told }: Letter): string {
  const { message, transform } = told;
  const rest = message.startsWith(`${transform}: `) ? message.slice(transform.length + 2) : message;
  return rest.split("\n")[0] ?? "";
}

/** What many letters share: not the message's own id. */
function causeOf(letter: Letter): string {
  const { messageId } = letter.told;
  return messageId === undefined ? firstLine(letter) : firstLine(letter).replace(messageId, "…");
}

function triesOf({ told, replays }: Letter): string {
  return replays === 0 ? String(told.attempts) : `${told.attempts}+${replays}r`;
}

function stateWords({ state, isLate }: DeadLetterRecord): string {
  if (state === "open") return "open";
  return isLate === true ? "replayed, and dropped: too late for its window" : "replayed";
}

function backWords({ replay }: LetterDetail): string {
  if (replay.kind === "none") return `no. ${replay.reason}`;
  if (replay.kind === "message") return "yes, as the source's message that it came in";
  return replay.kind === "elements"
    ? "yes, as an element of the stage's input"
    : "yes, to the transforms behind the one that begins the stage";
}

function windowWords(key: string): string {
  if (key === "g") return "global";
  const { start, end, label } = parseWindowKey(key);
  const words = `${formatEventTime(start)} to ${formatEventTime(end)}`;
  return label === undefined ? words : `${words} (${label})`;
}

function attributesOf({ attributes }: LetterDetail): string | undefined {
  const entries = Object.entries(attributes ?? {});
  if (entries.length === 0) return undefined;
  return entries.map(([name, value]) => `${name}=${value}`).join("\n");
}

/** The element as JSON; what could not be decoded as the text that it was. */
function elementOf({ element, replay }: LetterDetail): string {
  const text =
    element !== undefined
      ? JSON.stringify(element, null, 2)
      : replay.kind === "message"
        ? Buffer.from(replay.data, "base64").toString("utf8")
        : "too large to be shown; --json has what goes back";
  const shown = text.slice(0, ELEMENT_CHARS_MAX);
  return shown.length < text.length ? `${shown}… (--json has all of it)` : shown;
}

function isoOf(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "  ");
}
