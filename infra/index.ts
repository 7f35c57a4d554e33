/**
 * The Pulumi program: `pulumi up` runs this file (Pulumi.yaml names it).
 *
 * Owns: the stack's outputs.
 */
import type { Output } from "@pulumi/pulumi";
import type { StackOutputs } from "./outputs.ts";
import { runStack } from "./run-stack.ts";

const outputs: StackOutputs = await runStack();

/** Topics to publish to, by pipeline. */
export const topics: StackOutputs["topics"] = outputs.topics;
/** URLs of functions, by pipeline and stage. */
export const functions: StackOutputs["functions"] = outputs.functions;
/** How each job stands. */
export const jobs: Output<Readonly<Record<string, string>>> = outputs.jobs;
/** Dashboards in the console, by pipeline. */
export const dashboards: StackOutputs["dashboards"] = outputs.dashboards;
/** Commands to try. */
export const commands: readonly string[] = outputs.commands;
