/** A class with state and timers, and one that reads a side input. */
import {
  type DoFn,
  eventTimer,
  type KV,
  type None,
  type StatefulDoFn,
  statefulDoFn,
  valueState,
} from "tidemark";
import type { Order } from "./order.ts";

class FirstOfId {
  readonly state = { seen: valueState<boolean>() };
  readonly timers = { forget: eventTimer() };
  readonly onTimer = {
    forget: ({ state }: { state: { seen: { clear(): void } } }): void => state.seen.clear(),
  };

  process(
    { value }: KV<string, Order>,
    context: {
      readonly window: { readonly end: number };
      readonly state: { readonly seen: { read(): boolean | undefined; write(x: boolean): void } };
      readonly timers: { readonly forget: { set(time: number): void } };
      output(value: Order): void;
    },
  ): void {
    if (this.isNew(context.state.seen.read())) context.output(value);
    context.state.seen.write(true);
    context.timers.forget.set(context.window.end - 1);
  }

  isNew(seen: boolean | undefined): boolean {
    return seen !== true;
  }
}

/** Each order once. */
export const firstOfId: StatefulDoFn<KV<string, Order>, Order> = statefulDoFn<
  KV<string, Order>,
  Order
>()(new FirstOfId());

/** What rates are read as. */
export interface Sides {
  readonly rates: ReadonlyMap<string, number>;
}

/** Each order with what it costs in euros. */
export class InEuros implements DoFn<Order, KV<string, number>, None, Sides> {
  process(
    { id, cents, currency }: Order,
    context: {
      sideInput(name: "rates"): ReadonlyMap<string, number>;
      output(value: KV<string, number>): void;
    },
  ): void {
    const rate = context.sideInput("rates").get(currency) ?? 1;
    context.output({ key: id, value: Math.round(cents * rate) });
  }
}
