/**
 * Stage function: the HTTP functions that a bundle exports.
 *
 * Owns: request → handler. Does not own: what a stage does (stage-handler.ts), status codes
 * (http-answer.ts).
 *
 * HT2. The plan is compiled from the module that runs, and must be the plan that was deployed.
 */
import { compile } from "../../sdk/compile/compile.ts";
import type { MeshPlan } from "../../sdk/compile/plan.ts";
import type { SourceMessage } from "../../sdk/io/source-spec.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import type { Pipeline } from "../../sdk/pipeline.ts";
import type { Connectors } from "../connectors/connectors.ts";
import { boundLog, type TraceContext, tracedLog } from "../log-context.ts";
import type { Log } from "../ports.ts";
import { mapStacksBy } from "../stack-text.ts";
import { createStage, ticksOf } from "../stage-handler.ts";
import { tick } from "../tracker.ts";
import { type FunctionEnvironment, readEnvironment } from "./environment.ts";
import { answer, checkRequest, type HttpFunction } from "./http-answer.ts";
import { type CallerCheck, callerCheck } from "./push-auth.ts";
import { messageOfPush, subscriptionOfPush } from "./push-request.ts";
import { mappedStack } from "./source-maps.ts";
import { traceOf } from "./trace-header.ts";
import { cloudWorld } from "./world.ts";

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
  mapStacksBy(mappedStack);
  const environment = readEnvironment(process.env);
  const plan = deployedPlan(pipeline, environment);
  const world = cloudWorld(environment, plan.pipeline);
  const { graph } = pipeline;
  const { options } = environment;
  const replay = plan.stages.find(({ id }) => id === stage)?.ingest?.replay ?? "";
  const handler = createStage({ graph, plan, stage, world, options, connectors });
  const checkCaller = callerCheck(environment.auth);
  return pushFunction(
    (message, subscription, trace) =>
      subscription === replay ? handler.replay(message) : handler.deliver(message, trace),
    checkCaller,
    boundLog(world.log, () => ({ pipeline: plan.pipeline, plan: plan.hash, stage })),
  );
}

/** Returns the function that takes the pushes of its subscriptions. */
export function pushFunction(
  deliver: (
    message: SourceMessage,
    subscription: string | undefined,
    trace: TraceContext | undefined,
  ) => Promise<void>,
  checkCaller: CallerCheck,
  log: Log,
): HttpFunction {
  return (request, response) => {
    const trace = traceOf(request.headers);
    return answer(response, tracedLog(log, trace), async () => {
      await checkCaller(request);
      checkRequest(request);
      await deliver(messageOfPush(request.body), subscriptionOfPush(request.body), trace);
    });
  };
}

/** Returns the function of a pipeline's tracker. */
export function trackerFunction(pipeline: Pipeline): HttpFunction {
  mapStacksBy(mappedStack);
  const environment = readEnvironment(process.env);
  const plan = deployedPlan(pipeline, environment);
  const world = cloudWorld(environment, plan.pipeline);
  const { options } = environment;
  const ticks = ticksOf(plan, world, options);
  const checkCaller = callerCheck(environment.auth);
  const { pipeline: name, hash } = plan;
  const own = boundLog(world.log, () => ({ pipeline: name, plan: hash, stage: "tracker" }));
  return (request, response) => {
    const log = tracedLog(own, traceOf(request.headers));
    return answer(response, log, async () => {
      await checkCaller(request);
      checkRequest(request);
      await tick({ plan, world: { ...world, log }, options, ticks });
    });
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
