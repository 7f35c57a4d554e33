/**
 * Outcome: the figures of a chaos run, and whether it was sound. Pure.
 */
import type { FunctionStatus } from "../../emulators/function-host.ts";
import type { StageStatus } from "../../functions/status.ts";
import type { Collector } from "../support/mesh-clients.ts";
import type { ChaosOptions } from "./chaos-run.ts";
import type { Findings } from "./shapes.ts";
import { lossesOf } from "./tally.ts";
import type { TroubleCounts } from "./troubles.ts";

/** What came of a run: the object that `--json` prints. */
export interface ChaosOutcome extends TroubleCounts {
  readonly world: string;
  readonly pipeline: string;
  readonly seed: number;
  readonly events: number;
  readonly messages: number;
  readonly kills: number;
  readonly killsByProcess: Readonly<Record<string, number>>;
  /** Kills that hit a process with a request under way. */
  readonly killsUnderWay: number;
  readonly coldStarts: number;
  /** Requests that failed or broke off, after each of which a message or a task came again. */
  readonly redeliveries: number;
  /** Elements and bundles that shards had taken already, and dropped. */
  readonly duplicatesDropped: number;
  /** Messages of the sink's topic that came again, with the same id and the same bytes. */
  readonly sinkDuplicates: number;
  readonly results: number;
  readonly lost: number;
  readonly doubled: number;
  /** In words: what else is wrong. */
  readonly faults: readonly string[];
  readonly wallMs: number;
  readonly eventsPerSecond: number;
}

/** What the figures are taken from. */
interface OutcomeInput {
  readonly options: ChaosOptions;
  readonly findings: Findings;
  readonly stages: readonly StageStatus[];
  readonly functions: readonly FunctionStatus[];
  readonly collector: Pick<Collector, "duplicates" | "strays">;
  readonly kills: ReadonlyMap<string, number>;
  readonly busy: number;
  readonly troubles: TroubleCounts;
  readonly wallMs: number;
}

/** Returns the figures of a run. */
export function outcomeOf(input: OutcomeInput): ChaosOutcome {
  const { options, findings, stages, functions, collector, kills, troubles, wallMs } = input;
  const sum = <T>(items: readonly T[], figure: (item: T) => number): number =>
    items.reduce((total, item) => total + figure(item), 0);
  const dropped = sum(stages, (stage) => stage.droppedLate + stage.droppedClosed);
  const letters = sum(stages, ({ deadLetters }) => deadLetters);
  const made = [...kills.values()].reduce((total, each) => total + each, 0);
  const faults = [...findings.differences, ...collector.strays];
  if (dropped > 0) faults.push(`${dropped} elements were dropped as late`);
  if (letters > 0) faults.push(`${letters} elements became dead letters`);
  if (made < options.kills) faults.push(`${made} kills were made, not ${options.kills}`);
  return {
    world: options.world,
    pipeline: options.shape,
    seed: options.seed,
    events: options.events,
    messages: Math.ceil(options.events / options.eventsPerMessage),
    kills: made,
    killsByProcess: Object.fromEntries(kills),
    killsUnderWay: input.busy,
    ...troubles,
    coldStarts: sum(functions, ({ coldStarts }) => coldStarts),
    redeliveries: sum(functions, ({ failures }) => failures),
    duplicatesDropped: sum(stages, ({ duplicates }) => duplicates),
    sinkDuplicates: collector.duplicates,
    results: findings.found.size,
    ...lossesOf(findings.expected, findings.found),
    faults,
    wallMs: Math.round(wallMs),
    eventsPerSecond: Math.round((options.events / wallMs) * 1_000),
  };
}

/** Returns whether nothing was lost, doubled or otherwise wrong, and every kill was made. */
export function isSound({ lost, doubled, faults }: ChaosOutcome): boolean {
  return lost === 0 && doubled === 0 && faults.length === 0;
}
