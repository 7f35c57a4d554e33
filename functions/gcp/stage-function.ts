/**
 * Stage function: the HTTP functions that a bundle exports.
 *
 * Owns: request → handler → status code. Does not own: what a stage does (stage-handler.ts).
 *
 * HT1. 204 means acknowledged; 400, not a push at all; 500, deliver it again.
 * HT2. The plan is compiled from the module that runs, and must be the plan that was deployed.
 */
import { compile } from "../../sdk/compile/compile.ts";
import type { MeshPlan } from "../../sdk/compile/plan.ts";
import { isMeshError, MeshError } from "../../sdk/model/errors.ts";
import type { Pipeline } from "../../sdk/pipeline.ts";
import type { Connectors } from "../connectors/connectors.ts";
import { boundLog } from "../log-context.ts";
import { failureText } from "../metrics/failures.ts";
import type { Log } from "../ports.ts";
import { createStage, ticksOf } from "../stage-handler.ts";
import { tick } from "../tracker.ts";
import { type FunctionEnvironment, readEnvironment } from "./environment.ts";
import { messageOfPush, subscriptionOfPush } from "./push-request.ts";
import { type Headers, traceOf } from "./trace-header.ts";
import { cloudWorld } from "./world.ts";

/** As much of an Express request as is used. */
export interface FunctionRequest {
  readonly headers?: Headers;
  readonly body?: unknown;
}

/** As much of an Express response as is used: the same in Express 4 and 5. */
export interface FunctionResponse {
  status(code: number): FunctionResponse;
  send(body?: string): unknown;
}

/** An HTTP function as functions-framework calls it. */
export type HttpFunction = (request: FunctionRequest, response: FunctionResponse) => Promise<void>;

/**
 * Returns the function of a stage.
 *
 * @throws ERR_PLAN_MISMATCH if the module's plan is not the one that was deployed
 */
export function stageFunction(
  pipeline: Pipeline,
  stage: string,
  connectors: Connectors,
): HttpFunction {
  const environment = readEnvironment(process.env);
  const plan = deployedPlan(pipeline, environment);
  const world = cloudWorld(environment, plan.pipeline);
  const { graph } = pipeline;
  const { options } = environment;
  const replay = plan.stages.find(({ id }) => id === stage)?.ingest?.replay ?? "";
  const handler = createStage({ graph, plan, stage, world, options, connectors });
  return async (request, response) => {
    const trace = traceOf(request.headers);
    const { pipeline: name, hash } = plan;
    const log = boundLog(world.log, () => ({ pipeline: name, plan: hash, stage, trace }));
    await answer(response, log, () => {
      const message = messageOfPush(request.body);
      const isReplay = subscriptionOfPush(request.body) === replay;
      return isReplay ? handler.replay(message) : handler.deliver(message, trace);
    });
  };
}

/** Returns the function of a pipeline's tracker. */
export function trackerFunction(pipeline: Pipeline): HttpFunction {
  const environment = readEnvironment(process.env);
  const plan = deployedPlan(pipeline, environment);
  const world = cloudWorld(environment, plan.pipeline);
  const { options } = environment;
  const ticks = ticksOf(plan, world, options);
  const { pipeline: name, hash } = plan;
  return async (request, response) => {
    const trace = traceOf(request.headers);
    const context = { pipeline: name, plan: hash, stage: "tracker", trace };
    const log = boundLog(world.log, () => context);
    await answer(response, log, () => tick({ plan, world: { ...world, log }, options, ticks }));
  };
}

function deployedPlan(pipeline: Pipeline, environment: FunctionEnvironment): MeshPlan {
  const plan = compile(pipeline, environment.compile);
  if (plan.hash === environment.planHash) return plan;
  throw new MeshError(
    "ERR_PLAN_MISMATCH",
    `The bundle's plan is ${plan.hash}, the deployed topology's ${environment.planHash}. ` +
      "Building the pipeline must be deterministic: no random or dated names.",
  );
}

async function answer(
  response: FunctionResponse,
  log: Log,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
    response.status(204).send();
  } catch (error) {
    const isForeign = isMeshError(error) && error.code === "ERR_DECODE";
    const message = error instanceof Error ? error.message : String(error);
    // What is refused comes again; what user code said of an element stays out of the log (SL1).
    log(isForeign ? "WARNING" : "ERROR", `Refused: ${failureText(error)}.`, {
      code: isMeshError(error) ? error.code : undefined,
      ...(!isForeign && { error }),
    });
    response.status(isForeign ? 400 : 500).send(message);
  }
}
