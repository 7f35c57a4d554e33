/**
 * All checkers; those of the end in the order in which they say most of what went wrong.
 */
import { acknowledgedDurable } from "./acknowledged-durable.ts";
import { atomicEffects } from "./atomic-effects.ts";
import { boundedActivation } from "./bounded-activation.ts";
import type { Checker } from "./checker.ts";
import { exactDrops } from "./exact-drops.ts";
import { limits } from "./limits.ts";
import { liveness } from "./liveness.ts";
import { noEarlyWatermark } from "./no-early-watermark.ts";
import { noFlowControl } from "./no-flow-control.ts";
import { nothingLeft } from "./nothing-left.ts";
import { oneGeneration } from "./one-generation.ts";
import { outboxFlushed } from "./outbox-flushed.ts";
import { publishAfterCommit } from "./publish-after-commit.ts";
import { equalsOracle, noDuplicate, noLoss } from "./results.ts";
import { sameBytes } from "./same-bytes.ts";
import { standingStill } from "./standing-still.ts";
import { stateMoved } from "./state-moved.ts";
import { watermarkNamed } from "./watermark-named.ts";
import { outputBehindInput, watermarkForward } from "./watermark-order.ts";

/** All checkers. */
export const CHECKERS: readonly Checker[] = [
  liveness,
  noLoss,
  noDuplicate,
  equalsOracle,
  exactDrops,
  watermarkForward,
  outputBehindInput,
  noEarlyWatermark,
  watermarkNamed,
  atomicEffects,
  publishAfterCommit,
  outboxFlushed,
  sameBytes,
  acknowledgedDurable,
  noFlowControl,
  boundedActivation,
  limits,
  oneGeneration,
  stateMoved,
  standingStill,
  nothingLeft,
];
