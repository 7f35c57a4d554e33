/**
 * Cold start: from the spawn of a function's process to its first answer, beside a function that
 * only says hello, in the same minutes on the same machine.
 *
 * Owns: the measurement. The bundles are those that are deployed; services and tokens are those of
 * the embedded world; V8's cache of compiled code is off, as in a new container.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FunctionHost, FunctionStatus } from "../emulators/function-host.ts";
import { startLocalMesh } from "../emulators/local-mesh.ts";
import flights from "../examples/flights.ts";
import { bundlePipeline } from "../infra/code-bundle.ts";
import { compile } from "../sdk/compile/compile.ts";
import { MeshError } from "../sdk/model/errors.ts";
import { readFlights } from "./flights-data.ts";
import { until } from "./until.ts";

/** Medians of one run, in ms from the spawn, and how many times hello's they are. */
export interface ColdStarts {
  readonly rounds: number;
  readonly helloMs: number;
  /** A group of one message: transforms, register, publish, confirm, acknowledge. */
  readonly ingestMs: number;
  /** One activation of a shard: open, run, commit, flush, acknowledge. */
  readonly activationMs: number;
  readonly ingestRatio: number;
  readonly activationRatio: number;
}

const HELLO = "hello";
const TIMEOUT_MS = 60_000;
const POLL_MS = 1;
const env: Readonly<Record<string, string>> = { NODE_DISABLE_COMPILE_CACHE: "1" };

/** Measures each kind of function once a round, one after the other. */
export async function coldStarts(rounds: number): Promise<ColdStarts> {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-cold-"));
  const plan = compile(flights, {});
  const file = fileURLToPath(new URL("../examples/flights.ts", import.meta.url));
  const bundles = await bundlePipeline({ file, plan, folder });
  const isAuthenticated = true;
  const mesh = await startLocalMesh({
    ...{ pipeline: flights, bundles, world: "embedded", env, isAuthenticated },
  });
  try {
    await writeFile(join(folder, "index.js"), "exports.handle = (q, r) => r.send('hello');");
    await mesh.functions.replace({ name: HELLO, folder, entryPoint: "handle", env });
    const messages = readFlights(2 * rounds + 1);
    let next = 0;
    const publish = async (): Promise<void> => {
      await mesh.services.pubsubClient.topic("flights").publishMessage({ json: messages[next++] });
    };
    const ask = async (): Promise<void> => {
      await (await fetch(mesh.functions.url(HELLO))).text();
    };
    const [ingest = "", shard = ""] = plan.stages.map(({ id }) => id);
    await publish();
    const taken = { hello: [] as number[], ingest: [] as number[], activation: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      taken.hello.push(await firstAnswerMs(mesh.functions, HELLO, ask));
      taken.ingest.push(await firstAnswerMs(mesh.functions, ingest, publish));
      taken.activation.push(await firstAnswerMs(mesh.functions, shard, publish));
    }
    return resultOf(rounds, taken);
  } finally {
    await mesh.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Ends a function's process, has it called, and returns the time from spawn to answer. */
async function firstAnswerMs(
  host: FunctionHost,
  name: string,
  call: () => Promise<void>,
): Promise<number> {
  const look = (): FunctionStatus => {
    const found = host.status().find((each) => each.name === name);
    if (found !== undefined) return found;
    throw new MeshError("ERR_INVARIANT", `There is no function ${name}.`);
  };
  if (look().instances.length > 0) host.kill(name);
  await until("the end of a process", () => look().instances.length === 0, POLL_MS, TIMEOUT_MS);
  const { coldStarts: startsBefore, requests } = look();
  const calling = call();
  await until("a start", () => look().coldStarts > startsBefore, POLL_MS, TIMEOUT_MS);
  const spawnedMs = performance.now();
  await until("an answer", () => look().requests > requests, POLL_MS, TIMEOUT_MS);
  const answeredMs = performance.now();
  await calling;
  return answeredMs - spawnedMs;
}

function resultOf(
  rounds: number,
  taken: Readonly<Record<"hello" | "ingest" | "activation", number[]>>,
): ColdStarts {
  const helloMs = median(taken.hello);
  const ingestMs = median(taken.ingest);
  const activationMs = median(taken.activation);
  const ratio = (ms: number): number => Math.round((ms / helloMs) * 100) / 100;
  return {
    rounds,
    helloMs: Math.round(helloMs),
    ingestMs: Math.round(ingestMs),
    activationMs: Math.round(activationMs),
    ingestRatio: ratio(ingestMs),
    activationRatio: ratio(activationMs),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
