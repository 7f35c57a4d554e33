/**
 * Shared: a pipeline of each kind of stage: a topic, a read of its own, a side input, a read for each
 * element, a combine; with documents and messages for sinks.
 */
import {
  count,
  type DoFn,
  firestore,
  fixedWindows,
  kv,
  OffsetRangeTracker,
  pipeline,
  pubsub,
  splitOffsetRange,
  watermarks,
} from "tidemark";

/** A click on a page, of which each shows so many pictures. */
export interface Click {
  readonly page: string;
  /** In ms since the epoch. */
  readonly time: number;
  readonly pictures: number;
}

type TitledClick = Click & { readonly title: string };

const title: DoFn<
  Click,
  TitledClick,
  Record<never, never>,
  { titles: ReadonlyMap<string, string> }
> = {
  process(click, context) {
    context.output({ ...click, title: context.sideInput("titles").get(click.page) ?? click.page });
  },
};

export default pipeline("shared", (p) => {
  const sideInputs = { titles: p.create([kv("home", "Home"), kv("help", "Help")]).asMap() };
  const titled = p
    .read(
      pubsub.topic<Click>("clicks", {
        timestamp: ({ time }) => time,
        watermark: watermarks.boundedOutOfOrderness(0),
      }),
    )
    .parDo(title, { name: "title", sideInputs });
  titled.write(firestore.collection("clicks", { id: ({ time }) => String(time) }));
  titled
    .readEach<string, { from: number; to: number }, number>({
      name: "pictures",
      bounded: true,
      initialRestriction: ({ pictures }) => ({ from: 0, to: pictures }),
      split: (range, wanted) => splitOffsetRange(range, wanted, 1),
      newTracker: (range) => new OffsetRangeTracker(range),
      process({ title }, tracker, out) {
        for (let n = tracker.currentRestriction().from; tracker.tryClaim(n); n++) {
          out.output(title);
        }
      },
    })
    .windowInto(fixedWindows({ minutes: 1 }))
    .keyBy((title) => title)
    .combinePerKey(count(), { name: "by title" })
    .write(pubsub.topic("pictures-shown"));
});
