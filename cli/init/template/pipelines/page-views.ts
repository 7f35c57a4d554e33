/**
 * Page views: how often each page was viewed, minute by minute.
 * Input: topic `page-views`, a JSON message for each view: { "page": "/", "at": "2026-01-01T12:00:05Z" }.
 * Output: a document for each page and minute in `page-minutes`. A view that comes late, by an hour at
 * most, corrects its minute's document.
 */
import {
  count,
  firestore,
  fixedWindows,
  type KV,
  type PCollection,
  pipeline,
  pubsub,
  watermarks,
} from "tidemark";

export type PageView = { readonly page: string; readonly at: string };

/** The transforms: the same behind a topic and in a test. */
export function countByMinute(views: PCollection<PageView>): PCollection<KV<string, number>> {
  return views
    .windowInto(fixedWindows({ minutes: 1 }), {
      allowedLateness: { hours: 1 },
      accumulation: "accumulating",
    })
    .keyBy((view) => view.page)
    .combinePerKey(count(), { name: "views of a minute" });
}

export default pipeline("page-views", (p) => {
  const views = p.read(
    pubsub.topic<PageView>("page-views", {
      timestamp: (view) => Date.parse(view.at),
      // After so long without a view, time goes on all the same, so that the last minute is written.
      watermark: watermarks.trailing({ idle: { seconds: 20 } }),
    }),
  );
  countByMinute(views).write(
    firestore.collection("page-minutes", {
      // A page has slashes, which ids of documents can't have.
      id: (row, { window }) => `${encodeURIComponent(row.key)}-${window.start}`,
      fields: (row, { window }) => ({
        page: row.key,
        minute: new Date(window.start).toISOString(),
        views: row.value,
      }),
    }),
  );
});
