/**
 * `tidemark plan FILE`: what a pipeline compiles to, and why.
 */
import type { Command } from "commander";
import pc from "picocolors";
import { loadPipeline } from "../../infra/load-pipeline.ts";
import { compile } from "../../sdk/compile/compile.ts";
import { explainPlan } from "../../sdk/compile/explain.ts";
import { shardsOption } from "../options.ts";
import { print } from "../output.ts";

interface PlanOptions {
  readonly shards?: number;
  readonly json?: boolean;
}

/** Adds `plan` to the program. */
export function addPlanCommand(program: Command): void {
  program
    .command("plan")
    .summary("show the functions that a pipeline compiles to, and why it is cut there")
    .description("Shows the functions that a pipeline compiles to, and why it is cut there.")
    .argument("<file>", "module that exports the pipeline as default")
    .option("--shards <n>", "shards of each stage (default: 4)", shardsOption)
    .option("--json", "print the plan as JSON")
    .action(async (file: string, options: PlanOptions) => {
      const { pipeline } = await loadPipeline(file);
      const { shards } = options;
      const plan = compile(pipeline, shards === undefined ? {} : { shards });
      print(
        options.json === true
          ? JSON.stringify(plan, undefined, 2)
          : highlight(explainPlan(plan, pipeline.graph)),
      );
    });
}

/** Lines that begin at the margin name something; of the others the first word is a label. */
function highlight(text: string): string {
  return text
    .split("\n")
    .map((line) => {
      const [, label, rest] = /^( {3}\S+(?: to)? +)(.*)$/.exec(line) ?? [];
      return label === undefined ? pc.bold(line) : `${pc.dim(label)}${rest}`;
    })
    .join("\n");
}
