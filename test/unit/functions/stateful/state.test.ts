/**
 * State: each kind, what a reload gives back, what is written and what is not.
 */
import { expect, test } from "vitest";
import type { Coder } from "../../../../sdk/coders/coder.ts";
import {
  bagState,
  combiningState,
  count,
  type Handles,
  type KV,
  mapState,
  multimapState,
  orderedListState,
  type StateSpecs,
  setState,
  statefulDoFn,
  sum,
  valueState,
} from "../../../../sdk/index.ts";
import { StatefulUnderTest, TOO_BIG } from "../../../support/stateful-shard.ts";

/** What an element does to the state; what it returns is emitted as JSON. */
type Act<S extends StateSpecs> = (state: Handles<S>) => unknown;

/** A shard whose elements are what they do to the state. */
class Acting<S extends StateSpecs> {
  readonly under: StatefulUnderTest;
  readonly #acts: Act<S>[] = [];

  constructor(state: S) {
    this.under = new StatefulUnderTest(
      statefulDoFn<KV<string, number>, string>()({
        state,
        process: ({ value }, context) => {
          const seen = this.#acts[value]?.(context.state as Handles<S>);
          if (seen !== undefined) context.output(JSON.stringify(seen));
        },
      }) as never,
    );
  }

  /** Runs acts on one key in one bundle; returns what they gave. */
  async act(...acts: Act<S>[]): Promise<unknown[]> {
    return this.actOn("k", ...acts);
  }

  async actOn(key: string, ...acts: Act<S>[]): Promise<unknown[]> {
    const elements = acts.map((act): [string, number, number] => [
      key,
      this.#acts.push(act) - 1,
      0,
    ]);
    const emitted = await this.under.elements(...elements);
    return emitted.map((text) => JSON.parse(text.replace(/ @0$/, "")));
  }

  /** The same from a shard that was opened anew. */
  async actAnew(...acts: Act<S>[]): Promise<unknown[]> {
    this.under.reload();
    return this.act(...acts);
  }
}

test("a value is read as it was written, cleared, and null and undefined are values too", async () => {
  const acting = new Acting({ v: valueState<unknown>() });
  expect(
    await acting.act(
      ({ v }) => [v.read() === undefined, v.write({ at: new Date(0) }), v.read()],
      ({ v }) => v.read(),
    ),
  ).toEqual([[true, null, { at: "1970-01-01T00:00:00.000Z" }], { at: "1970-01-01T00:00:00.000Z" }]);
  expect(await acting.actAnew(({ v }) => v.read() instanceof Object)).toEqual([true]);
  await acting.act(({ v }) => v.write(null));
  expect(await acting.actAnew(({ v }) => [v.read()])).toEqual([[null]]);
  await acting.act(({ v }) => v.clear());
  expect(await acting.under.entries()).toEqual([]);
  expect(await acting.actAnew(({ v }) => v.read() === undefined)).toEqual([true]);
});

test("keys and windows have states of their own", async () => {
  const acting = new Acting({ v: valueState<number>() });
  await acting.actOn("a", ({ v }) => v.write(1));
  await acting.actOn("b 1", ({ v }) => v.write(2));
  acting.under.reload();
  expect(await acting.actOn("a", ({ v }) => v.read())).toEqual([1]);
  expect(await acting.actOn("b 1", ({ v }) => v.read())).toEqual([2]);
  expect(await acting.actOn("c", ({ v }) => v.read() ?? "none")).toEqual(["none"]);
});

test("a bag keeps what was added in order, and an addition writes no older entry again", async () => {
  const acting = new Acting({ bag: bagState<string>() });
  await acting.act(
    ({ bag }) => bag.add("a"),
    ({ bag }) => bag.add("b"),
  );
  const [first = ""] = await acting.under.entries();
  await acting.actAnew(({ bag }) => bag.add("c"));
  expect(await acting.under.entries()).toHaveLength(2);
  expect((await acting.under.open()).state.get(first)).toBe('["a","b"]');
  expect(await acting.actAnew(({ bag }) => [bag.isEmpty(), ...bag.read()])).toEqual([
    [false, "a", "b", "c"],
  ]);
  expect(
    await acting.act(({ bag }) => {
      bag.clear();
      bag.add("d");
      return [bag.isEmpty(), ...bag.read()];
    }),
  ).toEqual([[false, "d"]]);
  expect(await acting.actAnew(({ bag }) => bag.read())).toEqual([["d"]]);
  await acting.act(({ bag }) => bag.clear());
  expect(await acting.under.entries()).toEqual([]);
});

test("a large bag is kept in several entries", async () => {
  const acting = new Acting({ bag: bagState<string>() });
  const text = "x".repeat(50_000);
  await acting.act(({ bag }) => {
    for (let i = 0; i < 30; i++) bag.add(text);
  });
  expect((await acting.under.entries()).length).toBeGreaterThan(10);
  expect(await acting.actAnew(({ bag }) => bag.read().length)).toEqual([30]);
});

