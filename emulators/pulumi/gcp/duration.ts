/** Durations as Google's resources write them, `600s` or `0.2s`, in the form of its APIs. */

/** Returns seconds and nanoseconds. */
export function durationOf(text: string): { seconds: number; nanos: number } {
  const all = Number(text.replace(/s$/, ""));
  const seconds = Math.trunc(all);
  return { seconds, nanos: Math.round((all - seconds) * 1e9) };
}
