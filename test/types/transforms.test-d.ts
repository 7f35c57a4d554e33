/**
 * The types of transforms, combiners and schemas, checked by tsc. Nothing here runs.
 */
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import {
  approximateDistinct,
  approximateQuantiles,
  coGroupByKey,
  count,
  countPerElement,
  distinct,
  distinctBy,
  enrich,
  files,
  firestore,
  fixedWindows,
  flatMapValues,
  fullJoin,
  innerJoin,
  type KV,
  largest,
  latest,
  latestGlobally,
  latestPerKey,
  leftJoin,
  mapKeys,
  mapValues,
  type PaneInfo,
  type Pipeline,
  parseJson,
  partition,
  pipeline,
  pubsub,
  regexFind,
  regexFindAll,
  regexFindKV,
  reifyTimestamps,
  reifyWindows,
  rightJoin,
  type Schema,
  sampleAny,
  sampleFixedSize,
  schemaCoder,
  smallest,
  sum,
  swapKV,
  type Timestamp,
  type TimestampedValue,
  toJson,
  toList,
  toMap,
  top,
  toSet,
  validate,
  type Window,
} from "../../sdk/index.ts";
import { expectElements } from "./expect.ts";

interface Order {
  readonly id: string;
  readonly userId: string;
  readonly cents: number;
}
interface User {
  readonly name: string;
}

