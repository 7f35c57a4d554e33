/** intervalJoin: pairs of equal keys whose times are near each other (IJ1, IJ2). */
import fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryMesh } from "../../../../emulators/memory/memory-mesh.ts";
import {
  assertThat,
  testPipeline,
  testStreams,
  timestamped,
} from "../../../../emulators/testing/index.ts";
import {
  fixedWindows,
  type IntervalJoinOptions,
  intervalJoin,
  type KV,
  kv,
  type PCollection,
  pipeline,
  pubsub,
  type Root,
} from "../../../../sdk/index.ts";
import { elementsOf, SMALL_BUNDLES, timedTopic } from "../../../support/elements.ts";
import { meshErrorOf } from "../errors.ts";

interface Event {
  readonly key: string;
  readonly at: number;
}

/** Elements that are their own times. */
function side(p: Root, events: readonly Event[]): PCollection<KV<string, number>> {
  return p.create(events, { timestamp: ({ at }) => at }).map(({ key, at }) => kv(key, at));
}

function expected(
  lefts: readonly Event[],
  rights: readonly Event[],
  before: number,
  after: number,
) {
  return lefts.flatMap((left) =>
    rights
      .filter(({ key }) => key === left.key)
      .filter(({ at }) => at >= left.at - before && at <= left.at + after)
      .map((right) => `${left.key} ${left.at} ${right.at} @${Math.max(left.at, right.at)}`),
  );
}

test("in batch each pair comes once, with the later of its times, in any order of arrival", async () => {
  const anySide = fc.array(fc.record({ key: fc.constantFrom("a", "b"), at: fc.nat(60) }), {
    maxLength: 15,
  });
  const interval = fc.record({ before: fc.nat(9), after: fc.nat(9) });
  await fc.assert(
    fc.asyncProperty(anySide, anySide, interval, async (lefts, rights, { before, after }) => {
      const { out } = await elementsOf(
        (p) => intervalJoin(side(p, lefts), side(p, rights), { before, after }),
        SMALL_BUNDLES,
      );
      const pairs = out.map(
        ({ element: { key, value }, timestamp }) =>
          `${key} ${value.left} ${value.right} @${timestamp}`,
      );
      expect(pairs.sort()).toEqual(expected(lefts, rights, before, after).sort());
    }),
    { numRuns: 25 },
  );
});

test("in fixed windows only values of one window meet", async () => {
  const { sorted } = await elementsOf((p) => {
    const [left, right] = [8, 12].map((at) =>
      side(p, [{ key: "k", at }]).windowInto(fixedWindows(10)),
    ) as [PCollection<KV<string, number>>, PCollection<KV<string, number>>];
    const options = { before: 5, after: 5 };
    return intervalJoin(left, right.flatten(left), options);
  });
  expect(sorted).toEqual([kv("k", { left: 8, right: 8 })]);
});

const options = { before: 10, after: 20 };

function joined(p: Root, streams: Streams, more: Partial<IntervalJoinOptions> = {}) {
  const keyed = (tag: "left" | "right") => p.read(streams.source(tag)).keyBy(() => "k");
  return intervalJoin(keyed("left"), keyed("right"), { ...options, ...more, name: "Near" }).map(
    ({ value: { left, right } }) => `${left} ${right}`,
  );
}

const streams = testStreams<{ left: string; right: string }>();
type Streams = typeof streams;

test("in a stream a pair comes as soon as both are there, out of order too", async () => {
  await testPipeline((p) => {
    const steps = streams
      .addElements("left", timestamped("l100", 100))
      .addElements("right", timestamped("r120", 120), timestamped("r121", 121))
      .addElements("right", timestamped("r90", 90), timestamped("r89", 89))
      .addElements("left", timestamped("l101", 101));
    // The streams stay open: no end brings them.
    assertThat(joined(p, steps)).containsInAnyOrder([
      "l100 r120",
      "l100 r90",
      "l101 r120",
      "l101 r121",
    ]);
  });
});

test("what has been passed by both watermarks is forgotten, what may still be joined is not", async () => {
  await testPipeline((p) => {
    const steps = streams
      .addElements("left", timestamped("l100", 100), timestamped("l200", 200))
      .advanceWatermarkTo("left", 1_000)
      .advanceWatermarkTo("right", 120)
      .addElements("right", timestamped("r120", 120))
      .advanceWatermarkTo("right", 221)
      // Late by more than is allowed: its partner is forgotten.
      .addElements("right", timestamped("r110", 110), timestamped("r220", 220));
    assertThat(joined(p, steps)).containsInAnyOrder(["l100 r120"]);
  });
});

test("with allowed lateness late values still find what they join with", async () => {
  await testPipeline((p) => {
    const steps = streams
      .addElements("left", timestamped("l100", 100))
      .advanceWatermarkTo("left", 1_000)
      .advanceWatermarkTo("right", 150)
      .addElements("right", timestamped("r110", 110))
      .advanceWatermarkTo("right", 171)
      .addElements("right", timestamped("r111", 111));
    assertThat(joined(p, steps, { allowedLateness: 50 })).containsInAnyOrder(["l100 r110"]);
  });
});

test("a long stream leaves nothing behind but what may still be joined", async () => {
  const built = pipeline("long", (p) => {
    const left = p.read(timedTopic<string>("left")).keyBy(() => "k");
    const right = p.read(timedTopic<string>("right")).keyBy(() => "k");
    intervalJoin(left, right, { before: 50, after: 50 })
      .map(({ value: { left: l, right: r } }) => `${l.v} ${r.v}`)
      .write(pubsub.topic("out"));
  });
  const mesh = new MemoryMesh(built, { shards: 1, engine: { memtableBytesMax: 1_000_000 } });
  await mesh.launch();
  for (let i = 0; i < 60; i++) {
    for (const topic of ["left", "right"]) {
      await mesh.publish(topic, [{ data: JSON.stringify({ at: i * 10, v: `${topic[0]}${i}` }) }]);
    }
    await mesh.run(mesh.clock.nowMs() + 3_000);
  }
  expect(mesh.messages("out").length).toBe(60 + 2 * (59 + 58 + 57 + 56 + 55));
  const stage = mesh.plan.stages.at(-1)?.id ?? "";
  const head = await mesh.store.newestHead({ stage, shard: 0 });
  const lists = [...(head?.body ?? "").matchAll(/"s(lefts|rights) /g)];
  // Of 60 on each side, what lies within 100 ms of the watermark, and what waits for the next cleaning.
  expect(lists.length).toBeLessThan(40);
  await mesh.drain();
  await mesh.run();
  expect((await mesh.status()).state).toBe("DONE");
});

test("an option that is no duration is refused at once", () => {
  const build = (): unknown =>
    pipeline("refused", (p) => {
      intervalJoin(side(p, []), side(p, []), { before: -1, after: 1 });
    });
  expect(meshErrorOf(build).code).toBe("ERR_DURATION");
});
