/**
 * Watermark estimators: how far event time has come in what a splittable read has given.
 *
 * Owns: the three estimators of Beam, and what one of your own must do. Does not own: what becomes
 * of the watermark (functions/reads).
 *
 * @see https://beam.apache.org/documentation/programming-guide/#watermark-estimation
 */
import { MeshError } from "../../model/errors.ts";
import { formatTimestamp, later, type Timestamp, toTimestamp } from "../../model/time.ts";

/** Says how far event time has come; made anew for each call of `process`, of the state it left. */
export interface WatermarkEstimator {
  /** No later output will be older. The mesh never lets a read's watermark go back. */
  currentWatermark(): Timestamp;
  /** What the next one is made of: data, as what crosses a shuffle. */
  state(): unknown;
  /** Told of the timestamp of every output. */
  observe?(timestamp: Timestamp): void;
  /** Told what `process` says by itself. */
  setWatermark?(watermark: Timestamp): void;
}

/** What an estimator begins with. */
export interface EstimatorStart {
  /** Where the watermark begins: the time of the element that is read, −∞ for a source. */
  readonly timestamp: Timestamp;
  /** Processing time, in ms. */
  nowMs(): number;
}

/** Makes an estimator of the state that the one before left; of undefined at the beginning. */
export type NewWatermarkEstimator = (state: unknown, start: EstimatorStart) => WatermarkEstimator;

/** An estimator whose state is its watermark. */
class WatermarkHolder implements WatermarkEstimator {
  protected watermark: Timestamp;

  constructor(state: unknown, start: EstimatorStart) {
    this.watermark = state === undefined ? start.timestamp : (state as Timestamp);
  }

  currentWatermark(): Timestamp {
    return this.watermark;
  }

  state(): unknown {
    return this.watermark;
  }
}

class Manual extends WatermarkHolder {
  setWatermark(watermark: Timestamp): void {
    if (watermark < this.watermark) {
      throw new MeshError(
        "ERR_TIMESTAMP",
        `setWatermark(${formatTimestamp(watermark)}): the watermark is ` +
          `${formatTimestamp(this.watermark)} already and can't go back.`,
      );
    }
    this.watermark = watermark;
  }
}

class MonotonicallyIncreasing extends WatermarkHolder {
  observe(timestamp: Timestamp): void {
    if (timestamp > this.watermark) this.watermark = timestamp;
  }
}

class WallTime extends WatermarkHolder {
  readonly #nowMs: () => number;

  constructor(state: unknown, start: EstimatorStart) {
    super(state, start);
    this.#nowMs = () => start.nowMs();
  }

  override currentWatermark(): Timestamp {
    this.watermark = later(this.watermark, toTimestamp(this.#nowMs()));
    return this.watermark;
  }
}

/** `process` says it itself, with `setWatermark`; until then it stays where it began. */
function manual(): NewWatermarkEstimator {
  return (state, start) => new Manual(state, start);
}

/** The latest timestamp among the outputs: for a read that gives them in the order of time. */
function monotonicallyIncreasing(): NewWatermarkEstimator {
  return (state, start) => new MonotonicallyIncreasing(state, start);
}

/** Processing time: for a read whose outputs are never older than the moment they are given. */
function wallTime(): NewWatermarkEstimator {
  return (state, start) => new WallTime(state, start);
}

/**
 * The watermark estimators of Beam.
 *
 * @example splittable({ …, watermark: watermarkEstimators.monotonicallyIncreasing() })
 */
export const watermarkEstimators: {
  readonly manual: typeof manual;
  readonly monotonicallyIncreasing: typeof monotonicallyIncreasing;
  readonly wallTime: typeof wallTime;
} = { manual, monotonicallyIncreasing, wallTime };
