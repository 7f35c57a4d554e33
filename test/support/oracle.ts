/**
 * Oracle: answers computed from the whole input in one pass, with no stages and no state.
 */

/** The sum of the numbers of each key. */
export function mergeByKey(
  pairs: Iterable<readonly [key: string, n: number]>,
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [key, n] of pairs) sums[key] = (sums[key] ?? 0) + n;
  return sums;
}

/** The sum for each key and fixed window, by `key@start`. */
export function sumByWindow(
  events: readonly { readonly key: string; readonly value: number; readonly time: number }[],
  sizeMs: number,
): Record<string, number> {
  return mergeByKey(
    events.map(({ key, value, time }) => {
      return [`${key}@${Math.floor(time / sizeMs) * sizeMs}`, value] as const;
    }),
  );
}

/** A key's time of activity: elements less than a gap apart, in the order of their times. */
export interface Session<E> {
  readonly start: number;
  readonly end: number;
  readonly events: readonly E[];
}

/** The sessions of one key. */
export function sessionsOf<E extends { readonly time: number }>(
  events: readonly E[],
  gapMs: number,
): Session<E>[] {
  const sessions: { start: number; end: number; events: E[] }[] = [];
  for (const event of events.toSorted((a, b) => a.time - b.time)) {
    const last = sessions.at(-1);
    if (last === undefined || event.time >= last.end) {
      sessions.push({ start: event.time, end: event.time + gapMs, events: [event] });
    } else {
      last.end = event.time + gapMs;
      last.events.push(event);
    }
  }
  return sessions;
}

/** The sum for each key and session, by `key start end`. */
export function sumBySession(
  events: readonly { readonly key: string; readonly value: number; readonly time: number }[],
  gapMs: number,
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [key, ofKey] of Map.groupBy(events, (event) => event.key)) {
    for (const session of sessionsOf(ofKey, gapMs)) {
      const sum = session.events.reduce((total, { value }) => total + value, 0);
      sums[`${key} ${session.start} ${session.end}`] = sum;
    }
  }
  return sums;
}
