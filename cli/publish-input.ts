/**
 * Publish input: `--publish TOPIC=FILE` → messages.
 *
 * Owns: what the formats mean. Does not own: sending them.
 *
 * .json holds an array, .ndjson and .jsonl a value a line; each value is one message, its data the
 * value as JSON. A value `{"data": …, "attributes": {…}}` of just these two is a message with
 * attributes. Of any other file each line is one message as it stands.
 */
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import type { PublishedMessage } from "../emulators/memory/memory-mesh.ts";
import type { MeshPlan } from "../sdk/compile/plan.ts";
import { MeshError } from "../sdk/model/errors.ts";
import { orWords, similarTo } from "./similar.ts";

/** One `--publish`. */
export interface PublishRequest {
  readonly topic: string;
  readonly file: string;
}

/** Messages for a topic. */
export interface PublishInput {
  readonly topic: string;
  readonly messages: readonly PublishedMessage[];
}

/** Returns the parts of `TOPIC=FILE`, or undefined if it isn't that. */
export function parsePublish(text: string): PublishRequest | undefined {
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1) return undefined;
  return { topic: text.slice(0, at), file: text.slice(at + 1) };
}

/** Returns the topics, or subscriptions that exist already, that a pipeline reads. */
export function topicsRead(plan: MeshPlan): string[] {
  return plan.stages.flatMap(({ ingest }) =>
    ingest === undefined ? [] : [ingest.topic ?? ingest.subscription],
  );
}

/**
 * Checks that messages go to topics which the pipeline reads, and that each of these gets some.
 *
 * @throws ERR_OPTION
 */
export function checkPublish(plan: MeshPlan, requests: readonly PublishRequest[]): void {
  const read = topicsRead(plan);
  for (const { topic } of requests) {
    if (read.includes(topic)) continue;
    const [near] = similarTo(topic, read);
    const words =
      read.length === 0
        ? "it reads no topic at all"
        : `it reads ${orWords(read)}${near === undefined ? "" : `. Did you mean ${near}?`}`;
    throw new MeshError(
      "ERR_OPTION",
      `--publish ${topic}=…: pipeline ${plan.pipeline} does not read the topic ${topic}; ${words}`,
    );
  }
  const silent = read.find((topic) => !requests.some((request) => request.topic === topic));
  if (silent === undefined) return;
  throw new MeshError(
    "ERR_OPTION",
    `Pipeline ${plan.pipeline} reads the topic ${silent}, and a run has no publisher.\n` +
      `Give its messages in a file: --publish ${silent}=messages.ndjson (a JSON value a line) or ` +
      "a .json file with an array.\nOr run `tidemark dev` and publish to it.",
  );
}

/**
 * Reads the messages of one `--publish`.
 *
 * @throws ERR_OPTION if the file can't be read or is not what its name says
 */
export async function readPublish({ topic, file }: PublishRequest): Promise<PublishInput> {
  const text = await readText(topic, file);
  const format = extname(file).toLowerCase();
  if (format === ".json") {
    const values = parseJson(text, file);
    if (!Array.isArray(values)) {
      throw new MeshError(
        "ERR_OPTION",
        `${file} holds no JSON array. Use .ndjson for a value a line.`,
      );
    }
    return { topic, messages: values.map(messageOf) };
  }
  const lines = text.split(/\r?\n/);
  if (format !== ".ndjson" && format !== ".jsonl") {
    const kept = lines.at(-1) === "" ? lines.slice(0, -1) : lines;
    return { topic, messages: kept.map((data) => ({ data })) };
  }
  const messages = lines.flatMap((line, i) =>
    line.trim() === "" ? [] : [messageOf(parseJson(line, `${file}:${i + 1}`))],
  );
  return { topic, messages };
}

async function readText(topic: string, file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? `there is no file ${file}` : `${file} can't be read (${code})`;
    throw new MeshError("ERR_OPTION", `--publish ${topic}=${file}: ${why}.`, { cause });
  }
}

function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MeshError("ERR_OPTION", `${place} is not JSON: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function messageOf(value: unknown): PublishedMessage {
  if (!isMessage(value)) return { data: JSON.stringify(value) };
  return { data: JSON.stringify(value.data), attributes: value.attributes };
}

function isMessage(
  value: unknown,
): value is { readonly data: unknown; readonly attributes: Readonly<Record<string, string>> } {
  if (typeof value !== "object" || value === null) return false;
  const { data, attributes, ...rest } = value as Record<string, unknown>;
  if (data === undefined || typeof attributes !== "object" || attributes === null) return false;
  if (Object.keys(rest).length > 0) return false;
  return Object.values(attributes).every((each) => typeof each === "string");
}
