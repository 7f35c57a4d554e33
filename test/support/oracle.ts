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
