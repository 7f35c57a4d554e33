/** Returns `f`, or the identity for inputs that are numbers themselves. */
export function numberOf<I>(f: ((input: I) => number) | undefined): (input: I) => number {
  return f ?? ((input) => Number(input));
}