export const types: Pipeline = pipeline("transform-types", (p) => {
  const orders = p.create<Order>([]);
  const byUser = orders.keyBy((o) => o.userId);
  const users = p.create<KV<string, User>>([]);
  const visits = p.create<KV<string, number>>([]);
  const byNumber = p.create<KV<number, User>>([]);

  // coGroupByKey: each tag has its own type.
  const grouped = coGroupByKey({ orders: byUser, users, visits }, { name: "Grouped" });
  expectElements<
    KV<
      string,
      {
        readonly orders: readonly Order[];
        readonly users: readonly User[];
        readonly visits: readonly number[];
      }
    >
  >()(grouped);
  expectElements<KV<string, { readonly only: readonly User[] }>>()(coGroupByKey({ only: users }));
  const labels = p.create<KV<"a" | "b", boolean>>([]);
  expectElements<
    KV<string, { readonly users: readonly User[]; readonly labels: readonly boolean[] }>
  >()(coGroupByKey({ users, labels }));
  grouped.map(({ value }) => {
    // @ts-expect-error: no such tag
    return value.clicks;
  });
  // @ts-expect-error: not keyed
  coGroupByKey({ orders, users });
  // @ts-expect-error: keys that can never be equal
  coGroupByKey({ users, byNumber });
  // @ts-expect-error: neither are these
  coGroupByKey({ byUser, users, byNumber });

  // Joins.
  expectElements<KV<string, { readonly left: Order; readonly right: User }>>()(
    innerJoin(byUser, users).map((pair) => pair),
  );
  innerJoin(byUser, users).map(({ value }) => value.left.cents + value.right.name.length);
  leftJoin(byUser, users).map(({ value }) => value.right?.name);
  // @ts-expect-error: may be absent
  leftJoin(byUser, users).map(({ value }) => value.right.name);
  rightJoin(byUser, users).map(({ value }) => value.right.name);
  // @ts-expect-error: may be absent
  rightJoin(byUser, users).map(({ value }) => value.left.cents);
  // One of both is there: what has no left has a right.
  fullJoin(byUser, users).map(({ value }) =>
    value.left === undefined ? value.right.name : value.left.id,
  );
  // @ts-expect-error: not keyed
  innerJoin(orders, users);
  // @ts-expect-error: not keyed
  leftJoin(users, orders);
  // @ts-expect-error: keys that can never be equal
  innerJoin(users, byNumber);

  // partition: as many as were asked for.
  const [small, large] = orders.apply(partition(2, (o) => (o.cents < 100 ? 0 : 1)));
  expectElements<Order>()(small);
  expectElements<Order>()(large);
  const n: number = orders.apply(partition(3, () => 0)).length;
  const some = orders.apply(partition(n, (o) => o.cents % n));
  // @ts-expect-error: nobody knows how many there are
  expectElements<Order>()(some[0]);
  // @ts-expect-error: there are only two
  orders.apply(partition(2, () => 0))[2];

  // Composites carry the types through.
  expectElements<Order>()(orders.apply(distinct()));
  expectElements<Order>()(orders.apply("Unique", distinct()));
  expectElements<Order>()(orders.apply(distinctBy((o) => o.id)));
  expectElements<KV<Order, number>>()(orders.apply(countPerElement()));
  expectElements<KV<number, Order>>()(byUser.apply(mapKeys((k) => k.length)));
  expectElements<KV<string, number>>()(byUser.apply(mapValues((o) => o.cents)));
  expectElements<KV<string, string>>()(byUser.apply(flatMapValues((o) => [o.id])));
  expectElements<KV<Order, string>>()(byUser.apply(swapKV()));
  expectElements<TimestampedValue<Order>>()(orders.apply(reifyTimestamps()));
  orders.apply(reifyWindows()).map((o): [Order, Timestamp, Window, PaneInfo] => {
    return [o.value, o.timestamp, o.window, o.pane];
  });
  expectElements<KV<string, Order>>()(byUser.apply(latestPerKey()));
  expectElements<Order>()(orders.apply(latestGlobally()));
  const texts = p.create(["a"]);
  expectElements<string>()(texts.apply(regexFind(/a/)));
  expectElements<readonly string[]>()(texts.apply(regexFindAll(/a/)));
  expectElements<KV<string, string>>()(texts.apply(regexFindKV(/(a)(b)/, 1, 2)));
  expectElements<string>()(orders.apply(toJson()));
  // @ts-expect-error: not keyed
  orders.apply(latestPerKey());
  // @ts-expect-error: not keyed
  orders.apply(mapValues((o: Order) => o));
  // @ts-expect-error: not keyed
  orders.apply(swapKV());
  // @ts-expect-error: not texts
  orders.apply(regexFind(/a/));
  // @ts-expect-error: not texts
  orders.apply(parseJson<Order>());

  // Combiners infer their inputs.
  expectElements<KV<string, number>>()(
    byUser.combinePerKey(approximateDistinct({ by: (o) => o.id })),
  );
  expectElements<KV<string, number[]>>()(
    byUser.combinePerKey(approximateQuantiles(3, { by: (o) => o.cents })),
  );
  expectElements<KV<string, number[]>>()(visits.combinePerKey(largest(3)));
  expectElements<KV<string, number[]>>()(visits.combinePerKey(smallest(3)));
  expectElements<KV<string, Order[]>>()(byUser.combinePerKey(smallest(3, (o) => o.cents)));
  expectElements<KV<string, Order[]>>()(byUser.combinePerKey(sampleFixedSize(3)));
  expectElements<KV<string, Order[]>>()(byUser.combinePerKey(sampleAny(3)));
  expectElements<KV<string, Order[]>>()(byUser.combinePerKey(toList()));
  expectElements<KV<string, Set<Order>>>()(byUser.combinePerKey(toSet()));
  expectElements<Map<string, User>>()(users.combineGlobally(toMap()));
  expectElements<KV<string, TimestampedValue<Order> | undefined>>()(
    orders
      .apply(reifyTimestamps())
      .keyBy(({ value }) => value.userId)
      .combinePerKey(latest()),
  );
  expectElements<
    KV<string, { all: Order[]; n: number; middle: number[]; kinds: number; some: Order[] }>
  >()(
    byUser.combinePerKey({
      all: toList(),
      n: count(),
      middle: approximateQuantiles(3, { by: (o) => o.cents }),
      kinds: approximateDistinct(),
      some: sampleFixedSize(2),
    }),
  );
  // @ts-expect-error: a Map of what are no pairs
  orders.combineGlobally(toMap());
  // @ts-expect-error: inputs without a time
  byUser.combinePerKey(latest());
  // @ts-expect-error: no order of their own
  byUser.combinePerKey(largest(3));

  // Fan-out knows the key.
  expectElements<KV<string, number>>()(
    byUser.combinePerKey(count(), { fanout: (key) => (key.length > 3 ? 8 : 1) }),
  );
  expectElements<number>()(visits.values().combineGlobally(sum(), { fanout: 4 }));
  // @ts-expect-error: there is one key, and no function of it
  visits.values().combineGlobally(sum(), { fanout: () => 4 });
  // @ts-expect-error: a function of another key
  byUser.combinePerKey(count(), { fanout: (key: number) => key });

  // enrich: the response, or what `join` makes of it.
  const enriched = orders.apply(
    enrich({ keyOf: (o: Order) => o.userId, call: async (id) => ({ name: id }) }),
  );
  enriched.map(({ element, response }) => element.id + response.name);
  expectElements<string>()(
    orders.apply(
      enrich({
        keyOf: (o: Order) => o.userId,
        callBatch: async (ids) => ids.map((id) => id.length),
        batch: { size: 10 },
        join: (o, length) => `${o.id} ${length}`,
      }),
    ),
  );
  // @ts-expect-error: a service of several keys needs to know how many
  enrich({ keyOf: (o: Order) => o.userId, callBatch: async (ids) => ids });
  // @ts-expect-error: no service
  enrich({ keyOf: (o: Order) => o.userId });

  // A combine and a window still fit behind.
  grouped
    .windowInto(fixedWindows({ hours: 1 }))
    .combinePerKey({ n: count(), worst: top(1, () => 0) });
});

