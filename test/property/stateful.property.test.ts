/**
 * Stateful DoFns give the same, however their input is cut, spread and ordered.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  bagState,
  combiningState,
  eventTimer,
  fixedWindows,
  type KV,
  kv,
  mapState,
  pipeline,
  processingTimer,
  pubsub,
  setState,
  statefulDoFn,
  sum,
} from "../../sdk/index.ts";
import { checkNothingLeft } from "../support/mesh-checks.ts";
import { runInMemory } from "../support/run-memory.ts";
import { StatefulUnderTest } from "../support/stateful-shard.ts";

/** Commutative: what it tells at the end does not depend on the order of the elements. */
const commutative = statefulDoFn<KV<string, number>, string>()({
  state: {
    total: combiningState(sum()),
    bag: bagState<number>(),
    counts: mapState<number, number>(),
    seen: setState<number>(),
  },
  timers: { end: eventTimer(), flush: processingTimer() },
  process({ value }, { state, timers, window }) {
    state.total.add(value);
    state.bag.add(value);
    state.counts.put(value % 3, (state.counts.get(value % 3) ?? 0) + 1);
    state.seen.add(value);
    timers.end.set(window.end - 1);
    timers.flush.offset(5).withNoOutputTimestamp().setRelative();
  },
  onTimer: {
    end({ key, state, output }) {
      const ascending = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b);
      const counts = [0, 1, 2].map((i) => state.counts.get(i) ?? 0);
      const told = [ascending(state.bag.read()), counts, ascending(state.seen.read())];
      output(`${key} ${state.total.read()} ${JSON.stringify(told)}`);
    },
    flush() {},
  },
});

const anyEvents = fc.array(
  fc.record({ key: fc.constantFrom("a", "b", "c d"), value: fc.nat(20), time: fc.nat(299) }),
  { maxLength: 40 },
);

test("any split into bundles and any number of shards gives the same for each key", async () => {
  const splits = fc.record({
    shards: fc.integer({ min: 1, max: 5 }),
    bundleElementsMax: fc.integer({ min: 1, max: 9 }),
    chunkElementsMax: fc.integer({ min: 1, max: 20 }),
    firingsMax: fc.integer({ min: 1, max: 4 }),
    memtableBytesMax: fc.constantFrom(100, 10_000),
  });
  await fc.assert(
    fc.asyncProperty(anyEvents, splits, async (events, { shards, ...engine }) => {
      const built = pipeline("commutative", (p) =>
        p
          .create(events, { timestamp: (e) => e.time })
          .windowInto(fixedWindows(100))
          .map((e) => kv(e.key, e.value))
          .parDo(commutative)
          .write(pubsub.topic<string>("out")),
      );
      const one = await runInMemory(built, { shards: 1 });
      const other = await runInMemory(built, { shards, engine });
      expect(other.messages("out").sort()).toEqual(one.messages("out").sort());
      await checkNothingLeft(other.mesh);
    }),
    { numRuns: 25 },
  );
});

test("to open the shard anew after each bundle changes nothing", async () => {
  const steps = fc.array(
    fc.oneof(
      anyEvents.map((events) => ({ kind: "elements" as const, events })),
      fc.nat(120).map((by) => ({ kind: "advance" as const, by })),
      fc.nat(9).map((byMs) => ({ kind: "pass" as const, byMs })),
    ),
    { maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const options = { windowFn: fixedWindows(100), allowedLateness: 30 };
      const engine = { memtableBytesMax: 100 };
      const live = new StatefulUnderTest(commutative as never, { ...options, engine });
      const anew = new StatefulUnderTest(commutative as never, { ...options, engine });
      let watermark = 0;
      for (const step of [...list, { kind: "advance" as const, by: 8.64e15 }]) {
        if (step.kind === "advance") watermark = Math.min(8.64e15, watermark + step.by);
        const seen = [live, anew].map(async (shard) => {
          const emitted =
            step.kind === "elements"
              ? await shard.elements(
                  ...step.events.map(({ key, value, time }): [string, number, number] => [
                    key,
                    value,
                    time,
                  ]),
                )
              : step.kind === "advance"
                ? await shard.advance(watermark)
                : await shard.pass(shard.nowMs + step.byMs);
          return [emitted, await shard.waits(), await shard.entries()];
        });
        expect(await seen[1]).toEqual(await seen[0]);
        anew.reload();
      }
      expect(await live.entries()).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
