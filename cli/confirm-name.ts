/**
 * Confirm name: asks for a pipeline's name before something is gone for good.
 *
 * Owns: the question, and what is said where nobody can be asked. Does not own: what is then done.
 */
import { createInterface } from "node:readline/promises";
import { MeshError } from "../sdk/model/errors.ts";

/**
 * Resolves when the pipeline's name was typed.
 *
 * @throws ERR_OPTION if nobody can be asked, or something else was typed, or nothing
 */
export async function confirmName(
  pipeline: string,
  input: NodeJS.ReadableStream & { readonly isTTY?: boolean },
  output: NodeJS.WritableStream,
): Promise<void> {
  if (input.isTTY !== true) {
    throw new MeshError(
      "ERR_OPTION",
      `Cancelling ${pipeline} deletes its state, and nobody can be asked here. ` +
        "Give --yes, or --keep-state to keep it.",
    );
  }
  const terminal = createInterface({ input, output });
  try {
    const ended = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
    const words = `This deletes the state of ${pipeline}. Type its name to go on: `;
    const answer = await Promise.race([terminal.question(words), ended]);
    if (answer.trim() === pipeline) return;
  } finally {
    terminal.close();
  }
  throw new MeshError("ERR_OPTION", `That is not "${pipeline}": nothing was done.`);
}
