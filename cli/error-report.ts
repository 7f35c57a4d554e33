/**
 * Error report: an error as the author reads it.
 *
 * Owns: the words around an error, and which errors show a stack. Does not own: the messages, which
 * already say what and where (sdk/model/errors.ts).
 */
import { styleText } from "node:util";
import { isMeshError, type MeshErrorCode } from "../sdk/model/errors.ts";

/** What to do, where the message alone leaves it open. */
const advice: Readonly<Partial<Record<MeshErrorCode, string>>> = {
  ERR_UNSUPPORTED: "Leave that feature out; docs/ lists what the mesh runs.",
  ERR_PIPELINE: "Change the pipeline at the place named above.",
  ERR_PIPELINE_FILE: "Mend the file, or give the path of another one.",
  ERR_DUPLICATE_NAME: "Give one of the two transforms another { name }.",
  ERR_DURATION: "Give whole milliseconds, or an object such as { minutes: 5 }.",
  ERR_OPTION: "Run the command with --help to see what it takes.",
  ERR_SOURCE_MISSING: "Check the path; it is relative to the folder in which you run tidemark.",
  ERR_EMULATOR: "Run again with --verbose to see what the process said.",
  ERR_PORT_IN_USE: "End the program that has the port, or give another port.",
  ERR_PLAN_MISMATCH: "Start again without the stored state, or with the old pipeline.",
  ERR_UNAVAILABLE: "Try again; with --verbose you see the cause.",
  ERR_INVARIANT: "This is a fault in Tidemark: please report it with the output of --verbose.",
};

/**
 * Returns an error as a block of text. An error of the mesh is its code, its message and what to do;
 * anything else is unexpected and shows its stack.
 */
export function errorReport(error: unknown, isVerbose: boolean): string {
  if (!isMeshError(error)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `${label("unexpected error")}\n${indent(stack)}`;
  }
  const lines = [`${label(`error ${error.code}`)}`, indent(error.message)];
  const hint = advice[error.code];
  if (hint !== undefined) lines.push(indent(`→ ${hint}`));
  if (isVerbose) lines.push("", indent(stackWithCauses(error)));
  return lines.join("\n");
}

function label(text: string): string {
  return styleText(["red", "bold"], text, { stream: process.stderr });
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "  ");
}

function stackWithCauses(error: Error): string {
  const stacks: string[] = [];
  let each: unknown = error;
  while (each instanceof Error) {
    stacks.push(each.stack ?? each.message);
    each = each.cause;
  }
  return stacks.join("\ncaused by ");
}
