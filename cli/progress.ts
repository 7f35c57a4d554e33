/**
 * Progress: how far something has come, on stderr.
 *
 * Owns: a bar on a terminal, a readable line every few seconds elsewhere. Does not own: the figures.
 */
import progress from "cli-progress";
import { formatCount, formatRate } from "./format.ts";
import { isAsideTerminal, printAside } from "./output.ts";

/** Between two lines where there is no terminal. */
const LINE_MS = 3_000;

/** What is counted. */
export interface ProgressOptions {
  readonly label: string;
  /** The word for what is counted, as in `elements in`. */
  readonly unit: string;
  /** How many there will be; undefined if nobody knows. */
  readonly total?: number | undefined;
  /** Shows nothing at all. */
  readonly isSilent?: boolean;
}

/** Something that comes nearer to its end. */
export interface Progress {
  update(count: number): void;
  stop(): void;
}

/** Starts to show how far something has come. */
export function startProgress(options: ProgressOptions): Progress {
  if (options.isSilent === true) return { update() {}, stop() {} };
  return isAsideTerminal() ? bar(options) : lines(options);
}

function bar({ label, unit, total }: ProgressOptions): Progress {
  const format =
    total === undefined
      ? `${label}  {count} ${unit}  {rate}/s`
      : `${label}  {bar}  {count} of ${formatCount(total)} ${unit}  {rate}/s`;
  const single = new progress.SingleBar(
    { format, hideCursor: true, clearOnComplete: false, fps: 10, barsize: 24, linewrap: false },
    progress.Presets.shades_classic,
  );
  const startedMs = performance.now();
  const payload = (count: number): Record<string, unknown> => ({
    count: formatCount(count),
    rate: formatRate(count / Math.max(0.001, (performance.now() - startedMs) / 1_000)),
  });
  single.start(total ?? Number.MAX_SAFE_INTEGER, 0, payload(0));
  return {
    update: (count) => single.update(count, payload(count)),
    stop: () => single.stop(),
  };
}

function lines({ label, unit, total }: ProgressOptions): Progress {
  let saidMs = performance.now();
  const of = total === undefined ? "" : ` of ${formatCount(total)}`;
  return {
    update(count) {
      if (performance.now() - saidMs < LINE_MS) return;
      saidMs = performance.now();
      printAside(`${label}: ${formatCount(count)}${of} ${unit}`);
    },
    stop() {},
  };
}
