/**
 * `npm run chaos -- [--world WORLD] [--pipeline NAME] [--events N] [--kills N] [--seed N] [--json]`.
 *
 * Owns: the output and the exit code: 0 nothing is lost and nothing doubled; 1 something is, or fewer
 * kills were made than asked for, or the run failed; 2 the command line can't be understood; 130 it
 * was stopped.
 */
import { endWithReader, outputColumns, print, printAside } from "../../cli/output.ts";
import { isMeshError } from "../../sdk/model/errors.ts";
import { runChaos } from "./chaos-run.ts";
import { readOptions } from "./options.ts";
import { isSound } from "./outcome.ts";
import { ProgressWatcher } from "./progress-watcher.ts";
import { reportText } from "./report.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const stop = new AbortController();
process.on("SIGINT", () => stop.abort());
process.on("SIGTERM", () => stop.abort());
process.env["METADATA_SERVER_DETECTION"] ??= "none";

endWithReader();
const exitCode = await main(process.argv.slice(2));
// What was written goes out first; then nothing that a library keeps open may hold the process.
await new Promise((resolve) => process.stdout.write("", resolve));
process.exit(exitCode);

async function main(args: readonly string[]): Promise<number> {
  const watcher = new ProgressWatcher();
  try {
    const options = readOptions(args);
    if (options === undefined) return 0;
    watcher.isSilent = options.isJson;
    const outcome = await runChaos(options, watcher, stop.signal);
    watcher.stop();
    print(options.isJson ? JSON.stringify(outcome) : reportText(outcome, outputColumns()));
    return isSound(outcome) ? 0 : EXIT_FAILED;
  } catch (error) {
    watcher.stop();
    if (stop.signal.aborted) return EXIT_INTERRUPTED;
    const isUsage = isMeshError(error) && error.code === "ERR_OPTION";
    const words = error instanceof Error ? error.message : String(error);
    printAside(`error ${isMeshError(error) ? `${error.code}: ` : ""}${words}`);
    return isUsage ? EXIT_USAGE : EXIT_FAILED;
  }
}
