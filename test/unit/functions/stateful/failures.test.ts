/**
 * Failures in a stateful DoFn: what a failed run changed is undone, and the effects of the others
 * stand once.
 */
import { expect, test } from "vitest";
import {
  bagState,
  eventTimer,
  firestore,
  type KV,
  mapState,
  multimapState,
  orderedListState,
  pipeline,
  processingTimer,
  setState,
  statefulDoFn,
  valueState,
} from "../../../../sdk/index.ts";
import { StatefulUnderTest } from "../../../support/stateful-shard.ts";

const everything = {
  n: valueState<number>(),
  list: valueState<number[]>(),
  bag: bagState<number>(),
  map: mapState<string, number>(),
  set: setState<number>(),
  log: orderedListState<number>(),
  lists: multimapState<string, number>(),
};

/** Does something with every kind of state, in place too, and fails where it is told to. */
function adding(fails: (value: number, seen: number) => boolean, isAsync = false) {
  return statefulDoFn<KV<string, number>, string>()({
    state: everything,
    timers: { e: eventTimer(), p: processingTimer() },
    process({ key, value }, { state, timers, output }) {
      const seen = (state.n.read() ?? 0) + 1;
      state.n.write(seen);
      const list = state.list.read() ?? [];
      list.push(value);
      state.list.write(list);
      state.bag.add(value);
      state.map.put(String(value % 3), value);
      state.set.add(value);
      state.log.add(value, value);
      state.lists.put("all", value);
      timers.e.set(1_000 + value);
      timers.p.set(1_000_000 + value);
      output(`${key} ${value} is ${seen}`);
      const end = (): void => {
        if (fails(value, seen)) throw new Error("told to");
      };
      return isAsync ? Promise.resolve().then(end) : end();
    },
    onTimer: {
      e({ state, output }) {
        output(
          JSON.stringify([
            state.n.read(),
            state.list.read(),
            state.bag.read(),
            state.map.entries(),
            state.set.read(),
            state.log.read().map(({ value }) => value),
            state.lists.get("all"),
          ]),
        );
      },
      p() {},
    },
  });
}

function elements(...values: number[]): [string, number, number][] {
  return values.map((value) => ["k", value, 0]);
}

/** The state that these values leave behind, by a run in which nothing fails. */
async function stateOf(...values: number[]): Promise<string[]> {
  const shard = new StatefulUnderTest(adding(() => false) as never);
  await shard.elements(...elements(...values));
  return shard.advance(10_000);
}

test.each([false, true])(
  "a bundle that fails once is run again, and counts once (asynchronous: %s)",
  async (isAsync) => {
    let failures = 0;
    const fn = adding((value) => value === 3 && failures++ < 2, isAsync);
    const shard = new StatefulUnderTest(fn as never);
    await shard.elements(...elements(1));
    const emitted = await shard.elements(...elements(2, 3, 4));
    expect(emitted).toEqual(["k 2 is 2 @0", "k 3 is 3 @0", "k 4 is 4 @0"]);
    expect(shard.dead).toEqual([]);
    expect(await shard.advance(10_000)).toEqual(await stateOf(1, 2, 3, 4));
  },
);

test.each([false, true])(
  "elements that always fail become dead letters, the others' effects stand once (asynchronous: %s)",
  async (isAsync) => {
    const fn = adding((value) => value % 5 === 3, isAsync);
    const shard = new StatefulUnderTest(fn as never);
    await shard.elements(...elements(1, 2));
    await shard.elements(...elements(3, 4, 5, 6, 7, 8, 9, 13));
    expect(shard.dead.map(({ element }) => (element as { value: number }).value)).toEqual([
      3, 8, 13,
    ]);
    expect(shard.dead).toMatchObject([{ attempts: 3, error: { code: "ERR_USER_CODE" } }, {}, {}]);
    shard.reload();
    expect(await shard.advance(10_000)).toEqual(await stateOf(1, 2, 4, 5, 6, 7, 9));
  },
);

test("an element that fails because of one before it is found, with that one's effects in place", async () => {
  const shard = new StatefulUnderTest(adding((_, seen) => seen > 3) as never);
  const emitted = await shard.elements(...elements(1, 2, 3, 4, 5));
  expect(emitted).toEqual(["k 1 is 1 @0", "k 2 is 2 @0", "k 3 is 3 @0"]);
  expect(shard.dead).toHaveLength(2);
});

test("values that only together grow too large don't hold the shard up: the last is set aside", async () => {
  const growing = statefulDoFn<KV<string, number>, string>()({
    state: { text: valueState<string>() },
    process: ({ value }, { state }) =>
      state.text.write((state.text.read() ?? "") + "x".repeat(value)),
  });
  const shard = new StatefulUnderTest(growing as never);
  await shard.elements(...elements(400_000, 400_000, 400_000, 7));
  expect(shard.dead).toMatchObject([
    { element: { value: 400_000 }, error: { code: "ERR_ELEMENT_TOO_BIG" } },
  ]);
  expect((await shard.open()).state.get("stext g  sk")).toHaveLength(800_007 + 4);
});

test("a failure behind the DoFn undoes its state as well", async () => {
  const counting = statefulDoFn<KV<string, number>, number>()({
    state: { n: valueState<number>() },
    process({ value }, { state, output }) {
      const n = (state.n.read() ?? 0) + 1;
      state.n.write(n);
      output(value === 2 ? -1 : n);
    },
  });
  const built = pipeline("behind", (p) =>
    p
      .create<KV<string, number>>([])
      .parDo(counting)
      .map((n) => {
        if (n < 0) throw new Error("not behind me");
        return n;
      })
      .write(firestore.collection("out", { id: String, fields: () => ({}) })),
  );
  const shard = new StatefulUnderTest(counting as never, {}, built);
  expect(await shard.elements(...elements(1, 2, 3))).toEqual(["1", "2"]);
  expect(shard.dead).toMatchObject([{ element: { key: "k", value: 2 } }]);
});

