/**
 * Visits: sums by window and by session, for updates of a running mesh.
 *
 * The environment says what is different in an update, so that one file is several versions: the names
 * of the two groupings, the size of the windows, and a word that code alone writes.
 */
import {
  firestore,
  fixedWindows,
  kv,
  pipeline,
  pubsub,
  sessions,
  sum,
  watermarks,
} from "../../../sdk/index.ts";

export interface Visit {
  readonly key: string;
  readonly value: number;
  readonly time: number;
}

/** What is different in a version. */
export interface Version {
  readonly windows: string;
  readonly sessions: string;
  readonly sizeMs: number;
  /** Stands in every document; it is code, and no part of the plan. */
  readonly code: string;
}

export const GAP_MS = 20_000;

/** Returns the pipeline of a version. */
export function visits(version: Version): ReturnType<typeof pipeline> {
  return pipeline("visits", (p) => {
    const watermark = watermarks.boundedOutOfOrderness(5_000);
    const { code } = version;
    const pairs = p
      .read(pubsub.topic<Visit>("visits", { timestamp: (v) => v.time, watermark }))
      .map((v) => kv(v.key, v.value));
    pairs
      .windowInto(fixedWindows(version.sizeMs))
      .combinePerKey(sum(), { name: version.windows })
      .write(
        firestore.collection("windows", {
          id: ({ key }, { window, pane }) => `${key}@${window.start} ${pane.timing} ${pane.index}`,
          fields: ({ value }) => ({ value, code }),
        }),
      );
    pairs
      .windowInto(sessions(GAP_MS))
      .combinePerKey(sum(), { name: version.sessions })
      .write(
        firestore.collection("sessions", {
          id: ({ key }, { window }) => `${key} ${window.start} ${window.end}`,
          fields: ({ value }) => ({ value, code }),
        }),
      );
  });
}
