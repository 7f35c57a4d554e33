/**
 * `npm run sim`: the simulator from the command line.
 *
 * Owns: the options and the exit code. Does not own: runs (cli/), or what they check (checkers/).
 *
 * Exit codes: 0 every promise was kept; 1 one was not, or a planted bug escaped; 2 usage.
 */
import { Command, InvalidArgumentError } from "commander";
import { countOption } from "../../cli/options.ts";
import { outputColumns, print } from "../../cli/output.ts";
import { startProgress } from "../../cli/progress.ts";
import { stopSignal } from "../../cli/stop-signal.ts";
import { reportOf } from "./cli/report.ts";
import { runSeed } from "./cli/run-seed.ts";
import { runSeeds } from "./cli/run-seeds.ts";
import type { Totals } from "./cli/totals.ts";
import { PLANTED_BUGS } from "./planted/all.ts";
import { hunt } from "./planted/hunt.ts";
import { workloads } from "./workloads/all.ts";
import { FAULT_NAMES, FAULTS } from "./world/faults.ts";

interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly seed?: number;
  readonly workload?: string;
  readonly faults?: readonly number[];
  readonly workers: number;
  readonly trace: boolean;
  readonly json: boolean;
  readonly planted: boolean;
}

const names = workloads.map((make) => make(1).name);

const program = new Command("npm run sim --")
  .description("The unchanged engine in a simulated world that fails as real ones do, by seeds.")
  .option("--seeds <n>", "how many seeds", countOption, 100)
  .option("--from <n>", "the first seed", countOption, 1)
  .option("--seed <n>", "this seed alone", countOption)
  .option("--workload <name>", `one of: ${names.join(", ")}`, workloadOption)
  .option("--faults <list>", "numbers of the faults that may happen: 3,7", faultsOption)
  .option("--workers <n>", "threads", countOption, 2)
  .option("--trace", "print every step; with --seed", false)
  .option("--json", "print the figures as JSON", false)
  .option("--planted", "hunt the planted bugs instead", false)
  .addHelpText("after", () => `\nFaults:\n${faultLines().join("\n")}`);

const options = program.parse().opts<Options>();
process.exitCode = options.planted ? await huntAll() : await runAll(options);

async function runAll({ json, ...chosen }: Options): Promise<number> {
  const startedMs = performance.now();
  const totals = await totalsOf(chosen);
  const wallMs = performance.now() - startedMs;
  if (json) print(JSON.stringify({ ...totals, wallMs: Math.round(wallMs) }));
  else print(reportOf(totals, wallMs, outputColumns()));
  return totals.violations.length === 0 ? 0 : 1;
}

async function totalsOf(options: Omit<Options, "json">): Promise<Totals> {
  const { seed, seeds, from, workers, workload, faults } = options;
  const selection = { workload, faults };
  if (seed !== undefined) return runSeed(seed, selection, options.trace ? print : undefined);
  if (options.trace) program.error("--trace needs --seed", { exitCode: 2 });
  const progress = startProgress({ label: "simulating", unit: "seeds", total: seeds });
  try {
    const range = { from, seeds, workers };
    return await runSeeds(range, selection, stopSignal(), (done) => progress.update(done));
  } finally {
    progress.stop();
  }
}

async function huntAll(): Promise<number> {
  let escaped = 0;
  for (const bug of PLANTED_BUGS) {
    const { caught, others } = await hunt(bug);
    if (caught === undefined) escaped++;
    const verdict =
      caught === undefined
        ? `ESCAPED ${bug.caughtBy}; seen by ${others.join(", ") || "nobody"}`
        : `caught by ${bug.caughtBy}, seed ${caught.seed}`;
    print(`${bug.name}: ${verdict}`);
  }
  return escaped === 0 ? 0 : 1;
}

function workloadOption(text: string): string {
  if (names.includes(text)) return text;
  throw new InvalidArgumentError(`There is none of this name; there are: ${names.join(", ")}.`);
}

function faultsOption(text: string): readonly number[] {
  const numbers = text.split(",").map(Number);
  const known = new Set<number>(FAULT_NAMES.map((name) => FAULTS[name].number));
  const unknown = numbers.find((number) => !known.has(number));
  if (unknown === undefined) return numbers;
  throw new InvalidArgumentError(`No fault has the number ${unknown}.`);
}

function faultLines(): string[] {
  return FAULT_NAMES.map((name) => {
    const { number, does } = FAULTS[name];
    return `  ${String(number).padStart(2)}  ${name}: ${does}`;
  });
}
