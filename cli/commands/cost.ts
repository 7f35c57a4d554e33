/**
 * `tidemark cost FILE`: what a month of a pipeline costs, beside Dataflow.
 */
import { type Command, InvalidArgumentError } from "commander";
import { TICK_MS } from "../../infra/config.ts";
import { loadPipeline } from "../../infra/load-pipeline.ts";
import { LIST_PRICES } from "../../infra/prices.ts";
import { compile } from "../../sdk/compile/compile.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import { costJson, costReport } from "../cost/cost-report.ts";
import { breakEven, dataflowMonth } from "../cost/dataflow.ts";
import { type Estimate, estimateOf, sumOf } from "../cost/estimate.ts";
import { type Measured, measureFlow } from "../cost/measured-flow.ts";
import { outputsOf } from "../cost/outputs.ts";
import { readPrices } from "../cost/prices.ts";
import { stageLoads } from "../cost/stage-loads.ts";
import { assumedFlow, EVENT_BYTES, MONTH_HOURS, type Workload } from "../cost/workload.ts";
import { countOption, publishOption, shardsOption, spanOption } from "../options.ts";
import { outputColumns, print } from "../output.ts";
import { checkPublish, type PublishRequest, readPublish } from "../publish-input.ts";

interface CostOptions {
  readonly eventsPerMonth: number;
  readonly freshness: number;
  readonly activeHours: number;
  readonly eventBytes?: number;
  readonly publish: readonly PublishRequest[];
  readonly shards?: number;
  readonly vcpus: number;
  readonly memory: number;
  readonly prices?: string;
  readonly json?: boolean;
}

/** Adds `cost` to the program. */
export function addCostCommand(program: Command): void {
  program
    .command("cost")
    .summary("estimate what a month in the cloud costs, beside Dataflow")
    .description("Estimates what a month in the cloud costs, beside Dataflow.")
    .argument("<file>", "module that exports the pipeline as default")
    .requiredOption("--events-per-month <n>", "events that come in", countOption)
    .option("--freshness <span>", "how often watermarks move on: 10s, 1min", spanOption, TICK_MS)
    .option(
      "--active-hours <n>",
      "hours of the month over which they come",
      hoursOption,
      MONTH_HOURS,
    )
    .option(
      "--event-bytes <n>",
      `size of an event's message (default: ${EVENT_BYTES})`,
      countOption,
    )
    .option("--publish <topic=file>", "measure with a sample of events", publishOption, [])
    .option("--shards <n>", "shards of each stage (default: 4)", shardsOption)
    .option("--vcpus <n>", "processors of an instance", amountOption, 1)
    .option("--memory <gib>", "memory of an instance", amountOption, 0.5)
    .option("--prices <file>", "JSON with prices that differ from the list")
    .option("--json", "print one JSON object")
    .action(async (file: string, options: CostOptions) => {
      const { pipeline } = await loadPipeline(file);
      const { shards, publish } = options;
      const plan = compile(pipeline, shards === undefined ? {} : { shards });
      if (!plan.stages.some(({ kind }) => kind === "ingest")) {
        throw new MeshError(
          "ERR_OPTION",
          `Pipeline ${plan.pipeline} reads no topic: it has an end, and costs only while it runs. ` +
            "`tidemark run` shows what it does.",
        );
      }
      let measured: Measured | undefined;
      if (publish.length > 0) {
        checkPublish(plan, publish);
        measured = await measureFlow(pipeline, shards, await Promise.all(publish.map(readPublish)));
      }
      const prices = options.prices === undefined ? LIST_PRICES : await readPrices(options.prices);
      const workload: Workload = {
        eventsPerMonth: options.eventsPerMonth,
        activeHours: options.activeHours,
        eventBytes: options.eventBytes ?? measured?.eventBytes ?? EVENT_BYTES,
        freshnessMs: options.freshness,
        vcpus: options.vcpus,
        memoryGib: options.memory,
      };
      const flow = measured?.flow ?? assumedFlow(plan);
      const outputs = outputsOf(plan, pipeline.graph);
      const requestBytesMin = prices.pubsubRequestBytesMin;
      const estimateFor = (eventsPerMonth: number): Estimate => {
        const load = { ...workload, eventsPerMonth };
        const input = { plan, workload: load, flow, outputs, requestBytesMin };
        return estimateOf(stageLoads(input), load, prices);
      };
      const figures = {
        pipeline: plan.pipeline,
        workload,
        sampleEvents: measured?.events,
        estimate: estimateFor(workload.eventsPerMonth),
        dataflow: dataflowMonth(workload, prices),
        breakEven: breakEven(workload, prices, (n) => sumOf(estimateFor(n).total)),
        hasOwnPrices: options.prices !== undefined,
      };
      print(options.json === true ? costJson(figures) : costReport(figures, outputColumns()));
    });
}

function hoursOption(text: string): number {
  const hours = amountOption(text);
  if (hours <= MONTH_HOURS) return hours;
  throw new InvalidArgumentError(`A month has ${MONTH_HOURS} hours.`);
}

function amountOption(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("Give a number above 0.");
}
