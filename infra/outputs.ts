/**
 * Outputs: what a stack tells when it stands.
 */
import { all, type Output } from "@pulumi/pulumi";
import type { MeshPipeline } from "./pipeline.ts";
import type { MeshPlatform } from "./platform.ts";

/** The outputs of a stack. */
export interface StackOutputs {
  /** Topics to publish to, by pipeline. */
  readonly topics: Readonly<Record<string, readonly string[]>>;
  /** URLs of functions, by pipeline, and stage or `tracker`. */
  readonly functions: Output<Readonly<Record<string, Readonly<Record<string, string>>>>>;
  /** How each job stands. */
  readonly jobs: Output<Readonly<Record<string, string>>>;
  /** Dashboards in the console, by pipeline. */
  readonly dashboards: Output<Readonly<Record<string, string>>>;
  /** Commands to try. */
  readonly commands: readonly string[];
}

/** Returns the outputs of a stack. */
export function outputsOf(
  platform: MeshPlatform,
  pipelines: readonly MeshPipeline[],
  states: Readonly<Record<string, Output<string>>>,
): StackOutputs {
  const by = <T>(of: (pipeline: MeshPipeline) => T): Record<string, T> =>
    Object.fromEntries(pipelines.map((each) => [each.plan.pipeline, of(each)]));
  return {
    topics: by(({ plan }) => plan.stages.flatMap(({ ingest }) => ingest?.topic ?? [])),
    functions: all(by(({ urls }) => all(urls))),
    jobs: all(states),
    dashboards: all(by(({ dashboardUrl }) => dashboardUrl)),
    commands: pipelines.flatMap(({ plan }) => commandsOf(platform, plan.pipeline)),
  };
}

function commandsOf({ project, database }: MeshPlatform, pipeline: string): string[] {
  const place = `--project ${project} --database "${database}"`;
  return [
    `tidemark status ${pipeline} ${place}`,
    `tidemark dead-letters list ${pipeline} ${place}`,
    `tidemark drain ${pipeline} ${place}`,
  ];
}
