/**
 * Read flags: the command line of a program of its own, as `npm run` starts it.
 *
 * Owns: what is made of help and of what can't be understood. Does not own: the options (each program
 * has its own), or the commands of `tidemark` (program.ts).
 */
import { type Command, CommanderError } from "commander";
import { MeshError } from "../sdk/model/errors.ts";

/**
 * Returns the options of a command line; undefined if it asked for help, which has been printed.
 *
 * @param args - without `node` and the script
 * @throws ERR_OPTION if it can't be understood
 */
export function readFlags<Flags extends object>(
  command: Command,
  args: readonly string[],
): Flags | undefined {
  command.configureOutput({ writeErr: () => {} }).exitOverride();
  try {
    return command.parse(args, { from: "user" }).opts<Flags>();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    const words = error.message.replace(/^error: /, "");
    throw new MeshError("ERR_OPTION", `${command.name().replace(/ --$/, "")}: ${words}`, {
      cause: error,
    });
  }
}
