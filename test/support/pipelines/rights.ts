/**
 * Rights: a small pipeline in which each function needs each kind of right.
 *
 * The stage that takes orders in writes to a sink, to a mailbox, and dead letters; the one behind it
 * writes to its sink, dead letters, and, with more keys than one activation fires, to itself.
 */
import { count, fixedWindows, pipeline, pubsub, watermarks } from "tidemark";

/** An order. */
export interface Order {
  /** Empty: its total is not written. */
  readonly name: string;
  /** In ms since the epoch. */
  readonly time: number;
  /** How many keys it becomes; all but the first are counted and not written. */
  readonly lines: number;
  /** Where user code refuses it. */
  readonly fails?: "before the shuffle" | "behind it";
}

export default pipeline("rights", (p) => {
  const orders = p
    .read(
      pubsub.topic<Order>("orders", {
        timestamp: ({ time }) => time,
        watermark: watermarks.boundedOutOfOrderness(0),
      }),
    )
    .map(
      (order) => {
        if (order.fails === "before the shuffle") throw new Error(`${order.name} is refused.`);
        return order;
      },
      { name: "check" },
    );
  orders.write(pubsub.topic("orders-seen"));
  orders
    .windowInto(fixedWindows({ minutes: 1 }))
    .flatMap(({ name, lines, fails }) =>
      Array.from({ length: lines }, (_, line) => ({ name, line, isGood: fails === undefined })),
    )
    .keyBy(({ name, line, isGood }) => `${name}/${line}/${isGood}`)
    .combinePerKey(count(), { name: "lines" })
    .filter(({ key }) => /^[^/]+\/0\//.test(key))
    .map(
      ({ key, value }) => {
        const [name, , isGood] = key.split("/");
        if (isGood === "false") throw new Error(`The total of ${name} is refused.`);
        return { name, count: value };
      },
      { name: "check total" },
    )
    .write(pubsub.topic("totals"));
});
