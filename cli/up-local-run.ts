/**
 * Up local run: the mesh's own Pulumi program, applied to a local cloud, from the preview to nothing.
 *
 * Owns: the steps and what each must show. Does not own: the engine (emulators/pulumi/), the
 * comparison of the flights (demo-run.ts).
 */
import { setMaxListeners } from "node:events";
import { fileURLToPath } from "node:url";
import { describeDenial } from "../emulators/iam/report.ts";
import type { Failure, Operation, Outcome } from "../emulators/pulumi/index.ts";
import { type LocalStack, startLocalStack } from "../emulators/pulumi/local-stack.ts";
import { drain } from "../functions/control/drain.ts";
import { MeshError } from "../sdk/model/errors.ts";
import { withJob } from "./connection.ts";
import { demoReport } from "./demo-report.ts";
import { readFlights, throughMesh } from "./demo-run.ts";
import { formatDuration, formatMany } from "./format.ts";
import { readLogLine } from "./function-log.ts";
import { controlOf } from "./job-command.ts";
import { outputColumns, print, printAside } from "./output.ts";
import { startProgress } from "./progress.ts";
import { lookAt } from "./status-look.ts";
import { SilentView } from "./views/silent-view.ts";

/** What is run. */
export interface UpLocalOptions {
  /** How many flights. */
  readonly events: number;
  /** Leaves the stack up until it is stopped, and sends nothing through it. */
  readonly isKept: boolean;
  readonly stopped: Promise<NodeJS.Signals>;
}

const PROJECT = "tidemark-local";
const DATABASE = "tidemark";
const PIPELINE = "flights";
const CONFIG = {
  "tidemark:pipelines": JSON.stringify(["examples/flights.ts"]),
  "tidemark:database": DATABASE,
  // Otherwise Pulumi would refuse to delete the database.
  "tidemark:protect": "false",
  "tidemark:tickMs": "250",
};

/**
 * Runs all steps.
 *
 * @throws ERR_ASSERTION where a step shows something else than it must
 */
export async function upLocal(options: UpLocalOptions): Promise<void> {
  const startedMs = performance.now();
  const ended = new AbortController();
  setMaxListeners(0, ended.signal);
  void options.stopped.then(() => ended.abort());
  const view = new SilentView();
  const stack = await startLocalStack({
    project: PROJECT,
    program: fileURLToPath(new URL("..", import.meta.url)),
    config: CONFIG,
    signal: ended.signal,
    onLog: (line) => {
      const entry = readLogLine(line, false);
      if (entry !== undefined) view.log(entry);
    },
    onMessage: ({ severity, text }) => {
      if (severity === "info" || severity === "warning") printAside(`  ${text}`);
    },
  });
  try {
    said("local cloud", "Pub/Sub, Firestore, Cloud Tasks and functions", startedMs);
    await standUp(stack);
    if (options.isKept) await keep(stack, options.stopped);
    else await sendFlights(stack, options);
    if (!options.isKept) await standStill(stack);
    await takeDown(stack);
  } finally {
    await stack.stop();
  }
  said("all", "as it should be", startedMs);
}

async function standUp(stack: LocalStack): Promise<void> {
  const foreseen = wellDone("preview", await stack.preview());
  told("preview", foreseen);
  const done = wellDone("up", await stack.up());
  told("up", done);
  const isAsForeseen = operationText(foreseen) === operationText(done);
  demand(isAsForeseen, "up did something else than the preview said.");
  print(JSON.stringify(done.outputs, null, 2));
}

async function sendFlights(stack: LocalStack, options: UpLocalOptions): Promise<void> {
  const flights = await readFlights(options.events);
  const { variables, cloud } = stack;
  Object.assign(process.env, variables);
  const place = { project: PROJECT, database: DATABASE };
  const sending = withJob(PIPELINE, place, (connection) => {
    const { plan } = connection.deployment;
    const backlog = (id: string): number => {
      const stage = plan.stages.find((each) => each.id === id);
      const name = stage?.mailbox ?? stage?.ingest?.subscription;
      const waiting = cloud.world.pubsub?.backlog(`projects/${PROJECT}/subscriptions/${name}`);
      return (waiting?.undelivered ?? 0) + (waiting?.outstanding ?? 0);
    };
    const mesh = {
      variables,
      database: DATABASE,
      backlog,
      status: async () => (await lookAt(connection, false)).status,
      drain: () => drain(plan, connection.world, controlOf(connection).ticks),
    };
    return throughMesh(mesh, flights, {
      view: new SilentView(),
      progress: (total) => startProgress({ label: "publish", unit: "flights", total }),
      stopped: options.stopped,
    });
  });
  const result = await Promise.race([sending, options.stopped.then(() => undefined)]);
  if (result === undefined) return;
  print(`\n${demoReport(result, outputColumns())}\n`);
  demand(result.differences.length === 0, "The totals are not those of the direct computation.");
  const { policy } = cloud;
  demand(policy.denials.length === 0, policy.denials.map(describeDenial).join("\n"));
  const given = formatMany(policy.bindings().length, "binding");
  // Rights that only failures need are among them: dead letters, messages to oneself.
  const idle = policy.unused().length;
  print(`rights       ${given}, no call refused, ${idle} not needed by these flights`);
}

async function keep(stack: LocalStack, stopped: Promise<unknown>): Promise<void> {
  const lines = Object.entries(stack.variables).map(([name, value]) => `export ${name}=${value}`);
  print(["", "# The stack is up until Ctrl-C. To reach it:", ...lines].join("\n"));
  await stopped;
}

async function standStill(stack: LocalStack): Promise<void> {
  const again = wellDone("up again", await stack.up());
  told("up again", again);
  demand(
    again.steps.every(({ operation }) => operation === "same"),
    `A second up changed something: ${operationText(again)}.`,
  );
}

async function takeDown(stack: LocalStack): Promise<void> {
  const gone = wellDone("destroy", await stack.destroy());
  told("destroy", gone);
  const left = await stack.leftOver();
  demand(left.length === 0, `destroy left ${left.join(", ")}.`);
}

function wellDone(step: string, outcome: Outcome): Outcome {
  if (outcome.failures.length === 0) return outcome;
  const texts = outcome.failures.map(failureText);
  throw new MeshError("ERR_ASSERTION", `${step} failed.\n${texts.join("\n")}`);
}

function failureText({ urn, text }: Failure): string {
  return urn === "" ? text : `${urn}:\n${text.replaceAll(/^/gm, "  ")}`;
}

function demand(isSo: boolean, otherwise: string): void {
  if (!isSo) throw new MeshError("ERR_ASSERTION", otherwise);
}

function told(step: string, outcome: Outcome): void {
  said(step, operationText(outcome), performance.now() - outcome.durationMs);
}

function said(step: string, words: string, sinceMs: number): void {
  print(`${step.padEnd(12)} ${words} (${formatDuration(performance.now() - sinceMs)})`);
}

function operationText({ steps }: Outcome): string {
  const counts = new Map<Operation, number>();
  for (const { operation } of steps) counts.set(operation, (counts.get(operation) ?? 0) + 1);
  const parts = [...counts].map(
    ([operation, count]) => `${formatMany(count, "resource")} ${operation}`,
  );
  return parts.join(", ") || "nothing";
}