test("a combining state is a fold, and of nothing what the CombineFn gives", async () => {
  const acting = new Acting({
    total: combiningState(sum()),
    both: combiningState({ n: count(), total: sum((n: number) => n) }),
  });
  expect(await acting.act(({ total }) => [total.isEmpty(), total.read()])).toEqual([[true, 0]]);
  await acting.act(({ total, both }) => {
    total.add(2);
    total.add(3);
    both.add(7);
  });
  expect(await acting.actAnew(({ total, both }) => [total.read(), both.read()])).toEqual([
    [5, { n: 1, total: 7 }],
  ]);
  await acting.act(({ total }) => total.clear());
  expect(await acting.actAnew(({ total }) => [total.isEmpty(), total.read()])).toEqual([[true, 0]]);
});

test("a map has an entry for each key, and writes those that changed", async () => {
  const acting = new Acting({ map: mapState<unknown, number>() });
  await acting.act(({ map }) => {
    map.put("a", 1);
    map.put({ x: 1, y: 2 }, 2);
    map.put(3, 3);
  });
  expect(await acting.under.entries()).toHaveLength(3);
  expect(
    await acting.actAnew(({ map }) => [
      map.get({ y: 2, x: 1 }),
      map.get("3") ?? "none",
      map.has(3),
      map.putIfAbsent("a", 9),
      map.putIfAbsent("b", 4) ?? "new",
      map.keys(),
      map.values(),
    ]),
  ).toEqual([[2, "none", true, 1, "new", ["a", { x: 1, y: 2 }, 3, "b"], [1, 2, 3, 4]]]);
  expect(
    await acting.act(({ map }) => {
      map.remove("a");
      return map.entries();
    }),
  ).toEqual([
    [
      [{ x: 1, y: 2 }, 2],
      [3, 3],
      ["b", 4],
    ],
  ]);
  expect(await acting.actAnew(({ map }) => [map.isEmpty(), map.get("a") ?? "none"])).toEqual([
    [false, "none"],
  ]);
  await acting.act(({ map }) => map.clear());
  expect(await acting.under.entries()).toEqual([]);
  expect(await acting.actAnew(({ map }) => map.isEmpty())).toEqual([true]);
});

test("a set holds each value once", async () => {
  const acting = new Acting({ set: setState<string>() });
  expect(
    await acting.act(({ set }) => [set.addIfAbsent("a"), set.addIfAbsent("a"), set.isEmpty()]),
  ).toEqual([[true, false, false]]);
  await acting.act(({ set }) => {
    set.add("a");
    set.add("b");
  });
  expect(await acting.actAnew(({ set }) => [set.has("a"), set.has("c"), set.read()])).toEqual([
    [true, false, ["a", "b"]],
  ]);
  await acting.act(({ set }) => set.remove("a"));
  expect(await acting.actAnew(({ set }) => set.read())).toEqual([["b"]]);
  await acting.act(({ set }) => set.clear());
  expect(await acting.under.entries()).toEqual([]);
});

test("an ordered list is read and cleared by ranges, in the order of time", async () => {
  const acting = new Acting({ log: orderedListState<string>() });
  await acting.act(({ log }) => {
    log.add(30, "d");
    log.add(-10, "a");
    log.add(20, "b");
  });
  await acting.actAnew(({ log }) => log.add(20, "c"));
  const values = (items: readonly { readonly value: string }[]): string =>
    items.map(({ value }) => value).join("");
  expect(
    await acting.actAnew(({ log }) => [
      values(log.read()),
      values(log.readRange(-10, 20)),
      values(log.readRange(20, 30)),
      values(log.readRange(31, 99)),
      log.earliest(),
    ]),
  ).toEqual([["abcd", "a", "bc", "", -10]]);
  expect(
    await acting.act(({ log }) => {
      log.clearRange(0, 25);
      log.add(5, "e");
      return values(log.read());
    }),
  ).toEqual(["aed"]);
  expect(
    await acting.act(({ log }) => {
      const before = log.earliest();
      log.clearRange(-10, 0);
      const after = log.earliest();
      log.add(-10, "a");
      return [before, after];
    }),
  ).toEqual([[-10, 5]]);
  expect(await acting.actAnew(({ log }) => values(log.read()))).toEqual(["aed"]);
  // The middle of a chunk: its times stay the same, and yet it must be written again.
  await acting.act(({ log }) => log.add(6, "f"));
  await acting.actAnew(({ log }) => {
    log.clear();
    for (const time of [1, 2, 3]) log.add(time, `t${time}`);
  });
  await acting.actAnew(({ log }) => log.clearRange(2, 3));
  expect(await acting.actAnew(({ log }) => values(log.read()))).toEqual(["t1t3"]);
  await acting.act(({ log }) => log.clearRange(0, 10));
  expect(await acting.under.entries()).toEqual([]);
  expect(await acting.actAnew(({ log }) => [log.isEmpty(), log.earliest() ?? "none"])).toEqual([
    [true, "none"],
  ]);
});

