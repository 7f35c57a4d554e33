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

/** The sum for each key and session, by `key start end`: elements less than a gap apart, in order. */
export function sumBySession(
  events: readonly { readonly key: string; readonly value: number; readonly time: number }[],
  gapMs: number,
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [key, ofKey] of Map.groupBy(events, (event) => event.key)) {
    let session: { start: number; last: number; sum: number } | undefined;
    const close = (): void => {
      if (session === undefined) return;
      sums[`${key} ${session.start} ${session.last + gapMs}`] = session.sum;
    };
    for (const { time, value } of ofKey.toSorted((a, b) => a.time - b.time)) {
      if (session === undefined || time >= session.last + gapMs) {
        close();
        session = { start: time, last: time, sum: 0 };
      }
      session.last = time;
      session.sum += value;
    }
    close();
  }
  return sums;
}
