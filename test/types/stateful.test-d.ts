/**
 * The types of stateful DoFns, checked by tsc. Nothing here runs.
 */
import {
  bagState,
  combiningState,
  count,
  deduplicate,
  eventTimer,
  eventTimerFamily,
  groupIntoBatches,
  intervalJoin,
  type Joined,
  type KV,
  kv,
  mapState,
  multimapState,
  orderedListState,
  type Pipeline,
  pipeline,
  processingTimer,
  type ShardedKey,
  setState,
  statefulDoFn,
  sum,
  type TimestampedValue,
  valueState,
} from "../../sdk/index.ts";
import { expectElements, expectType } from "./expect.ts";

interface Order {
  readonly id: string;
  readonly cents: number;
}

const declared = statefulDoFn<KV<string, Order>, number>()({
  state: {
    seen: valueState<boolean>(),
    bag: bagState<Order>(),
    total: combiningState(sum()),
    cents: combiningState(sum((order: Order) => order.cents)),
    both: combiningState({ n: count(), cents: sum((order: Order) => order.cents) }),
    byName: mapState<string, number>(),
    tags: setState<string>(),
    log: orderedListState<string>(),
    groups: multimapState<string, Order>(),
  },
  timers: { expire: eventTimer(), flush: processingTimer(), perTag: eventTimerFamily() },
  process({ key, value }, { state, timers, output, timestamp }) {
    expectType<string>()(key);
    expectType<Order>()(value);
    expectType<boolean | undefined>()(state.seen.read());
    expectType<readonly Order[]>()(state.bag.read());
    expectType<number>()(state.total.read());
    expectType<number>()(state.cents.read());
    expectType<{ n: number; cents: number }>()(state.both.read());
    state.both.add(value);
    state.total.add(1);
    expectType<number | undefined>()(state.byName.get("a"));
    expectType<readonly string[]>()(state.tags.read());
    expectType<readonly TimestampedValue<string>[]>()(state.log.readRange(0, timestamp));
    expectType<readonly Order[]>()(state.groups.get("a"));
    timers.expire.set(timestamp, { outputTimestamp: 5 });
    timers.flush.offset({ seconds: 5 }).align({ seconds: 1 }).setRelative();
    timers.perTag.get("a").set(timestamp);
    output(1);
    // @ts-expect-error a state that is not declared
    state.sene;
    // @ts-expect-error a timer that is not declared
    timers.flushes;
    // @ts-expect-error a family has no time of its own
    timers.perTag.setRelative();
    // @ts-expect-error another type than was declared
    state.seen.write(1);
    // @ts-expect-error another output
    output("1");
  },
  onTimer: {
    expire({ key, state, fireTimestamp, timestamp, timers, output }) {
      expectType<string>()(key);
      expectType<boolean | undefined>()(state.seen.read());
      timers.expire.set(Math.max(fireTimestamp, timestamp));
      output(2);
    },
    flush: async ({ state }) => state.bag.clear(),
    perTag: ({ tag }) => expectType<string>()(tag),
  },
  onWindowExpiration({ key, state, output }) {
    expectType<string>()(key);
    output(state.total.read());
  },
});

// A timer without a handler, and a handler without a timer.
// @ts-expect-error
statefulDoFn<KV<string, Order>, number>()({ timers: { a: eventTimer() }, process() {} });
statefulDoFn<KV<string, Order>, number>()({
  timers: { a: eventTimer(), b: eventTimer() },
  process() {},
  // @ts-expect-error
  onTimer: { a() {} },
});
statefulDoFn<KV<string, Order>, number>()({
  timers: { a: eventTimer() },
  process() {},
  // @ts-expect-error
  onTimer: { a() {}, b() {} },
});
// @ts-expect-error
statefulDoFn<KV<string, Order>, number>()({ process() {}, onTimer: { b() {} } });
statefulDoFn<KV<string, Order>, number>()({
  state: { seen: valueState<boolean>() },
  process() {},
  // @ts-expect-error a window that expires can set no timer
  onWindowExpiration: ({ timers }) => timers,
});

export const types: Pipeline = pipeline("stateful-types", (p) => {
  const orders = p.create<Order>([]);
  const keyed = orders.keyBy((order) => order.id);

  expectElements<number>()(keyed.parDo(declared));
  expectElements<number>()(keyed.parDo(declared, { name: "Named" }));

  // In place, all types but the output follow.
  const inPlace = keyed.parDo<string>(
    statefulDoFn({
      state: { n: valueState<number>() },
      timers: { end: eventTimer() },
      process({ key, value }, { state, output }) {
        expectType<string>()(key);
        expectType<Order>()(value);
        expectType<number | undefined>()(state.n.read());
        output(key);
      },
      onTimer: { end: ({ key, output }) => output(key) },
    }),
  );
  expectElements<string>()(inPlace);

  // What is made of state and timers.
  expectElements<Order>()(orders.apply(deduplicate({ by: (order) => order.id })));
  expectElements<Order>()(orders.apply(deduplicate()));
  expectElements<KV<string, readonly Order[]>>()(keyed.apply(groupIntoBatches({ size: 5 })));
  expectElements<KV<string, readonly Order[]>>()(
    keyed.apply(groupIntoBatches({ bytes: 5, bytesOf: (order: Order) => order.cents })),
  );
  expectElements<KV<ShardedKey<string>, readonly Order[]>>()(
    keyed.apply(groupIntoBatches<string, Order>({ size: 5 }).withShardedKey(3)),
  );
  const names = p.create([kv("a", "name")]);
  expectElements<KV<string, Joined<Order, string>>>()(
    intervalJoin(keyed, names, { before: 0, after: { minutes: 1 } }),
  );
  // @ts-expect-error keys of another type
  intervalJoin(keyed, p.create([kv(1, "name")]), { before: 0, after: 0 });
  // @ts-expect-error no pairs
  orders.apply(groupIntoBatches({ size: 5 }));

  // Without pairs there is no key to keep state for.
  // @ts-expect-error
  orders.parDo(declared);
  // @ts-expect-error keys of another type
  orders.keyBy((order) => order.cents).parDo(declared);
  const counted = orders.keyBy((order) => order.id).map(({ key }) => kv(key, 1));
  // @ts-expect-error values of another type
  counted.parDo(declared);
});
