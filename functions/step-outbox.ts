/**
 * Step outbox: what a run gave, as outbox entries with their numbers and ids.
 *
 * Owns: sequence numbers of bundles, ids of sink messages and dead letters, names of sink files. Does not own: the
 * entries' way out (outbox.ts).
 * Place on the data's way: between the run and the commit of an activation.
 *
 * A4. Numbers and ids follow from the shard and its version, so that what is sent again is the same.
 */
import type { Timestamp } from "../sdk/model/time.ts";
import type { DeadLetter } from "./dead-letter.ts";
import { columnPayload } from "./dead-letters/payload.ts";
import { messagesOf } from "./dead-letters/taking.ts";
import { bundleText, type EnvelopeBody, type WindowColumns } from "./envelope.ts";
import { generationOf } from "./job.ts";
import type { Failures } from "./metrics/failures.ts";
import type { WorkJson } from "./metrics/work.ts";
import type { EngineOptions } from "./options.ts";
import type { OutboxEntry } from "./outbox.ts";
import type { World } from "./ports.ts";
import type { Program } from "./program.ts";
import type { RunResult } from "./run-bundle.ts";
import type { ShardDead } from "./run-work.ts";
import { numberBundle } from "./sent.ts";
import type { Shard } from "./shard.ts";
import { transformOf, userError } from "./user-errors.ts";

/** An element that the user's code could not add to its key and window. */
export interface PoisonDead {
  readonly columns: WindowColumns;
  readonly index: number;
  readonly error: unknown;
}

interface Context {
  readonly program: Program;
  readonly failures: Failures;
  readonly world: World;
  readonly options: EngineOptions;
}

/** Returns the outbox of a step; numbers its bundles in `shard.sent`. */
export function outboxOf(
  shard: Shard,
  result: RunResult,
  letters: readonly DeadLetter[],
  context: Pick<Context, "program">,
): OutboxEntry[] {
  const version = nextVersion(shard);
  const entries: OutboxEntry[] = [];
  for (const bundle of result.outputs.bundles) {
    const body = `{"kind":"elements","windows":${bundle.windowsText}}`;
    entries.push(bundleEntry(shard, context.program, bundle, body));
  }
  for (const { shard: to, minTime, body } of result.self) {
    const self = { stage: shard.ref.stage, shard: to, minTime, count: countOf(body) };
    entries.push(bundleEntry(shard, context.program, self, JSON.stringify(body)));
  }
  result.outputs.messages.forEach(({ topic, key, data, attributes }, i) => {
    const id = `${shard.ref.stage}/${shard.ref.shard}/${version}/${i}`;
    const marked = { ...attributes, "tidemark-id": id };
    entries.push(messageEntry(topic, key, data, marked));
  });
  for (const file of result.outputs.files) entries.push(fileEntry(shard, file, context.program));
  entries.push(...letterEntries(context.program.plan.deadLetterTopic, letters));
  return entries;
}

/** Returns the messages of dead letters as entries. */
export function letterEntries(topic: string, letters: readonly DeadLetter[]): OutboxEntry[] {
  return messagesOf(topic, letters).map(({ orderingKey, data, attributes }) =>
    messageEntry(topic, orderingKey, data, attributes),
  );
}

/** Returns the id of a dead letter of the next commit; a restore may bring a version again. */
export function letterId(shard: Shard, index: number | string): string {
  const { stage, shard: number } = shard.ref;
  const generation = shard.generation > 0 ? `${shard.generation}.` : "";
  return `${stage}~${number}~${generation}${nextVersion(shard)}~${index}`;
}

function nextVersion({ version }: Shard): number {
  return (version ?? 0) + 1;
}

/** Returns how many elements a run sends, by target stage. */
export function sentElements(shard: Shard, { outputs, self }: RunResult): WorkJson {
  const sent: Record<string, number> = {};
  const own = self.map(({ body }) => ({ stage: shard.ref.stage, count: countOf(body) }));
  for (const { stage, count } of [...outputs.bundles, ...own]) {
    if (count > 0) sent[stage] = (sent[stage] ?? 0) + count;
  }
  return Object.keys(sent).length === 0 ? {} : { sent };
}

/** Elements of a message to itself: a half of a bundle may have to be cut again. */
function countOf(body: EnvelopeBody): number {
  if (body.kind !== "elements") return 0;
  return body.windows.reduce((sum, { values }) => sum + values.length, 0);
}

function bundleEntry(
  shard: Shard,
  program: Program,
  to: {
    readonly stage: string;
    readonly shard: number;
    readonly minTime: Timestamp;
    readonly count: number;
  },
  bodyText: string,
): OutboxEntry {
  const sequence = numberBundle(shard.sent, `${to.stage}/${to.shard}`, to.minTime);
  const producer = `${shard.ref.stage}/${shard.ref.shard}`;
  const { plan } = shard;
  const text = bundleText({ plan, ...generationOf(shard), producer, sequence, ...to }, bodyText);
  return { kind: "bundle", topic: program.mailboxOf(to.stage), key: String(to.shard), text };
}

function messageEntry(
  topic: string,
  key: string,
  data: Uint8Array,
  attributes: Readonly<Record<string, string>>,
): OutboxEntry {
  return { kind: "message", topic, key, data: Buffer.from(data).toString("base64"), attributes };
}

function fileEntry(
  shard: Shard,
  file: RunResult["outputs"]["files"][number],
  program: Program,
): OutboxEntry {
  const index = shard.filesWritten[file.node] ?? 0;
  shard.filesWritten[file.node] = index + 1;
  const five = (n: number): string => String(n).padStart(5, "0");
  const part = index === 0 ? "" : `-${index}`;
  const name = `${five(shard.ref.shard)}-of-${five(program.stage.shards)}${part}`;
  const lines = file.header === undefined ? file.lines : [file.header, ...file.lines];
  const path = `${file.prefix}-${name}.${file.extension}`;
  return { kind: "file", path, text: `${lines.join("\n")}\n` };
}

/** Returns what a step sets aside, and counts it. */
export function deadLettersOf(
  shard: Shard,
  result: RunResult,
  poison: readonly PoisonDead[],
  { program, world, options, failures }: Context,
): DeadLetter[] {
  const { stage, shard: number } = shard.ref;
  const notAdded = poison.map(({ columns, index, error }): ShardDead => {
    return {
      error: userError(program.root, error),
      attempts: options.attemptsMax,
      element: { key: columns.keys?.[index], value: columns.values[index] },
      window: columns.window,
      replay: columnPayload(columns, index),
      ...(columns.times !== undefined && { timestamp: columns.times[index] }),
      ...(columns.letter !== undefined && { letter: columns.letter }),
    };
  });
  return [...result.dead, ...notAdded].map(({ letter, ...dead }, i): DeadLetter => {
    shard.metrics.deadLetters++;
    failures.note(dead.error, world.clock.nowMs(), true);
    const { pipeline, hash: plan } = program.plan;
    return {
      ...dead,
      id: letter?.id ?? letterId(shard, i),
      pipeline,
      plan,
      fingerprint: program.stage.fingerprint,
      stage,
      shard: number,
      transform: transformOf(dead.error, program.root),
      replays: letter?.attempt ?? 0,
      atMs: world.clock.nowMs(),
    };
  });
}
