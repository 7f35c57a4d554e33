/**
 * ProcessContinuation: what `process` says at its end: that it is done, or that it wants to go on.
 *
 * @see https://beam.apache.org/documentation/programming-guide/#user-initiated-checkpoint
 */
import { type Duration, toMs } from "../../model/duration.ts";

/** Whether what was not claimed is taken up again, and when. */
export interface ProcessContinuation {
  readonly shouldResume: boolean;
  /** Processing time to wait at least, in ms. */
  readonly resumeDelayMs: number;
}

const stopped: ProcessContinuation = Object.freeze({ shouldResume: false, resumeDelayMs: 0 });

/** Says that everything of the restriction was claimed, or that a claim was refused. */
function stop(): ProcessContinuation {
  return stopped;
}

/**
 * Says that there is more, or that there may be later: what is not claimed is taken up again.
 *
 * @throws ERR_DURATION if `delay` can't be read
 */
function resume(options: { readonly delay?: Duration } = {}): ProcessContinuation {
  const { delay = 0 } = options;
  return { shouldResume: true, resumeDelayMs: toMs(delay, "ProcessContinuation.resume: delay") };
}

/**
 * How a call of `process` may end.
 *
 * @example return ProcessContinuation.resume({ delay: { seconds: 30 } })
 */
export const ProcessContinuation: {
  readonly stop: typeof stop;
  readonly resume: typeof resume;
} = { stop, resume };
