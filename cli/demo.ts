/**
 * Demo, `npm start`: 20,000 real flights through a mesh of real functions on this machine.
 *
 * Exit codes: 0 every result is equal to a direct computation; 1 one differs, or it failed; 2 usage;
 * 130 it was stopped.
 */
import { fileURLToPath } from "node:url";
import { Command, CommanderError, Option } from "commander";
import type { WorldName } from "../emulators/local-world.ts";
import { Builder } from "./build.ts";
import { demoJson, demoReport } from "./demo-report.ts";
import { runDemo } from "./demo-run.ts";
import { errorReport } from "./error-report.ts";
import { formatDuration, formatMany } from "./format.ts";
import { countOption, shardsOption } from "./options.ts";
import { endWithReader, isTerminal, outputColumns, print, printAside } from "./output.ts";
import { startProgress } from "./progress.ts";
import { stopSignal } from "./stop-signal.ts";
import { LinesView } from "./views/lines-view.ts";
import { SilentView } from "./views/silent-view.ts";
import { TerminalView } from "./views/terminal-view.ts";
import type { DevView } from "./views/view.ts";

const EVENTS_MAX = 20_000;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

interface DemoFlags {
  readonly events: number;
  readonly emulators: WorldName;
  readonly shards?: number;
  readonly json?: boolean;
}

async function demo({ events, emulators, shards, json = false }: DemoFlags): Promise<number> {
  process.env["METADATA_SERVER_DETECTION"] ??= "none";
  const file = fileURLToPath(new URL("../examples/flights.ts", import.meta.url));
  const builder = new Builder(file, shards === undefined ? {} : { shards });
  process.on("exit", () => builder.remove());
  const stopped = stopSignal();
  const startedMs = performance.now();
  const build = await builder.build();
  if (!json) {
    const took = formatDuration(performance.now() - startedMs);
    print(
      `flights: ${formatMany(build.bundles.length, "function")} bundled in ${took}, world ${emulators}`,
    );
  }
  const progress = (total: number): ReturnType<typeof startProgress> =>
    startProgress({ label: "publish", unit: "flights", total, isSilent: json });
  const view = viewFor(json);
  const result = await runDemo({
    build,
    world: emulators,
    shards,
    events,
    view,
    progress,
    stopped,
  });
  if (result === undefined) return EXIT_INTERRUPTED;
  print(json ? demoJson(result) : `\n${demoReport(result, outputColumns())}`);
  return result.differences.length === 0 ? 0 : EXIT_FAILED;
}

function viewFor(json: boolean): DevView {
  if (json) return new SilentView();
  return isTerminal() ? new TerminalView(false, "") : new LinesView(false);
}

async function main(args: readonly string[]): Promise<number> {
  const program = new Command("npm start --")
    .description(
      `Runs ${EVENTS_MAX} real flights through a mesh of real functions on this machine.`,
    )
    .option("--events <n>", "how many flights, at most 20000", countOption, EVENTS_MAX)
    .addOption(
      new Option("--emulators <world>", "whose Pub/Sub and Firestore")
        .choices(["embedded", "google"])
        .default("embedded"),
    )
    .option("--shards <n>", "shards of each stage (default: 4)", shardsOption)
    .option("--json", "print the result as one JSON object and nothing else")
    .exitOverride();
  try {
    program.parse(args, { from: "user" });
    return await demo(program.opts<DemoFlags>());
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    printAside(errorReport(error, true));
    return EXIT_FAILED;
  }
}

endWithReader();
const exitCode = await main(process.argv.slice(2));
await new Promise((resolve) => process.stdout.write("", resolve));
process.exit(exitCode);