const zod = z.object({ id: z.string(), at: z.coerce.date() });
const valibot = v.object({ id: v.string(), tags: v.array(v.string()) });
const ark = type({ id: "string", "cents?": "number" });

export const schemas: Pipeline = pipeline("schema-types", (p) => {
  const raw = p.create<unknown>([]);

  // All three libraries: the output of the schema is the element.
  expectElements<{ id: string; at: Date }>()(raw.apply(validate(zod)));
  expectElements<{ id: string; tags: string[] }>()(raw.apply("Valid", validate(valibot)));
  expectElements<{ id: string; cents?: number }>()(raw.apply(validate(ark)));

  // Sources, and the functions that take what they give.
  expectElements<{ id: string; at: Date }>()(
    p.read(pubsub.topic("o", { schema: zod, timestamp: (o) => o.at, id: (o) => o.id })),
  );
  expectElements<{ id: string; tags: string[] }>()(
    p.read(pubsub.subscription("o", { schema: valibot, id: (o) => o.tags.join() })),
  );
  expectElements<{ id: string; cents?: number }>()(p.read(pubsub.topic("o", { schema: ark })));
  expectElements<{ id: string; at: Date }>()(
    p.read(files.ndjson("o", { schema: zod, timestamp: (o) => o.at })),
  );
  expectElements<{ id: string; at: Date }>()(p.read(files.csv("o", { schema: zod })));
  expectElements<{ id: string; tags: string[] }>()(p.read(files.json("o", { schema: valibot })));
  expectElements<number>()(p.read(files.text("o", { schema: z.coerce.number() })));

  // Texts.
  expectElements<{ id: string; at: Date }>()(p.create(["{}"]).apply(parseJson(zod)));
  expectElements<{ id: string }>()(p.create(["{}"]).apply(parseJson<{ id: string }>()));
  expectElements<unknown>()(p.create(["{}"]).apply(parseJson()));

  const coder = schemaCoder("order", valibot);
  const id: string = coder.decode({}).id;
  const schema: Schema<{ id: string }> = zod;
  raw
    .apply(validate(schema))
    .write(firestore.collection("o", { id: (o) => o.id + id, fields: (o) => ({ ...o }) }));

  // @ts-expect-error: not what the schema gives
  expectElements<{ id: string; at: string }>()(raw.apply(validate(zod)));
  // @ts-expect-error: no such field
  p.read(pubsub.topic("o", { schema: zod, timestamp: (o) => o.time }));
  // @ts-expect-error: no schema
  raw.apply(validate({ id: "string" }));
});
