/**
 * `npm run bench -- counts | memory | cold | poison [--events N] [--json]`.
 *
 * Owns: the command line and the output. Does not own: the workloads (one a file).
 */
import { parseArgs } from "node:util";
import { coldStarts } from "./cold-start.ts";
import { countOperations } from "./counts.ts";
import { poisonFigures } from "./poison/run.ts";
import { type WindowedCount, windowedCount } from "./windowed-count.ts";

const usage = `npm run bench -- WORKLOAD [--events N] [--json]

  counts   operations that events cost, exact (the flights example, memory world)
  memory   windowed count by key: elements a second, and how time grows
  cold     cold starts beside a function that says hello (--events: rounds)
  poison   what two elements that always fail do to the others, on processes
`;

/** About half of what two cores take (docs/performance.md): nothing queues up by itself. */
const PER_SECOND = 500;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { events: { type: "string" }, json: { type: "boolean", default: false } },
});
const events = values.events === undefined ? undefined : Number(values.events);
const [workload] = positionals;

if (workload === "counts") print(await countOperations(events ?? 20_000));
else if (workload === "memory") print(await memory(events ?? 1_000_000));
else if (workload === "cold") print(await coldStarts(events ?? 11));
else if (workload === "poison") print(await poisonFigures(events ?? 100_000, PER_SECOND));
else {
  process.stderr.write(usage);
  process.exitCode = 2;
}

/** A tenth first, in the same process: how time grows is their ratio. */
async function memory(elements: number): Promise<Record<string, WindowedCount | number>> {
  await windowedCount(elements / 10); // Warms the compiler up.
  const tenth = await windowedCount(elements / 10);
  const whole = await windowedCount(elements);
  return { tenth, whole, timeRatio: Math.round((whole.seconds / tenth.seconds) * 100) / 100 };
}

function print(result: object): void {
  const text = values.json ? JSON.stringify(result) : JSON.stringify(result, null, 2);
  process.stdout.write(`${text}\n`);
}
