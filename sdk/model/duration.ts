/**
 * Durations: accepted as `{ minutes: 5 }` or as milliseconds, kept as milliseconds.
 */
import { MeshError } from "./errors.ts";

/** A length of time in named units, which add up. */
export interface DurationFields {
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
  readonly milliseconds?: number;
}

/** What users may give where a duration is wanted: milliseconds, or named units. */
export type Duration = number | DurationFields;

const unitMs = {
  days: 86_400_000,
  hours: 3_600_000,
  minutes: 60_000,
  seconds: 1_000,
  milliseconds: 1,
} as const;

/**
 * Returns a duration in whole milliseconds.
 *
 * @param duration - milliseconds, or units that add up: `{ hours: 1, minutes: 30 }`
 * @param what - the name of the option, for the error
 * @throws ERR_DURATION if a unit is unknown, or the sum is not a whole number of ms ≥ 0
 */
export function toMs(duration: Duration, what: string): number {
  const ms = typeof duration === "number" ? duration : sumOfUnits(duration, what);
  if (!Number.isSafeInteger(ms) || ms < 0) {
    throw new MeshError(
      "ERR_DURATION",
      `${what}: not a duration: ${JSON.stringify(duration)}. Give whole milliseconds or { minutes: 5 }.`,
    );
  }
  return ms;
}

/**
 * As `toMs`, where a duration without an end makes sense too.
 *
 * @throws ERR_DURATION as `toMs` does
 */
export function toMsOrInfinity(duration: Duration, what: string): number {
  if (duration === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  return toMs(duration, what);
}

function sumOfUnits(fields: DurationFields, what: string): number {
  let ms = 0;
  for (const [unit, amount] of Object.entries(fields)) {
    const factor = unitMs[unit as keyof typeof unitMs];
    if (factor === undefined) {
      throw new MeshError(
        "ERR_DURATION",
        `${what}: unknown unit "${unit}". Use ${Object.keys(unitMs).join(", ")}.`,
      );
    }
    ms += factor * amount;
  }
  return ms;
}
