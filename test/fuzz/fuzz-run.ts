/**
 * Fuzz run: broken inputs at every endpoint, and what came of them.
 *
 * Owns: which input goes where, and the counts. Does not own: what is sound (stage-target.ts,
 * server-target.ts).
 */
import { inflateSync } from "node:zlib";
import { seededRandom } from "../../emulators/memory/seeded-random.ts";
import { Mutations, textOf } from "./mutations.ts";
import { fuzzPipeline } from "./pipeline.ts";
import { startServerTargets } from "./server-target.ts";
import { type Answer, StageTarget } from "./stage-target.ts";

/** What a run is. */
export interface FuzzOptions {
  readonly inputs: number;
  readonly seed: number;
}

/** What came of the inputs of one endpoint. */
export interface EndpointReport {
  readonly endpoint: string;
  readonly inputs: number;
  readonly answers: Readonly<Record<string, number>>;
  /** In words, each with the number of its input. */
  readonly faults: readonly string[];
}

/** Something that takes broken inputs. */
export interface Target {
  readonly name: string;
  /** Gives it one broken input. */
  input(mutations: Mutations): Promise<Answer>;
  /** Whether it still works; and begins anew. Returns what is wrong. */
  check(): Promise<string | undefined>;
}

/** Inputs after which a target is checked, and begins anew. */
const INPUTS_OF_ROUND = 200;
const FAULTS_KEPT = 20;

/** Gives every endpoint its share of the inputs. */
export async function runFuzz(
  { inputs, seed }: FuzzOptions,
  onCount: (done: number) => void,
  signal: AbortSignal,
): Promise<EndpointReport[]> {
  const servers = await startServerTargets();
  try {
    const stages = (await StageTarget.all(fuzzPipeline())).map(pushesOf);
    const targets = [...stages, ...servers.targets];
    const reports: EndpointReport[] = [];
    for (const [i, target] of targets.entries()) {
      const share = Math.ceil(inputs / targets.length);
      const mutations = new Mutations(seededRandom(seed + i));
      const before = reports.reduce((sum, report) => sum + report.inputs, 0);
      const count = (done: number): void => onCount(before + done);
      reports.push(await fuzz(target, share, mutations, count, signal));
    }
    return reports;
  } finally {
    await servers.stop();
  }
}

async function fuzz(
  target: Target,
  inputs: number,
  mutations: Mutations,
  onCount: (done: number) => void,
  signal: AbortSignal,
): Promise<EndpointReport> {
  const answers: Record<string, number> = {};
  const faults: string[] = [];
  await target.check();
  for (let i = 1; i <= inputs; i++) {
    signal.throwIfAborted();
    const answer = await target.input(mutations);
    const kind = "kind" in answer ? answer.kind : "fault";
    answers[kind] = (answers[kind] ?? 0) + 1;
    if ("fault" in answer) faults.push(`input ${i}: ${answer.fault}`);
    if (i % INPUTS_OF_ROUND !== 0 && i !== inputs) continue;
    const wrong = await target.check();
    if (wrong !== undefined) faults.push(`after input ${i}: ${wrong}`);
    onCount(i);
  }
  return { endpoint: target.name, inputs, answers, faults: faults.slice(0, FAULTS_KEPT) };
}

/** Broken pushes of a stage: the message's bytes, its JSON, or the push around it. */
function pushesOf(stage: StageTarget): Target {
  return {
    name: stage.name,
    input(mutations) {
      const sample = mutations.one(stage.samples);
      const body = stage.bodyOf(sample);
      const way = mutations.below(10);
      if (way < 6) return stage.push(stage.bodyOf(brokenJson(sample, mutations)));
      if (way < 9) return stage.push(stage.bodyOf(mutations.bytes(sample)));
      return stage.push(mutations.json(body));
    },
    async check() {
      const wrong = await stage.check();
      await stage.reset();
      return wrong;
    },
  };
}

function brokenJson(sample: Uint8Array, mutations: Mutations): Uint8Array {
  const text = sample[0] === 0x78 ? inflateSync(sample) : sample;
  return Buffer.from(textOf(mutations.json(JSON.parse(Buffer.from(text).toString("utf8")))));
}
