/**
 * Stop signal: Ctrl-C and SIGTERM.
 *
 * The first asks for a clean end; a second Ctrl-C ends at once, with 130 as shells expect it.
 */

const EXIT_INTERRUPTED = 130;

/** Returns a promise of the first signal to stop. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isStopping = false;
    const take = (signal: NodeJS.Signals): void => {
      if (isStopping && signal === "SIGINT") process.exit(EXIT_INTERRUPTED);
      isStopping = true;
      resolve(signal);
    };
    process.on("SIGINT", take);
    process.on("SIGTERM", take);
  });
}
