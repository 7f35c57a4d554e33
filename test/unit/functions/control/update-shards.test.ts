/**
 * Updates to another number of shards of what is neither a window nor a session: reads in progress,
 * views of side inputs, and elements that wait for one.
 */
import { describe, expect, test } from "vitest";
import { MemoryMesh } from "../../../../emulators/memory/memory-mesh.ts";
import {
  type DoFn,
  fixedWindows,
  type KV,
  kv,
  MAX_OFFSET,
  type None,
  type OffsetRange,
  OffsetRangeTracker,
  type PCollection,
  type Pipeline,
  ProcessContinuation,
  pipeline,
  pubsub,
  type Root,
  type Source,
  type SplittableDoFn,
  splitOffsetRange,
  splittable,
  statefulDoFn,
  valueState,
  watermarkEstimators,
  watermarks,
} from "../../../../sdk/index.ts";
import { checkNothingDropped, checkNothingLeft } from "../../../support/mesh-checks.ts";
import { count, numberRead } from "../../../support/reads.ts";

const run = (mesh: MemoryMesh, byMs: number): Promise<void> => mesh.run(mesh.clock.nowMs() + byMs);

/** Each number as a message of its own: one that is read twice is there twice. */
const telling = (source: Source<number>): Pipeline =>
  pipeline("telling", (p) => p.read(source).write(pubsub.topic<number>("numbers")));

const told = (mesh: MemoryMesh): number[] =>
  mesh
    .messages("numbers")
    .map(({ data }) => Number(Buffer.from(data).toString("utf8")))
    .sort((a, b) => a - b);

describe("a read goes on where it was, each position exactly once", () => {
  const split = numberRead(2_000, { split: (range, wanted) => splitOffsetRange(range, wanted) });

  test.each([1, 3, 7])("from 4 shards to %i, in the midst of it", async (shards) => {
    const engine = { chunkElementsMax: 20, bundleElementsMax: 7, memtableBytesMax: 200 };
    let delayMs = 100;
    const slow: typeof split = {
      ...split,
      process(tracker, out) {
        let taken = 0;
        const { from } = tracker.currentRestriction();
        for (let n = from; taken < 5; n++, taken++) {
          if (!tracker.tryClaim(n)) return ProcessContinuation.stop();
          out.output(n);
        }
        return ProcessContinuation.resume({ delay: delayMs });
      },
    };
    const source = splittable(slow);
    const mesh = new MemoryMesh(telling(source), { shards: 4, engine, isVirtualOnly: true });
    await mesh.launch();
    await run(mesh, 3_000);
    const before = told(mesh).length;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(1_000);
    await mesh.update(telling(source), { compile: { shards } });
    const then = told(mesh).length;
    await run(mesh, 3_000);
    expect(told(mesh).length).toBeGreaterThan(then);
    expect(told(mesh).length).toBeLessThan(2_000);
    // And back again, with other chunks.
    delayMs = 0;
    await mesh.update(telling(source), { compile: { shards: 4 } });
    await mesh.run();
    expect(told(mesh)).toEqual(count(0, 2_000));
    expect((await mesh.job())?.state).toBe("DONE");
    await checkNothingDropped(mesh);
    await checkNothingLeft(mesh);
  });

  test("a read that goes on by messages to itself stands still meanwhile", async () => {
    const engine = { chunkElementsMax: 10 };
    const paced = splittable(split);
    const mesh = new MemoryMesh(telling(paced), {
      shards: 4,
      engine,
      isVirtualOnly: true,
      // Each chunk takes a while, so that the update comes in the midst of them.
      wrapDeliver: (deliver) => async (message) => {
        await mesh.clock.sleep(200);
        await deliver(message);
      },
    });
    await mesh.launch();
    await run(mesh, 2_000);
    const before = told(mesh).length;
    expect(before).toBeGreaterThan(0);
    await mesh.update(telling(paced), { compile: { shards: 3 } });
    expect(told(mesh).length).toBeLessThan(2_000);
    await mesh.run();
    expect(told(mesh)).toEqual(count(0, 2_000));
    expect((await mesh.job())?.state).toBe("DONE");
    await checkNothingLeft(mesh);
  });

  test("a read without end keeps its watermark, and goes on", async () => {
    const endless = splittable(
      numberRead(MAX_OFFSET, {
        bounded: false,
        watermark: watermarkEstimators.manual(),
        process(tracker, out) {
          const n = tracker.currentRestriction().from;
          if (!tracker.tryClaim(n)) return ProcessContinuation.stop();
          out.output(n, { timestamp: out.nowMs() });
          out.setWatermark(out.nowMs());
          return ProcessContinuation.resume({ delay: 10_000 });
        },
      }),
    );
    const mesh = new MemoryMesh(telling(endless), { shards: 2, isVirtualOnly: true });
    await mesh.launch();
    await run(mesh, 65_000);
    const watermark = async (): Promise<number> =>
      (await mesh.status()).stages[0]?.outputWatermark ?? 0;
    const before = await watermark();
    await mesh.update(telling(endless), { compile: { shards: 5 } });
    await run(mesh, 65_000);
    const n = told(mesh).length;
    expect(n).toBeGreaterThan(10);
    expect(told(mesh)).toEqual(count(0, n));
    expect(await watermark()).toBeGreaterThan(before + 50_000);
    await mesh.drain();
    await mesh.run();
    expect((await mesh.job())?.state).toBe("DONE");
  });

  test("what readEach has still to read", async () => {
    const engine = { chunkElementsMax: 9, memtableBytesMax: 200 };
    const hundreds: SplittableDoFn<number, number, OffsetRange, number> = {
      name: "hundreds",
      bounded: true,
      initialRestriction: (from) => ({ from, to: from + 100 }),
      split: (range, wanted) => splitOffsetRange(range, wanted, 10),
      newTracker: (range) => new OffsetRangeTracker(range),
      process(_, tracker, { output }) {
        const { from } = tracker.currentRestriction();
        for (let n = from; n < from + 4; n++) {
          if (!tracker.tryClaim(n)) return ProcessContinuation.stop();
          output(n);
        }
        return ProcessContinuation.resume({ delay: 1_000 });
      },
    };
    const each = pipeline("telling", (p) =>
      p.create([0, 100, 200, 300, 400]).readEach(hundreds).write(pubsub.topic<number>("numbers")),
    );
    const mesh = new MemoryMesh(each, { shards: 4, engine, isVirtualOnly: true });
    await mesh.launch();
    await run(mesh, 4_000);
    const before = told(mesh).length;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(500);
    await mesh.update(each, { compile: { shards: 3 } });
    await mesh.run();
    expect(told(mesh)).toEqual(count(0, 500));
    expect((await mesh.job())?.state).toBe("DONE");
    await checkNothingLeft(mesh);
  });
});

