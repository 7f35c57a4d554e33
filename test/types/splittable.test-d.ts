/**
 * The types of splittable reads, checked by tsc. Nothing here runs.
 */
import {
  generateSequence,
  MAX_OFFSET,
  type OffsetRange,
  OffsetRangeTracker,
  type Pipeline,
  ProcessContinuation,
  periodicImpulse,
  periodicSequence,
  pipeline,
  type ReadContext,
  type RestrictionTracker,
  type Source,
  splitOffsetRange,
  splittable,
  type Timestamp,
  watermarkEstimators,
} from "../../sdk/index.ts";
import { expectElements } from "./expect.ts";

/** With the element's type given, offset ranges are meant. */
const counted: Source<string> = splittable<string>({
  name: "counted",
  bounded: true,
  initialRestriction: () => ({ from: 0, to: 10 }),
  newTracker: (range) => new OffsetRangeTracker(range),
  process(tracker, out) {
    for (let i = tracker.currentRestriction().from; tracker.tryClaim(i); i++) {
      out.output(i.toFixed());
    }
    // @ts-expect-error
    out.output(1);
    // @ts-expect-error
    tracker.tryClaim("a");
  },
});

/** Else all types follow; restrictions keep their further fields. */
const polled: Source<{ readonly id: number }> = splittable({
  name: "polled",
  bounded: false,
  watermark: watermarkEstimators.manual(),
  initialRestriction: async ({ nowMs }) => ({ from: 0, to: MAX_OFFSET, sinceMs: nowMs }),
  split: (range, wanted) => splitOffsetRange(range, wanted),
  newTracker: (range) => new OffsetRangeTracker(range, () => range.sinceMs),
  async process(tracker, { output, setWatermark }: ReadContext<{ readonly id: number }>) {
    const { from, sinceMs } = tracker.currentRestriction();
    if (!tracker.tryClaim(from)) return;
    output({ id: from }, { timestamp: new Date(sinceMs) });
    setWatermark(sinceMs);
    return ProcessContinuation.resume({ delay: { seconds: 30 } });
  },
  truncate: (range) => (range.from === 0 ? { ...range, to: 1 } : undefined),
});

/** A tracker of one's own, with positions that are no numbers. */
class PageTracker implements RestrictionTracker<readonly string[], string> {
  #pages: readonly string[];
  #done = 0;
  constructor(pages: readonly string[]) {
    this.#pages = pages;
  }
  tryClaim(page: string): boolean {
    this.#done = this.#pages.indexOf(page) + 1;
    return this.#done > 0;
  }
  currentRestriction(): readonly string[] {
    return this.#pages;
  }
  trySplit() {
    const [primary, residual] = [this.#pages.slice(0, this.#done), this.#pages.slice(this.#done)];
    this.#pages = primary;
    return residual.length === 0 ? undefined : { primary, residual };
  }
  checkDone(): void {}
  getProgress() {
    return { done: this.#done, remaining: this.#pages.length - this.#done };
  }
}

const paged: Source<number> = splittable({
  name: "paged",
  bounded: true,
  initialRestriction: () => ["a", "b"] as readonly string[],
  newTracker: (pages) => new PageTracker(pages),
  process(tracker, out: ReadContext<number>) {
    for (const page of tracker.currentRestriction()) {
      if (!tracker.tryClaim(page)) return;
      out.output(page.length);
    }
  },
});

export const types: Pipeline = pipeline("types", (p) => {
  expectElements<string>()(p.read(counted));
  expectElements<{ readonly id: number }>()(p.read(polled));
  expectElements<number>()(p.read(paged));
  expectElements<number>()(p.read(generateSequence({ to: 3 })));
  expectElements<Timestamp>()(p.read(periodicImpulse({ start: 0, interval: { hours: 1 } })));
  expectElements<Timestamp>()(p.create([{ start: 0, interval: 1 }]).readEach(periodicSequence()));

  const lengths = p.create(["a"]).readEach<number, OffsetRange, number>({
    name: "lengths",
    bounded: true,
    initialRestriction: (word) => ({ from: 0, to: word.length }),
    newTracker: (range) => new OffsetRangeTracker(range),
    process(word, tracker, out) {
      if (tracker.tryClaim(word.length)) out.output(word.length);
    },
  });
  expectElements<number>()(lengths);

  // @ts-expect-error: elements that the DoFn can't take
  p.create([1]).readEach(periodicSequence());
  // @ts-expect-error: no tracker
  splittable<number>({ name: "a", bounded: true, initialRestriction: () => ({ from: 0, to: 1 }) });
});
