/**
 * Orders: code in every form in which a transform takes it, so that tests see which bundles hold it.
 */
import {
  type CombineFn,
  firestore,
  fixedWindows,
  globalWindow,
  OffsetRangeTracker,
  pipeline,
  pubsub,
  type Source,
  splittable,
  type WriteContext,
} from "tidemark";
import { type Order, toOrder, toUnits } from "./order.ts";
import { firstOfId, InEuros } from "./sessions.ts";

function timeOf(text: string): number {
  return Date.parse(text.split(" ").at(-1) ?? "");
}

const rates: Source<string> = splittable<string>({
  name: "rates",
  bounded: true,
  initialRestriction: () => ({ from: 0, to: 1 }),
  newTracker: (range) => new OffsetRangeTracker(range),
  process(tracker, out) {
    for (let i = tracker.currentRestriction().from; tracker.tryClaim(i); i++) out.output("USD=0.5");
  },
});

const isPaid = ({ cents }: Order): boolean => cents > 0;

interface Total {
  orders: number;
  cents: number;
}

const totals: CombineFn<Order, Total, Total> = {
  name: "totals",
  createAccumulator: () => ({ orders: 0, cents: 0 }),
  addInput: (total, { cents }) => ({ orders: total.orders + 1, cents: total.cents + cents }),
  mergeAccumulators: (a, b) => ({ orders: a.orders + b.orders, cents: a.cents + b.cents }),
  extractOutput: (total) => total,
};

const pathOf = ({ key }: { readonly key: string }, { window }: WriteContext): string =>
  `${key}-${new Date(window.start).toISOString().slice(11, 16)}`;

const shopTotals = firestore.collection<{ key: string; value: Total }>("isolated-totals", {
  id: pathOf,
  fields: ({ value }) => ({ orders: value.orders, units: toUnits(value.cents) }),
});

export default pipeline("isolated", (p) => {
  const orders = p
    .read(pubsub.topic<string>("isolated-orders", { timestamp: timeOf }))
    .map(toOrder)
    .filter(isPaid)
    .windowInto(fixedWindows({ minutes: 1 }))
    .keyBy(({ id }) => id)
    .parDo(firstOfId, { name: "once" });

  orders
    .keyBy(({ shop }) => shop)
    .combinePerKey(totals, { name: "totals" })
    .write(shopTotals);

  const byCurrency = p
    .read(rates)
    .windowInto(globalWindow())
    .map((line) => {
      const [key = "", rate = ""] = line.split("=");
      return { key, value: Number(rate) };
    })
    .asMap();
  orders
    .parDo(new InEuros(), { name: "euros", sideInputs: { rates: byCurrency } })
    .map(({ key, value }) => `${key} ${toUnits(value)}`)
    .write(pubsub.topic("isolated-euros"));
});