interface Reading {
  readonly at: number;
  readonly name: string;
}

const START_MS = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;

const reading = (minutes: number, name: string): { data: string } => ({
  data: JSON.stringify({ at: START_MS + minutes * MINUTE_MS, name } satisfies Reading),
});

function stream(p: Root, topic: string, delayMinutes = 0): PCollection<Reading> {
  const watermark = watermarks.boundedOutOfOrderness({ minutes: delayMinutes });
  return p
    .read(pubsub.topic<Reading>(topic, { timestamp: (r) => r.at, watermark }))
    .windowInto(fixedWindows({ minutes: 10 }));
}

type Side = { readonly side: readonly Reading[] };

const namesOf = (readings: readonly Reading[]): string =>
  readings
    .map(({ name }) => name)
    .sort()
    .join("+");

/** Main elements with the names of their window's side input. */
const joined = pipeline("joined", (p) => {
  const side = stream(p, "side").asList();
  const show: DoFn<Reading, string, None, Side> = {
    process: ({ name }, context) => context.output(`${name}:${namesOf(context.sideInput("side"))}`),
  };
  stream(p, "main").parDo(show, { sideInputs: { side } }).write(pubsub.topic<string>("out"));
});

/** Numbers the elements of each key and window, with the names of the side input. */
const numbering = statefulDoFn<KV<string, Reading>, string, None, Side>()({
  state: { seen: valueState<number>() },
  process({ value }, { state, sideInput, output }) {
    const seen = (state.seen.read() ?? 0) + 1;
    state.seen.write(seen);
    output(`${value.name}#${seen}:${namesOf(sideInput("side"))}`);
  },
});

const counted = pipeline("counted", (p) => {
  const side = stream(p, "side").asList();
  stream(p, "main", 20)
    .map((r) => kv(r.name.slice(0, 2), r))
    .parDo(numbering, { sideInputs: { side } })
    .write(pubsub.topic<string>("out"));
});

