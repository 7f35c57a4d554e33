/**
 * Envelope check: whether parsed JSON is an envelope that this stage can take, field by field.
 *
 * Owns: what each field must be. Does not own: the wire form (envelope.ts), or whether the values in
 * it can be decoded (their coders, when they are taken).
 *
 * E4. What passes is safe to take: it neither crashes the engine, nor keeps it busy for ever, nor
 *     makes a shard refuse message after message. What does not pass becomes a dead letter.
 */
import type { Json } from "../sdk/coders/coder.ts";
import { anyCoder } from "../sdk/coders/json-coder.ts";
import { decodeKey } from "../sdk/coders/key-coder.ts";
import { MeshError } from "../sdk/model/errors.ts";
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from "../sdk/model/time.ts";
import { parseWindowKey, windowKey } from "../sdk/model/window.ts";
import type { Envelope } from "./envelope.ts";
import type { Program } from "./program.ts";

/** Characters of a producer: `stage/shard`, or a random id. Stages have at most 40. */
const PRODUCER_PATTERN = /^[A-Za-z0-9][\w./-]{0,127}$/;

const TIMINGS: readonly unknown[] = ["EARLY", "ON_TIME", "LATE", "UNKNOWN"];

/** Roots whose elements have keys. */
const KEYED: readonly string[] = ["groupByKey", "combinePerKey", "statefulParDo"];

type Fields = Readonly<Record<string, unknown>>;

/**
 * Checks an envelope by itself.
 *
 * @throws ERR_DECODE that says which field is wrong
 */
export function checkEnvelope(value: unknown): Envelope {
  need(isFields(value), "form");
  const { producer, sequence, stage, shard, minTime, count, body, generation, spreads } = value;
  need(typeof producer === "string" && PRODUCER_PATTERN.test(producer), "producer");
  need(isWhole(sequence, -1), "sequence");
  need(isText(stage), "stage");
  need(isWhole(shard, 0), "shard");
  need(isTime(minTime), "minTime");
  need(isWhole(count, 0), "count");
  need(generation === undefined || isWhole(generation, 0), "generation");
  need(spreads === undefined, "spreads");
  need(isFields(body), "body");
  const { kind } = body;
  if (kind === "elements") need(elementsOf(body["windows"]) === count, "count");
  else if (kind === "advance") checkAdvance(body);
  else if (kind === "split") checkRead(body["read"]);
  else if (kind === "replay") need(lettersOf(body["letters"]) === count, "count");
  else need(kind === "start", "body.kind");
  return value as unknown as Envelope;
}

/**
 * Checks whether a stage can take an envelope: it is for a shard of it, and asks for what it does.
 *
 * @throws ERR_DECODE that says which field is wrong
 */
export function checkFits({ stage, shard, body }: Envelope, program: Program): void {
  const { id, kind, shards } = program.stage;
  need(stage === id, "stage");
  need(shard < shards, "shard");
  if (body.kind === "start") need(kind === "read", "body.kind");
  if (body.kind === "split") need(kind === "read" || program.root.kind === "readEach", "body.kind");
  const isKeyed = KEYED.includes(program.root.kind);
  if (body.kind === "replay") {
    for (const { payload } of body.letters) {
      const isBare = payload.kind === "elements" && payload.columns.keys === undefined;
      need(!isKeyed || !isBare, "keys");
    }
  }
  if (body.kind !== "elements") return;
  need(kind === "shuffle", "body.kind");
  const sides = new Set(program.plan.edges.filter(({ to }) => to === id).map(({ side }) => side));
  for (const { side, keys } of body.windows) {
    need(sides.has(side), "side");
    if (isKeyed && side === undefined) need(keys !== undefined, "keys");
  }
}

/** Returns whether a value is an object that JSON can hold, and no list. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns how many elements there are. */
function elementsOf(windows: unknown): number {
  need(Array.isArray(windows), "body.windows");
  let count = 0;
  for (const columns of windows as readonly unknown[]) {
    need(isFields(columns), "body.windows");
    count += checkColumns(columns);
  }
  return count;
}

/** Returns how many elements there are. */
function checkColumns(columns: Fields): number {
  const { window, keys, values, times, ids, pane, side, size, letter } = columns;
  need(isWindow(window), "window");
  need(Array.isArray(values), "values");
  const { length } = values;
  need(keys === undefined || isColumn(keys, length, isKeyText), "keys");
  need(times === undefined || isColumn(times, length, isTime), "times");
  need(ids === undefined || isColumn(ids, length, isText), "ids");
  need(pane === undefined || isPane(pane), "pane");
  need(side === undefined || isText(side), "side");
  need(size === undefined || isWhole(size, 0), "size");
  need(letter === undefined, "letter"); // The engine's own, within a run.
  return length;
}

