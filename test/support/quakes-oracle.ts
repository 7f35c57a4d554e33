/**
 * Earthquakes oracle: what `earthquakes.ts` must give, computed directly: one pass over all quakes,
 * without stages, windows or state.
 */
import type { Quake } from "../../examples/earthquakes.ts";

/** Quakes of one network in one hour. */
export interface QuakeHour {
  readonly net: string;
  /** As `2018-02-07T01`. */
  readonly hour: string;
  readonly quakes: number;
  readonly largest: number;
}

/** A pane as the pipeline gives it. */
export interface QuakePane extends QuakeHour {
  readonly timing: string;
  readonly index: number;
}

/** Returns what the last pane of each network and hour must hold, by document id. */
export function computeQuakeHours(quakes: readonly Quake[]): Map<string, QuakeHour> {
  const hours = new Map<string, QuakeHour>();
  for (const { properties } of quakes) {
    const { net, mag, time } = properties;
    const hour = new Date(time).toISOString().slice(0, 13);
    const before = hours.get(`${net}-${hour}`);
    hours.set(`${net}-${hour}`, {
      net,
      hour,
      quakes: (before?.quakes ?? 0) + 1,
      largest: Math.max(before?.largest ?? mag, mag),
    });
  }
  return hours;
}

/** Returns in words how the documents of `quake-hours` differ from what they must be. */
export function compareQuakeHours(
  expected: ReadonlyMap<string, QuakeHour>,
  documents: ReadonlyMap<string, Readonly<Record<string, unknown>>>,
): string[] {
  const differences: string[] = [];
  for (const id of new Set([...expected.keys(), ...documents.keys()])) {
    const found = contentOf(documents.get(id));
    const wanted = contentOf(expected.get(id));
    if (found !== wanted) differences.push(`${id}: ${found}, but it must be ${wanted}`);
  }
  return differences;
}

/**
 * Returns in words what is wrong with the panes of `quake-panes`: each network and hour goes
 * EARLY* ON_TIME? LATE*, its indexes count up from 0, and each pane holds at least what the one
 * before held; the last one is what the document shows.
 */
export function comparePanes(
  panes: readonly QuakePane[],
  documents: ReadonlyMap<string, Readonly<Record<string, unknown>>>,
): string[] {
  const byId = Map.groupBy(panes, ({ net, hour }) => `${net}-${hour}`);
  const differences: string[] = [];
  for (const [id, unsorted] of byId) {
    const sorted = unsorted.toSorted((a, b) => a.index - b.index);
    const timings = sorted.map(({ timing }) => timing).join(" ");
    if (!/^(EARLY ?)*(ON_TIME ?)?(LATE ?)*$/.test(timings)) differences.push(`${id}: ${timings}`);
    sorted.forEach((pane, i) => {
      const before = sorted[i - 1];
      if (pane.index !== i) differences.push(`${id}: index ${pane.index} stands at ${i}`);
      if (
        before !== undefined &&
        !(before.quakes < pane.quakes && before.largest <= pane.largest)
      ) {
        differences.push(`${id}: pane ${i} holds less than the one before, or nothing new`);
      }
    });
    const last = sorted.at(-1);
    const document = documents.get(id);
    if (document?.["index"] !== last?.index || contentOf(document) !== contentOf(last)) {
      differences.push(`${id}: the document does not show the last pane`);
    }
  }
  for (const id of documents.keys()) {
    if (!byId.has(id)) differences.push(`${id}: a document without a pane`);
  }
  return differences;
}

function contentOf(hour: Partial<Record<keyof QuakeHour, unknown>> | undefined): string {
  if (hour === undefined) return "nothing";
  return `${hour.net} ${hour.hour}: ${hour.quakes} quakes, the largest ${hour.largest}`;
}