/** What an update sends once more has the id that it had. */
const out = (mesh: MemoryMesh): string[] => {
  const messages = mesh.messages("out").map(({ data, attributes }) => {
    const text = String(JSON.parse(Buffer.from(data).toString("utf8")));
    return [attributes["tidemark-id"], text] as const;
  });
  return [...new Map(messages).values()].sort();
};

async function started(built: Pipeline): Promise<MemoryMesh> {
  const mesh = new MemoryMesh(built, { shards: 2, isVirtualOnly: true, startMs: START_MS });
  await mesh.launch();
  return mesh;
}

const mains = (minutes: number, n: number): { data: string }[] =>
  count(0, n).map((i) => reading(minutes, `m${minutes}-${i}`));

describe("side inputs move with their stage", () => {
  test.each([1, 5])("views that are there are there for every one of %i shards", async (shards) => {
    const mesh = await started(joined);
    await mesh.publish("side", [reading(2, "s2"), reading(3, "s3"), reading(12, "s12")]);
    await run(mesh, 5_000);
    await mesh.publish("main", mains(1, 3));
    await run(mesh, 5_000);
    expect(out(mesh)).toHaveLength(3);
    await mesh.update(joined, { compile: { shards } });
    await mesh.publish("main", mains(4, 20));
    await run(mesh, 5_000);
    const wanted = [...count(0, 3).map((i) => `m1-${i}`), ...count(0, 20).map((i) => `m4-${i}`)];
    expect(out(mesh)).toEqual(wanted.map((name) => `${name}:s2+s3`).sort());
    await mesh.drain();
    await mesh.run();
    expect((await mesh.job())?.state).toBe("DONE");
    await checkNothingLeft(mesh);
  });

  test.each([1, 5])("what waits goes on waiting on %i shards, and holds", async (shards) => {
    const mesh = await started(joined);
    await mesh.publish("main", [...mains(1, 20), ...mains(25, 1)]);
    await run(mesh, 5_000);
    expect(out(mesh)).toEqual([]);
    await mesh.update(joined, { compile: { shards } });
    await run(mesh, 20_000);
    const gate = (await mesh.status()).stages.find(({ stage }) => stage.startsWith("side-inputs"));
    expect(gate).toMatchObject({
      hold: START_MS + MINUTE_MS,
      outputWatermark: START_MS + MINUTE_MS,
    });
    expect(out(mesh)).toEqual([]);
    await mesh.publish("side", [reading(2, "s2"), reading(12, "s12")]);
    await run(mesh, 5_000);
    expect(out(mesh)).toEqual(
      count(0, 20)
        .map((i) => `m1-${i}:s2`)
        .sort(),
    );
    await mesh.drain();
    await mesh.run();
    expect(out(mesh)).toContain("m25-0:");
    expect(out(mesh)).toHaveLength(21);
    expect((await mesh.job())?.state).toBe("DONE");
    await checkNothingLeft(mesh);
  });

  test.each([1, 5])("what waits for a DoFn with state, with its state, on %i", async (shards) => {
    const mesh = await started(counted);
    const keyed = (minutes: number, letters: string): { data: string }[] =>
      [...letters].map((letter, i) => reading(minutes, `k${letter}${minutes}${i}`));
    await mesh.publish("side", [reading(2, "s2"), reading(12, "s12")]);
    await run(mesh, 5_000);
    await mesh.publish("main", keyed(1, "abcabcdef"));
    await run(mesh, 5_000);
    await mesh.publish("main", keyed(13, "abcdefgh"));
    await run(mesh, 5_000);
    await mesh.update(counted, { compile: { shards } });
    await mesh.publish("main", keyed(4, "abcz").concat(keyed(14, "abc")));
    await run(mesh, 5_000);
    await mesh.drain();
    await mesh.run();
    const first = [..."abcabcdef"].map((c, i) => `k${c}1${i}#${i >= 3 && i < 6 ? 2 : 1}:s2`);
    const more = [..."abcz"].map((c, i) => `k${c}4${i}#${c === "z" ? 1 : 3}:s2`);
    const next = [..."abcdefgh"].map((c, i) => `k${c}13${i}#1:s12`);
    const last = [..."abc"].map((c, i) => `k${c}14${i}#2:s12`);
    expect(out(mesh)).toEqual([...first, ...more, ...next, ...last].sort());
    expect((await mesh.job())?.state).toBe("DONE");
    await checkNothingLeft(mesh);
  });
});
