/**
 * Simulate: one workload under the faults of one seed.
 *
 * Owns: the two phases of a run, and what a violation says. Does not own: the world (world/), what
 * must hold (checkers/).
 *
 * Two phases: with faults, checked at every step, and then without, when the mesh must come to DONE
 * within a bounded virtual time.
 */
import { seededRandom } from "../../emulators/memory/seeded-random.ts";
import { DEFAULT_OPTIONS, type EngineOptions } from "../../functions/options.ts";
import type { MeshPlan } from "../../sdk/compile/plan.ts";
import { CHECKERS } from "./checkers/all.ts";
import type { RunView } from "./checkers/checker.ts";
import type { PlantedBug } from "./planted/planted-bug.ts";
import type { Workload } from "./workloads/workload.ts";
import { DEADLINE_MS } from "./world/calls.ts";
import { FAULTS, type FaultCounts, type FaultName, Faults } from "./world/faults.ts";
import { NeverDone } from "./world/operator.ts";
import { Scheduler } from "./world/scheduler.ts";
import { SimulatedMesh } from "./world/simulated-mesh.ts";

const START_MS = Date.UTC(2026, 0, 1);
/** Faults go on for so long after the input. */
const FAULTY_MS = 20_000;
/** An unconfirmed register is dropped after 90 s; the rest is ticks. */
const RECOVERY_MS = 10 * 60_000;

/** Small bounds, so that every one of them is met. */
const ENGINE: EngineOptions = {
  ...DEFAULT_OPTIONS,
  bundleElementsMax: 7,
  chunkElementsMax: 10,
  firingsMax: 3,
  memtableBytesMax: 200,
  groupMessagesMax: 5,
  retryBackoffMs: 10,
  // As 90 s are to the deadline of 60 s: registers are dropped while zombies still go on.
  registerTimeoutMs: 1.5 * DEADLINE_MS,
  answerMsMax: DEADLINE_MS,
};

/** How a workload is run. */
export interface SimulationOptions {
  /** The faults that may happen; all where left out. */
  readonly faults?: ReadonlySet<FaultName>;
  /** Breaks one promise on purpose; the run goes on after the first violation. */
  readonly planted?: PlantedBug;
  /** Told of each line of the trace. */
  readonly onLine?: (line: string) => void;
}

/** A promise that was not kept. */
export interface Violation {
  readonly workload: string;
  readonly seed: number;
  readonly checker: string;
  readonly words: string;
  readonly replay: string;
  /** The last lines of the trace. */
  readonly lines: readonly string[];
}

/** What one run gave. */
export interface Outcome {
  readonly traceHash: string;
  readonly steps: number;
  readonly virtualMs: number;
  readonly faults: FaultCounts;
  /** The first one of each checker; without a planted bug the run ends with the first. */
  readonly violations: readonly Violation[];
}

/** Runs a workload under the faults of a seed. */
export async function simulate(
  workload: Workload,
  seed: number,
  { faults: only, planted, onLine }: SimulationOptions = {},
): Promise<Outcome> {
  const random = seededRandom(seed * 31 + 7);
  const faults = new Faults(seed, only);
  const scheduler = new Scheduler(START_MS, random, workload.usesFiles === true);
  scheduler.onLine = onLine;
  const engine = { ...ENGINE, ...workload.engine };
  const breaking = planted?.breaking() ?? {};
  const mesh = new SimulatedMesh({
    pipeline: workload.pipeline,
    scheduler,
    faults,
    seed,
    engine,
    breaking,
  });
  const violations: Violation[] = [];
  const report = (checker: string, words: string): void => {
    if (violations.some((known) => known.checker === checker)) return;
    const replay = replayCommand(workload.name, seed, only);
    const lines = scheduler.lastLines;
    violations.push({ workload: workload.name, seed, checker, words, replay, lines });
    if (planted === undefined) scheduler.failure ??= STOP;
  };
  const { ledger } = mesh;
  const view: RunView = {
    get plan() {
      return mesh.jobPlan;
    },
    ledger,
    workload,
    engine,
  };
  mesh.observers.push(
    ...CHECKERS.map(({ name, watch }) => watch(view, (words) => report(name, words))),
  );
  try {
    await play(mesh, workload, faults, scheduler);
    for (const observer of mesh.observers) await observer.ended?.(mesh);
  } catch (error) {
    if (error !== STOP) {
      const checker = error instanceof NeverDone ? "liveness" : "no-error";
      report(checker, error instanceof Error ? (error.stack ?? "") : String(error));
    }
  }
  const { traceHash, steps, nowMs } = scheduler;
  return { traceHash, steps, virtualMs: nowMs - START_MS, faults: faults.counts, violations };
}

async function play(
  mesh: SimulatedMesh,
  workload: Workload,
  faults: Faults,
  scheduler: Scheduler,
): Promise<void> {
  for (const { atMs, run } of workload.actions ?? []) {
    scheduler.park("action", `at ${atMs}`, atMs, () => {
      const failed = (error: unknown): void => {
        scheduler.failure ??= error;
      };
      void Promise.resolve(run(mesh)).catch(failed);
    });
  }
  await mesh.launch();
  if ((await mesh.job()) === undefined) throw new Error("a launch left no job");
  await workload.feed?.(mesh);
  await mesh.runFor(FAULTY_MS);
  // Every other seed drains while faults go on; what a drain must wait for first is the backlog.
  const isEmpty = topicsOf(mesh.plan).every((topic) => mesh.backlog(topic) === 0);
  const isStreaming = workload.feed !== undefined && workload.endsAs === undefined;
  if (isStreaming && isEmpty && faults.chance(0.5)) {
    await mesh.drain();
    await mesh.runFor(FAULTY_MS);
  }

  faults.isOn = false;
  scheduler.note("faults end");
  const quietMs = mesh.nowMs;
  // A tick that went missing is asked for again by whoever comes next: here, a second launch.
  const isOver = workload.endsAs === "CANCELLED";
  if (!isOver) await mesh.launch();
  await mesh.run(quietMs + 30_000);
  if (isStreaming) await mesh.drain();
  await mesh.run(quietMs + RECOVERY_MS);
}

function topicsOf({ stages }: MeshPlan): string[] {
  return stages.flatMap(({ ingest }) => ingest?.topic ?? ingest?.subscription ?? []);
}

/** Ends a run after its first violation. */
const STOP = new Error("a promise was not kept");

function replayCommand(
  workload: string,
  seed: number,
  only: ReadonlySet<FaultName> | undefined,
): string {
  const faults =
    only === undefined ? "" : ` --faults ${[...only].map((name) => FAULTS[name].number).join(",")}`;
  return `npm run sim -- --workload "${workload}" --seed ${seed}${faults} --trace`;
}
