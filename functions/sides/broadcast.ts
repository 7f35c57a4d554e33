/**
 * Broadcast: a pane of a view → every shard of the stage that reads it.
 *
 * Owns: the bundles of a side input. Does not own: numbering them (sent.ts).
 * Place on the data's way: the last step of chain.ts in the stage that gathers a view.
 *
 * Each bundle says how many elements its pane has in all, so that the reader knows when it is whole.
 */
import type { Json } from "../../sdk/coders/coder.ts";
import { anyCoder } from "../../sdk/coders/json-coder.ts";
import type { AnyKV } from "../../sdk/model/graph.ts";
import type { Timestamp } from "../../sdk/model/time.ts";
import { windowKey } from "../../sdk/model/window.ts";
import { type Bundle, cutBundles } from "../bundle-builder.ts";
import type { WindowColumns } from "../envelope.ts";
import { encodePane } from "../pane-tracker.ts";
import type { ShuffleContext, ShuffleWriter } from "../shuffle.ts";

interface ViewPane {
  readonly columns: WindowColumns;
  readonly minTime: Timestamp;
}

/** Returns the writer of a side input: takes panes of a view, `KV<null, elements>`. */
export function broadcastWriter(side: string, context: ShuffleContext): ShuffleWriter {
  let panes: ViewPane[] = [];
  return {
    receive(element, timestamp, window, pane) {
      const elements = (element as AnyKV).value as readonly unknown[];
      const size = elements.length;
      // A bundle without elements is not sent; a pane without elements must be.
      const values: Json[] = size === 0 ? [null] : elements.map((each) => anyCoder.encode(each));
      const paneJson = encodePane(pane);
      const columns = { window: windowKey(window), values, side, size };
      panes.push({
        columns: paneJson === undefined ? columns : { ...columns, pane: paneJson },
        minTime: timestamp,
      });
    },
    count: () => panes.length,
    take() {
      const taken = panes;
      panes = [];
      return taken.flatMap((pane) => bundlesOf(pane, context));
    },
    discard() {
      panes = [];
    },
  };
}

/** The text is made once, whatever the number of shards. */
function bundlesOf({ columns, minTime }: ViewPane, context: ShuffleContext): Bundle[] {
  const { stage, shards, bundleElementsMax } = context;
  const ofOneShard = cutBundles([columns], minTime, { stage, shard: 0, bundleElementsMax });
  return Array.from({ length: shards }, (_, shard) =>
    ofOneShard.map((bundle) => ({ ...bundle, shard })),
  ).flat();
}
