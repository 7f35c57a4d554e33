/**
 * All workloads: each makes its input of a seed.
 */
import {
  cancelled,
  cancelledAndResumed,
  cutOff,
  drained,
  fewerShards,
  moreShards,
  paused,
  renamed,
  restored,
  takenBack,
} from "./controlled.ts";
import { fileRead } from "./file-read.ts";
import {
  chainedCombines,
  combinedGlobally,
  grouped,
  reshuffled,
  windowedSum,
  wordCount,
} from "./groupings.ts";
import { hotKey } from "./hot-key.ts";
import { coGrouped, intervalJoined } from "./joins.ts";
import { lateData } from "./late-data.ts";
import { mendedLetters } from "./letters.ts";
import { poison } from "./poison.ts";
import { readEach, splittableRead } from "./reads.ts";
import { ingestSinks, messagesAndFiles, userSink } from "./sinks.ts";
import { countedStream, sideInputs, stateAndTimers } from "./stateful.ts";
import { earlySessions, timedPanes } from "./triggers.ts";
import type { Workload } from "./workload.ts";

/** A workload makes its input of a seed. */
export type MakeWorkload = (seed: number) => Workload;

/** What the engine does with data. */
export const ofData: readonly MakeWorkload[] = [
  wordCount,
  windowedSum,
  chainedCombines,
  grouped,
  reshuffled,
  combinedGlobally,
  splittableRead,
  readEach,
  sideInputs,
  stateAndTimers,
  countedStream,
  earlySessions,
  timedPanes,
  coGrouped,
  intervalJoined,
  lateData,
  hotKey,
  fileRead,
  messagesAndFiles,
  userSink,
  ingestSinks,
  poison,
  mendedLetters,
];

/** What is done to a job in the midst of traffic. */
export const ofControl: readonly MakeWorkload[] = [
  paused,
  moreShards,
  fewerShards,
  renamed,
  cutOff,
  takenBack,
  restored,
  drained,
  cancelledAndResumed,
  cancelled,
];

/** All workloads. */
export const workloads: readonly MakeWorkload[] = [...ofData, ...ofControl];
