/**
 * Tally: what a run must give and what it gave, both as counts of flights by result.
 *
 * Owns: what is lost and what is doubled. Does not own: reading results (shapes.ts).
 */

/** Flights by result: `document airport-hours/ATL-…`, `message worst-airports/…`. */
export type Tally = Map<string, number>;

/** How two tallies differ. */
export interface Losses {
  /** Flights that are in no result. */
  readonly lost: number;
  /** Flights that are in a result once more than they must be. */
  readonly doubled: number;
}

/** Adds flights to a result. */
export function add(tally: Tally, result: string, flights: number): void {
  tally.set(result, (tally.get(result) ?? 0) + flights);
}

/** Compares what must be there with what is. */
export function lossesOf(expected: Tally, found: Tally): Losses {
  let lost = 0;
  let doubled = 0;
  for (const result of new Set([...expected.keys(), ...found.keys()])) {
    const surplus = (found.get(result) ?? 0) - (expected.get(result) ?? 0);
    // What is no number is lost: it must not pass for equal.
    if (Number.isNaN(surplus)) lost += expected.get(result) ?? 0;
    else if (surplus > 0) doubled += surplus;
    else lost -= surplus;
  }
  return { lost, doubled };
}
