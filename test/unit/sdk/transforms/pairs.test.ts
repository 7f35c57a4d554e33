/** Small transforms of pairs, and reify. */
import { expect, test } from "vitest";
import {
  fixedWindows,
  flatMapValues,
  kv,
  latestGlobally,
  latestPerKey,
  mapKeys,
  mapValues,
  reifyTimestamps,
  reifyWindows,
  swapKV,
} from "../../../../sdk/index.ts";
import { NO_FIRING } from "../../../../sdk/model/pane.ts";
import { elementsOf, SMALL_BUNDLES, timedTopic } from "../../../support/elements.ts";

const pairs = [kv("a", 1), kv("b", 2)];

test("mapKeys, mapValues, flatMapValues and swapKV change one side or both", async () => {
  const keys = await elementsOf((p) => p.create(pairs).apply(mapKeys((k) => k.toUpperCase())));
  expect(keys.sorted).toEqual([kv("A", 1), kv("B", 2)]);
  const values = await elementsOf((p) => p.create(pairs).apply(mapValues((v) => v * 10)));
  expect(values.sorted).toEqual([kv("a", 10), kv("b", 20)]);
  const several = await elementsOf((p) =>
    p.create(pairs).apply(flatMapValues((v) => Array.from({ length: v }, (_, i) => i))),
  );
  expect(several.sorted).toEqual([kv("a", 0), kv("b", 0), kv("b", 1)]);
  const swapped = await elementsOf((p) => p.create(pairs).apply(swapKV()));
  expect(swapped.sorted).toEqual([kv(1, "a"), kv(2, "b")]);
});

test("each gives nothing for nothing, and carries its own name in plans", async () => {
  const composites = [mapKeys, mapValues, flatMapValues].map((make) =>
    make((x: unknown) => [x] as Iterable<unknown>),
  );
  for (const composite of [...composites, swapKV<unknown, unknown>()]) {
    const { out } = await elementsOf((p) => p.create<(typeof pairs)[number]>([]).apply(composite));
    expect(out).toEqual([]);
  }
  const { dead } = await elementsOf((p) =>
    p.create(pairs).apply(
      mapValues((v) => {
        if (v === 2) throw new Error("no two");
        return v;
      }),
    ),
  );
  expect(dead[0]?.error.message).toContain("mapValues/map");
});

test("reifyTimestamps and reifyWindows give an element's time, window and pane", async () => {
  const stamped = await elementsOf((p) =>
    p.create([1, 12], { timestamp: (n) => n }).apply(reifyTimestamps()),
  );
  expect(stamped.sorted).toEqual([
    { timestamp: 1, value: 1 },
    { timestamp: 12, value: 12 },
  ]);
  const windowed = await elementsOf((p) =>
    p
      .create([12], { timestamp: (n) => n })
      .windowInto(fixedWindows(10))
      .apply(reifyWindows()),
  );
  expect(windowed.sorted).toEqual([
    { value: 12, timestamp: 12, window: { start: 10, end: 20 }, pane: NO_FIRING },
  ]);
  const grouped = await elementsOf((p) =>
    p
      .create([kv("a", 12)], { timestamp: ({ value }) => value })
      .windowInto(fixedWindows(10))
      .groupByKey()
      .apply(reifyWindows()),
  );
  expect(grouped.sorted[0]).toMatchObject({ timestamp: 19, pane: { timing: "ON_TIME" } });
});

test("latestPerKey and latestGlobally take the latest by event time, in each window", async () => {
  const timed = [
    { k: "a", at: 3 },
    { k: "a", at: 9 },
    { k: "a", at: 1 },
    { k: "b", at: 4 },
    { k: "a", at: 15 },
  ];
  const build = (p: Parameters<Parameters<typeof elementsOf>[0]>[0]) =>
    p.create(timed, { timestamp: ({ at }) => at }).windowInto(fixedWindows(10));
  const perKey = await elementsOf(
    (p) =>
      build(p)
        .keyBy(({ k }) => k)
        .apply(latestPerKey()),
    SMALL_BUNDLES,
  );
  expect(perKey.sorted.map(({ value }) => value)).toEqual([
    { k: "a", at: 15 },
    { k: "a", at: 9 },
    { k: "b", at: 4 },
  ]);
  const all = await elementsOf((p) => build(p).apply(latestGlobally()), SMALL_BUNDLES);
  expect(all.sorted).toEqual([
    { k: "a", at: 15 },
    { k: "a", at: 9 },
  ]);
});

test("latest of nothing is nothing, and neither is that of a pane that only closes a window", async () => {
  const none = await elementsOf((p) => p.create<string>([]).apply(latestGlobally()));
  expect(none.out).toEqual([]);
  const read = (global: boolean) =>
    elementsOf(
      (p) => {
        const input = p.read(timedTopic<string>("in")).windowInto(fixedWindows(10), {
          allowedLateness: 5,
          closing: "fireAlways",
        });
        return global
          ? input.apply(latestGlobally()).map(({ v }) => v)
          : input
              .keyBy(() => "k")
              .apply(latestPerKey())
              .map(({ value }) => value.v);
      },
      { input: { in: [{ at: 1, v: "x" }] } },
    );
  for (const { sorted, dead } of [await read(true), await read(false)]) {
    expect([sorted, dead]).toEqual([["x"], []]);
  }
});
