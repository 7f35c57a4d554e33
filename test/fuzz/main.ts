/**
 * `npm run fuzz -- [--inputs N] [--seed N] [--json]`.
 *
 * Owns: the output and the exit code: 0 every input was answered as it must be, and nothing is lost; 1
 * something is wrong; 2 the command line can't be understood; 130 it was stopped.
 */
import { Command, CommanderError } from "commander";
import { formatCount } from "../../cli/format.ts";
import { countOption } from "../../cli/options.ts";
import { endWithReader, outputColumns, print, printAside } from "../../cli/output.ts";
import { startProgress } from "../../cli/progress.ts";
import { renderTable } from "../../cli/table.ts";
import { type EndpointReport, runFuzz } from "./fuzz-run.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

interface Flags {
  readonly inputs: number;
  readonly seed: number;
  readonly json?: boolean;
}

const stop = new AbortController();
process.on("SIGINT", () => stop.abort());
process.on("SIGTERM", () => stop.abort());

endWithReader();
const exitCode = await main(process.argv.slice(2));
await new Promise((resolve) => process.stdout.write("", resolve));
process.exit(exitCode);

async function main(args: readonly string[]): Promise<number> {
  const command = new Command("npm run fuzz --")
    .description("Gives every endpoint broken input, and looks for crashes and lost messages.")
    .option("--inputs <n>", "how many, over all endpoints", countOption, 100_000)
    .option("--seed <n>", "of the inputs", countOption, 2_026)
    .option("--json", "print one JSON object and nothing else")
    .exitOverride();
  try {
    command.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : EXIT_USAGE;
  }
  const { inputs, seed, json = false } = command.opts<Flags>();
  const shown = { label: "fuzz", unit: "inputs", total: inputs, isSilent: json };
  const progress = startProgress(shown);
  try {
    const endpoints = await runFuzz({ inputs, seed }, (done) => progress.update(done), stop.signal);
    progress.stop();
    const faults = endpoints.reduce((sum, each) => sum + each.faults.length, 0);
    print(json ? JSON.stringify({ seed, faults, endpoints }) : tableOf(endpoints));
    return faults === 0 ? 0 : EXIT_FAILED;
  } catch (error) {
    progress.stop();
    if (stop.signal.aborted) return EXIT_INTERRUPTED;
    printAside(`error ${error instanceof Error ? error.stack : String(error)}`);
    return EXIT_FAILED;
  }
}

function tableOf(endpoints: readonly EndpointReport[]): string {
  const answersOf = ({ answers }: EndpointReport): string =>
    Object.entries(answers)
      .sort(([, a], [, b]) => b - a)
      .map(([kind, n]) => `${kind} ${formatCount(n)}`)
      .join(", ");
  const table = renderTable(
    endpoints,
    [
      { head: "endpoint", cell: ({ endpoint }) => endpoint },
      { head: "inputs", cell: ({ inputs }) => formatCount(inputs), align: "right" },
      { head: "faults", cell: ({ faults }) => formatCount(faults.length), align: "right" },
      { head: "answers", cell: answersOf, isFlexible: true },
    ],
    outputColumns(),
  );
  const faults = endpoints.flatMap((each) => each.faults.map((f) => `${each.endpoint}: ${f}`));
  return [table, ...faults].join("\n");
}
