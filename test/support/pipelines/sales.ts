/**
 * Sales: sums by shop and hour, with a fault before the shuffle and one behind the panes, or without.
 */
import {
  firestore,
  fixedWindows,
  type Pipeline,
  pipeline,
  pubsub,
  sum,
  watermarks,
} from "tidemark";

export interface Sale {
  readonly shop: string;
  readonly at: string;
  /** Cents; or, as one shop sends it, `"1.234,50"`. */
  readonly amount: number | string;
}

/** What the author mends. */
export interface Code {
  /** Returns cents. */
  readonly parse: (amount: Sale["amount"]) => number;
  readonly nameOf: (shop: string) => string;
}

/** The pipeline, with code that may be broken. */
export function sales({ parse, nameOf }: Code): Pipeline {
  const timestamp = ({ at }: Sale) => Date.parse(at);
  const watermark = watermarks.boundedOutOfOrderness({ days: 1 });
  return pipeline("sales", (p) => {
    p.read(pubsub.topic<Sale>("sales", { timestamp, watermark }), { name: "sales" })
      .map(({ shop, amount }) => ({ shop, cents: parse(amount) }), { name: "parse amount" })
      .windowInto(fixedWindows({ hours: 1 }), {
        allowedLateness: { days: 60 },
        accumulation: "accumulating",
      })
      .keyBy(({ shop }) => shop)
      .combinePerKey({ cents: sum(({ cents }) => cents) }, { name: "add up" })
      .map(({ key, value: { cents } }) => ({ shop: nameOf(key), cents }), { name: "name shop" })
      .write(
        firestore.collection("shop-hours", {
          id: ({ shop }, { window }) => `${shop}-${window.start}`,
        }),
      );
  });
}
