/**
 * Authored: which of the author's functions stands behind one that the SDK has put around it.
 *
 * Owns: the mark. Who bundles code (infra/) asks for it; nothing that runs does.
 */

// Registered: the author may have another copy of the SDK in the bundle.
const mark = Symbol.for("tidemark.authored");

/** Returns `wrapper`, marked as one around the author's `fn`. */
export function authored<F extends object>(wrapper: F, fn: object): F {
  return Object.defineProperty(wrapper, mark, { value: fn });
}

/** Returns the author's function behind one: itself, where the SDK put nothing around it. */
export function authorOf(fn: object): object {
  return (fn as { [mark]?: object })[mark] ?? fn;
}
