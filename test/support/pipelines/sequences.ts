/**
 * Sequences: numbers at a rate, summed by windows, and the parts of each of some elements.
 */
import {
  count,
  firestore,
  fixedWindows,
  generateSequence,
  OffsetRangeTracker,
  pipeline,
  splitOffsetRange,
} from "tidemark";

export default pipeline("sequences", (p) => {
  p.read(generateSequence({ rate: { elements: 100, per: { seconds: 1 } } }))
    .keyBy(() => "all")
    .windowInto(fixedWindows({ seconds: 1 }))
    .combinePerKey(count())
    .write(
      firestore.collection("seconds", {
        id: (_, { window, pane }) => `${window.start}-${pane.index}`,
        fields: ({ value }, { pane }) => ({ value, timing: pane.timing }),
      }),
    );

  p.create([10, 200, 3_000], { name: "lengths" })
    .readEach<number, { from: number; to: number }, number>({
      name: "numbers below",
      bounded: true,
      initialRestriction: (length) => ({ from: 0, to: length }),
      split: (range, wanted) => splitOffsetRange(range, wanted, 100),
      newTracker: (range) => new OffsetRangeTracker(range),
      process(length, tracker, out) {
        for (let n = tracker.currentRestriction().from; tracker.tryClaim(n); n++) {
          out.output(length);
        }
      },
    })
    .keyBy((length) => length)
    .combinePerKey(count())
    .write(firestore.collection("lengths", { id: ({ key }) => String(key) }));
});
