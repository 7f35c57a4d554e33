/**
 * Up local, `npm run up:local`: the Pulumi program of a mesh, applied to a local cloud and tried.
 *
 * Exit codes: 0 every step showed what it must; 1 one did not; 2 usage; 130 it was stopped.
 */
import { Command, CommanderError } from "commander";
import { errorReport } from "./error-report.ts";
import { countOption } from "./options.ts";
import { endWithReader, printAside } from "./output.ts";
import { stopSignal } from "./stop-signal.ts";
import { upLocal } from "./up-local-run.ts";

const EVENTS_MAX = 20_000;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

interface UpLocalFlags {
  readonly events: number;
  readonly keep?: boolean;
}

async function run({ events, keep = false }: UpLocalFlags): Promise<number> {
  const stopped = stopSignal();
  let isStopped = false;
  void stopped.then(() => {
    isStopped = true;
  });
  try {
    await upLocal({ events, isKept: keep, stopped });
    return 0;
  } catch (error) {
    if (isStopped) return EXIT_INTERRUPTED;
    printAside(errorReport(error, false));
    return EXIT_FAILED;
  }
}

async function main(args: readonly string[]): Promise<number> {
  const program = new Command("npm run up:local --")
    .description(
      "Applies the mesh's Pulumi program to a local cloud: preview, up, flights through it, up again\n" +
        "(nothing changes), destroy (nothing is left).",
    )
    .option("--events <n>", "how many flights, at most 20000", countOption, EVENTS_MAX)
    .option("--keep", "leave it up until Ctrl-C, for messages of your own; no flights")
    .exitOverride();
  try {
    program.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : EXIT_USAGE;
  }
  return run(program.opts<UpLocalFlags>());
}

endWithReader();
const exitCode = await main(process.argv.slice(2));
await new Promise((resolve) => process.stdout.write("", resolve));
process.exit(exitCode);