test("a timer that always fails becomes a dead letter and is dropped, the rest goes on", async () => {
  let calls = 0;
  const fn = statefulDoFn<KV<string, number>, string>()({
    state: { n: valueState<number>() },
    timers: { e: eventTimer(), p: processingTimer() },
    process({ value }, { timers, timestamp }) {
      timers.e.set(timestamp + value, { outputTimestamp: timestamp });
      timers.p.set(5_000);
    },
    onTimer: {
      e({ key, state, output, timers, fireTimestamp }) {
        output(`${key} fired`);
        state.n.write(1);
        timers.e.set(fireTimestamp + 100);
        if (key !== "bad") return;
        calls++;
        throw new Error("always");
      },
      p: ({ key, output }) => output(`${key} p`),
    },
  });
  const shard = new StatefulUnderTest(fn as never);
  await shard.elements(["a", 10, 0], ["bad", 20, 0], ["z", 30, 0]);
  expect(await shard.advance(50)).toEqual(["a fired @0", "z fired @0"]);
  expect(calls).toBeGreaterThanOrEqual(3);
  expect(shard.dead).toMatchObject([
    {
      error: { code: "ERR_USER_CODE" },
      element: { key: "bad", timer: "e", fireTimestamp: 20, window: {} },
      timestamp: 0,
    },
  ]);
  expect(await shard.waits()).toEqual([0, 110, 5_000]);
  expect(await shard.advance(200)).toEqual(["a fired @110", "z fired @130"]);
  expect(await shard.pass(5_000)).toEqual(["a p @0", "bad p @0", "z p @0"]);
});

test("an onWindowExpiration that always fails becomes a dead letter, and its state is cleared", async () => {
  const fn = statefulDoFn<KV<string, number>, string>()({
    state: { n: valueState<number>() },
    process: ({ value }, { state }) => state.n.write(value),
    onWindowExpiration({ key, output }) {
      if (key === "bad") throw new Error("always");
      output(key);
    },
  });
  const shard = new StatefulUnderTest(fn as never);
  await shard.elements(["a", 1, 0], ["bad", 2, 0], ["z", 3, 0]);
  expect(await shard.advance(8.64e15)).toHaveLength(2);
  expect(shard.dead).toMatchObject([{ element: { key: "bad", timer: "onWindowExpiration" } }]);
  expect(await shard.entries()).toEqual([]);
});

test("elements come one after the other where process is asynchronous, in the order of arrival", async () => {
  const log: string[] = [];
  const fn = statefulDoFn<KV<string, number>, string>()({
    state: { n: valueState<number>() },
    async process({ key, value }, { state, output }) {
      log.push(`${value} begins`);
      const n = state.n.read() ?? 0;
      await new Promise((resolve) => setTimeout(resolve, 5 - value));
      state.n.write(n + 1);
      output(`${key} ${state.n.read()}`);
      log.push(`${value} ends`);
    },
  });
  const shard = new StatefulUnderTest(fn as never);
  expect(await shard.elements(...elements(1, 2, 3))).toEqual(["k 1 @0", "k 2 @0", "k 3 @0"]);
  expect(log).toEqual([1, 2, 3].flatMap((n) => [`${n} begins`, `${n} ends`]));
});

test("what an element leaves behind un-awaited can't get at the next one's key", async () => {
  const caught: unknown[] = [];
  const fn = statefulDoFn<KV<string, number>, string>()({
    state: { n: valueState<number>() },
    async process({ value }, context) {
      context.state.n.write(value);
      setTimeout(() => {
        try {
          context.state.n.write(-1);
        } catch (error) {
          caught.push(error);
        }
      }, 0);
    },
  });
  const shard = new StatefulUnderTest(fn as never);
  await shard.elements(...elements(1));
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(caught).toMatchObject([{ code: "ERR_USER_CODE" }]);
});

test("callbacks for after the commit are those of the run that counts", async () => {
  const done: number[] = [];
  let failures = 0;
  const fn = statefulDoFn<KV<string, number>, string>()({
    process({ value }, { bundleFinalizer }) {
      bundleFinalizer.afterBundleCommit(() => void done.push(value));
      if (value === 2 && failures++ === 0) throw new Error("once");
    },
  });
  const shard = new StatefulUnderTest(fn as never);
  await shard.elements(...elements(1, 2));
  for (const callback of shard.finalizers) await callback();
  expect(done).toEqual([1, 2]);
});

test("setup, startBundle, finishBundle and teardown are called as for any DoFn", async () => {
  const calls: string[] = [];
  const fn = statefulDoFn<KV<string, number>, string>()({
    setup: () => void calls.push("setup"),
    startBundle: () => void calls.push("start"),
    process: ({ value }) => void calls.push(`process ${value}`),
    finishBundle({ output }) {
      calls.push("finish");
      output("from finishBundle", { timestamp: 3, window: { start: 0, end: 10 } as never });
    },
  });
  const shard = new StatefulUnderTest(fn as never);
  expect(await shard.elements(...elements(1))).toEqual(["from finishBundle @3"]);
  await shard.elements(...elements(2));
  expect(calls).toEqual([
    ...["setup", "start", "process 1", "finish"],
    ...["start", "process 2", "finish"],
  ]);
});
