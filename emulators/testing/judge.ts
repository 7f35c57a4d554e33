/**
 * Judge: what a run recorded → whether its assertions hold. The same for every world.
 *
 * Owns: when a run has failed, and the report. Does not own: the checks (sdk/testing).
 *
 * JU1. As many checks run as the pipeline has; one that could not run fails the test (AS1).
 */
import type { SourceMessage } from "../../sdk/io/source-spec.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import type { NodeId } from "../../sdk/model/graph.ts";
import type { Pipeline } from "../../sdk/pipeline.ts";
import type { Reified } from "../../sdk/testing/assertion.ts";
import { decodeRecorded } from "../../sdk/testing/recorded.ts";
import { runChecks } from "../../sdk/testing/run-checks.ts";

/** An element that could not be processed. */
export interface RunDeadLetter {
  readonly stage: string;
  readonly attempts: number;
  readonly error: { readonly code: string; readonly message: string; readonly stack?: string };
  /** The element; left out where a message could not be decoded. */
  readonly element?: unknown;
  /** The message that could not be decoded, as base64. */
  readonly data?: string;
}

/** What a judge reads of a message. */
export type RecordedMessage = Pick<SourceMessage, "data" | "attributes">;

const DEAD_LETTERS_SHOWN_MAX = 5;

/**
 * Runs the checks of a pipeline's assertions over what its run recorded; returns how many ran.
 *
 * @param unwanted - dead letters that the test does not allow
 * @throws ERR_ASSERTION with all that failed
 */
export async function judge(
  { name, graph }: Pipeline,
  recorded: readonly RecordedMessage[],
  unwanted: readonly RunDeadLetter[],
): Promise<number> {
  const { checks, failed } = await runChecks(graph, byAssertion(recorded));
  if (failed.length === 0 && unwanted.length === 0) return checks;
  const lines = [`The run of ${name} is not as its test expects.`];
  if (failed.length > 0) lines.push("", `${failed.length} of ${checks} checks failed:`);
  for (const { words } of failed) lines.push("", words);
  lines.push(...deadLetterLines(unwanted));
  throw new MeshError("ERR_ASSERTION", lines.join("\n"), { cause: failed[0]?.error });
}

/** Returns the JSON value of a message. */
export function jsonOf<T>({ data }: Pick<SourceMessage, "data">): T {
  return JSON.parse(Buffer.from(data).toString("utf8")) as T;
}

/** A message that is published twice has the same id: it counts once. */
function byAssertion(messages: readonly RecordedMessage[]): Map<NodeId, Reified<unknown>[]> {
  const elements = new Map<NodeId, Reified<unknown>[]>();
  const known = new Set<string>();
  for (const { data, attributes } of messages) {
    const id = attributes["tidemark-id"] ?? "";
    if (known.has(id)) continue;
    known.add(id);
    const { assertion, element } = decodeRecorded(Buffer.from(data).toString("utf8"));
    const taken = elements.get(assertion);
    if (taken === undefined) elements.set(assertion, [element]);
    else taken.push(element);
  }
  return elements;
}

function deadLetterLines(letters: readonly RunDeadLetter[]): string[] {
  if (letters.length === 0) return [];
  const shown = letters.slice(0, DEAD_LETTERS_SHOWN_MAX);
  const rest = letters.length - shown.length;
  return [
    "",
    `${letters.length} elements became dead letters (allowDeadLetters: true lets them pass):`,
    ...shown.map(({ error: { code, message } }) => `  ${code}: ${message}`),
    ...(rest > 0 ? [`  … and ${rest} more`] : []),
  ];
}