test("a multimap has lists by key", async () => {
  const acting = new Acting({ lists: multimapState<string, number>() });
  await acting.act(({ lists }) => {
    lists.put("a", 1);
    lists.put("b", 2);
    lists.put("a", 3);
  });
  await acting.actAnew(({ lists }) => lists.put("a", 4));
  expect(
    await acting.actAnew(({ lists }) => [
      lists.get("a"),
      lists.has("b"),
      lists.has("c"),
      lists.keys(),
      lists.entries(),
    ]),
  ).toEqual([
    [
      [1, 3, 4],
      true,
      false,
      ["a", "b"],
      [
        ["a", [1, 3, 4]],
        ["b", [2]],
      ],
    ],
  ]);
  await acting.act(({ lists }) => lists.remove("a"));
  expect(await acting.actAnew(({ lists }) => [lists.keys(), lists.isEmpty()])).toEqual([
    [["b"], false],
  ]);
  await acting.act(({ lists }) => lists.clear());
  expect(await acting.under.entries()).toEqual([]);
});

test("what has not changed is not written again, and an activation encodes a value once", async () => {
  let encoded = 0;
  const coder: Coder<number> = {
    name: "counting",
    encode(value) {
      encoded++;
      return value;
    },
    decode: Number,
  };
  const acting = new Acting({ v: valueState<number>({ coder }), w: valueState<number>() });
  await acting.act(
    ...[1, 2, 3].map(
      (n) =>
        ({ v }: { v: { write(n: number): void } }) =>
          v.write(n),
    ),
  );
  expect(encoded).toBe(1);
  const puts: string[] = [];
  const { state } = await acting.under.open();
  const put = state.put.bind(state);
  state.put = (id, text) => {
    puts.push(id);
    put(id, text);
  };
  await acting.act(({ v, w }) => {
    v.write(3);
    w.write(1);
    return v.read();
  });
  expect(puts).toEqual(["sw g  sk"]);
});

test("what a DoFn changes in place is not kept unless it is written", async () => {
  const acting = new Acting({ v: valueState<number[]>() });
  await acting.act(({ v }) => v.write([1]));
  await acting.act(({ v }) => v.read()?.push(2));
  expect(await acting.act(({ v }) => v.read())).toEqual([[1]]);
  await acting.act(({ v }) => {
    const list = v.read() ?? [];
    list.push(3);
    v.write(list);
  });
  expect(await acting.actAnew(({ v }) => v.read())).toEqual([[1, 3]]);
});

test.each<[string, string, (state: Handles<typeof anyState>) => void]>([
  ["a value", "ERR_ELEMENT_TOO_BIG", ({ v }) => v.write(TOO_BIG)],
  ["an item of a bag", "ERR_ELEMENT_TOO_BIG", ({ bag }) => bag.add(TOO_BIG)],
  ["a value of a map", "ERR_ELEMENT_TOO_BIG", ({ map }) => map.put("a", TOO_BIG)],
  ["a value that can't be encoded", "ERR_ENCODE", ({ v }) => v.write(() => 1)],
  ["a member of a set that is no key", "ERR_KEY", ({ set }) => set.add(new Map())],
])(
  "%s that can't be kept makes its element a dead letter, which names the state",
  async (_, code, act) => {
    const acting = new Acting(anyState);
    const kept = await acting.act(
      ({ v }) => v.write("kept"),
      act,
      ({ v }) => v.read(),
    );
    expect(kept).toEqual(["kept"]);
    expect(acting.under.dead).toMatchObject([
      { error: { code }, element: { key: "k", value: 1 }, timestamp: 0 },
    ]);
    expect(String(acting.under.dead[0]?.error)).toMatch(/parDo .*state "(v|bag|map|set)": /);
    expect(await acting.under.entries()).toEqual(["sv g  sk"]);
  },
);

const anyState = {
  v: valueState<unknown>(),
  bag: bagState<string>(),
  map: mapState<string, string>(),
  set: setState<unknown>(),
};

test("one element that changes more state than a commit holds becomes a dead letter", async () => {
  const acting = new Acting({ bag: bagState<string>(), v: valueState<number>() });
  const text = "x".repeat(800_000);
  await acting.act(({ bag }) => {
    for (let i = 0; i < 6; i++) bag.add(text);
  });
  expect(acting.under.dead).toMatchObject([{ error: { code: "ERR_ELEMENT_TOO_BIG" } }]);
  expect(await acting.under.entries()).toEqual([]);
  await acting.act(({ v }) => v.write(1));
  expect(await acting.act(({ v }) => v.read())).toEqual([1]);
});