function checkAdvance(advance: Fields): void {
  const { watermarks, nowMs, synchronizedMs, drains, pauses, proves } = advance;
  need(isFields(watermarks), "body.watermarks");
  for (const pair of Object.values(watermarks)) need(isColumn(pair, 2, isTime), "body.watermarks");
  need(nowMs === undefined || isMs(nowMs), "body.nowMs");
  need(synchronizedMs === undefined || isMs(synchronizedMs), "body.synchronizedMs");
  need(drains === undefined || typeof drains === "boolean", "body.drains");
  need(pauses === undefined || typeof pauses === "boolean", "body.pauses");
  need(proves === undefined || typeof proves === "boolean", "body.proves");
}

/** Returns how many dead letters come back. */
function lettersOf(letters: unknown): number {
  need(Array.isArray(letters), "body.letters");
  for (const letter of letters as readonly unknown[]) {
    need(isFields(letter), "body.letters");
    const { id, attempt, payload } = letter;
    need(isText(id) && isWhole(attempt, 1), "body.letters");
    need(isFields(payload), "body.letters.payload");
    if (payload["kind"] === "elements") {
      need(isFields(payload["columns"]), "body.letters.payload");
      need(payload["columns"]["side"] === undefined, "body.letters.payload.side");
      need(checkColumns(payload["columns"]) === 1, "body.letters.payload");
    } else checkOutput(payload);
  }
  return letters.length;
}

function checkOutput({ kind, value, timestamp, window, pane }: Fields): void {
  need(kind === "output", "body.letters.payload.kind");
  need(value !== undefined, "body.letters.payload.value");
  need(isTime(timestamp) && isWindow(window), "body.letters.payload");
  need(pane === undefined || isPane(pane), "body.letters.payload.pane");
}

/** There is one in a message: whether it can be decoded is found out here, before it is kept. */
function checkRead(read: unknown): void {
  need(isFields(read), "body.read");
  const { restriction, estimator, watermark, element, isTruncated } = read;
  need(isTime(watermark), "body.read.watermark");
  need(isTruncated === undefined || typeof isTruncated === "boolean", "body.read.isTruncated");
  need(isDecodable(restriction), "body.read.restriction");
  need(isDecodable(estimator), "body.read.estimator");
  if (element === undefined) return;
  need(isFields(element), "body.read.element");
  const { value, timestamp, window, pane } = element;
  need(value !== undefined && isDecodable(value), "body.read.element.value");
  need(isTime(timestamp), "body.read.element.timestamp");
  need(isWindow(window), "body.read.element.window");
  need(pane === undefined || isPane(pane), "body.read.element.pane");
}

function isDecodable(value: unknown): boolean {
  try {
    if (value !== undefined) anyCoder.decode(value as Json);
    return true;
  } catch {
    return false; // ERR_DECODE, which the check says in its own words.
  }
}

/** Most keys are texts or numbers, which are what their first character says. */
function isKeyText(value: unknown): boolean {
  if (typeof value !== "string") return false;
  const type = value.charAt(0);
  if (type === "s" || type === "n") return true;
  try {
    decodeKey(value);
    return true;
  } catch {
    return false; // ERR_DECODE, as above.
  }
}

/** A window's key is what its window gives again, and the window has an extent. */
function isWindow(key: unknown): boolean {
  if (typeof key !== "string") return false;
  const window = parseWindowKey(key);
  const isInterval = isTime(window.start) && isTime(window.end) && window.start < window.end;
  return isInterval && windowKey(window) === key;
}

function isPane(pane: unknown): boolean {
  if (!Array.isArray(pane) || pane.length !== 5) return false;
  const [timing, index, onTimeIndex, isFirst, isLast] = pane as readonly unknown[];
  const isBooleans = typeof isFirst === "boolean" && typeof isLast === "boolean";
  return TIMINGS.includes(timing) && isWhole(index, 0) && isWhole(onTimeIndex, -1) && isBooleans;
}

function isColumn(
  column: unknown,
  length: number,
  isItem: (item: unknown) => boolean,
): column is unknown[] {
  return Array.isArray(column) && column.length === length && column.every(isItem);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isWhole(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

function isTime(value: unknown): value is number {
  return Number.isInteger(value) && isMs(value);
}

function isMs(value: unknown): value is number {
  const ms = Number(value);
  return typeof value === "number" && ms >= MIN_TIMESTAMP && ms <= MAX_TIMESTAMP;
}

function need(isRight: boolean, field: string): asserts isRight {
  if (isRight) return;
  throw new MeshError("ERR_DECODE", `A mailbox message's ${field} is not that of an envelope.`);
}
