/**
 * Reads that fail: what the author's code throws is tried again, and what stays broken becomes a dead
 * letter that names it, while the rest is read (RR1).
 */
import { expect, test } from "vitest";
import { MemoryMesh } from "../../../../emulators/memory/memory-mesh.ts";
import {
  firestore,
  MeshError,
  type OffsetRange,
  OffsetRangeTracker,
  ProcessContinuation,
  pipeline,
  type ReadContext,
  splittable,
} from "../../../../sdk/index.ts";
import {
  count,
  lettersOf,
  type NumberRead,
  numberRead,
  numbersOf,
  reading,
} from "../../../support/reads.ts";

const engine = { retryBackoffMs: 10, chunkElementsMax: 4 };

/** A read whose process throws at some positions, after a part of their output. */
const failingAt = (fails: (n: number) => boolean, to = 10): NumberRead =>
  numberRead(to, {
    process(tracker, out) {
      for (let n = tracker.currentRestriction().from; tracker.tryClaim(n); n++) {
        const isBroken = fails(n);
        out.output(isBroken ? n + 1_000 : n);
        if (isBroken) throw new Error(`no ${n}`);
      }
      return undefined;
    },
  });

test("what fails once is tried again, and counts once", async () => {
  let tries = 0;
  const mesh = await reading(
    failingAt((n) => n === 5 && tries++ < 2),
    { engine },
  );
  await mesh.run();
  expect(tries).toBe(3);
  expect(numbersOf(mesh)).toEqual(count(0, 10));
  expect(lettersOf(mesh)).toEqual([]);
});

test("a position that always fails becomes a dead letter, and the read goes on after it", async () => {
  const mesh = await reading(
    failingAt((n) => n === 2 || n === 3 || n === 9),
    { engine },
  );
  await mesh.run();
  expect(numbersOf(mesh)).toEqual([0, 1, 4, 5, 6, 7, 8]);
  const letters = lettersOf(mesh);
  expect(letters).toMatchObject([
    { attempts: 3, element: { read: "numbers", position: 2 }, error: { code: "ERR_USER_CODE" } },
    { attempts: 3, element: { position: 3 } },
    { attempts: 3, element: { position: 9, restriction: { from: 8, to: 10 } } },
  ]);
  expect(letters[0]?.error.message).toMatch(/numbers \(.*reads\.ts:\d+\): no 2/);
  expect((await mesh.job())?.state).toBe("DONE");
  expect((await mesh.status()).stages[0]).toMatchObject({ deadLetters: 3 });
});

test("a read that fails before it has claimed anything becomes a dead letter as a whole", async () => {
  const away = numberRead(10, {
    process() {
      throw new Error("no connection");
    },
  });
  const mesh = await reading(away, { engine });
  await mesh.run();
  expect(lettersOf(mesh)).toMatchObject([
    { attempts: 3, element: { read: "numbers", restriction: { from: 0, to: 10 } } },
  ]);
  expect((await mesh.job())?.state).toBe("DONE");
});

test.each(["initialRestriction", "split", "newTracker"] as const)(
  "a read whose %s fails becomes a dead letter",
  async (name) => {
    const broken = numberRead(10, {
      split: (range) => [range],
      [name]: () => {
        throw new Error("broken");
      },
    });
    const mesh = await reading(broken, { engine });
    await mesh.run();
    expect(lettersOf(mesh)).toMatchObject([
      { attempts: 3, element: { read: "numbers" }, error: { code: "ERR_USER_CODE" } },
    ]);
    expect((await mesh.job())?.state).toBe("DONE");
  },
);

test("a restriction that is no data becomes a dead letter, at once", async () => {
  const mesh = await reading(
    numberRead(10, {
      initialRestriction: () => ({ from: 0, to: 1, open: () => {} }) as OffsetRange,
    }),
    { engine },
  );
  await mesh.run();
  expect(lettersOf(mesh)).toMatchObject([{ attempts: 1, error: { code: "ERR_ENCODE" } }]);
});

test("a process that ends too early: what it gave counts, the rest is a dead letter", async () => {
  const early = numberRead(10, {
    process(tracker, out) {
      if (tracker.tryClaim(0)) out.output(0);
      return ProcessContinuation.stop();
    },
  });
  const mesh = await reading(early, { engine });
  await mesh.run();
  expect(numbersOf(mesh)).toEqual([0]);
  const [letter, ...others] = lettersOf(mesh);
  expect(others).toEqual([]);
  expect(letter).toMatchObject({ element: { restriction: { from: 0, to: 10 }, position: 0 } });
  expect(letter?.error.message).toContain("[1, 10) of [0, 10) was not claimed");
});

test("to resume after a refused claim is refused, and nothing that was given is lost", async () => {
  const stubborn = numberRead(6, {
    process(tracker, out) {
      for (let n = tracker.currentRestriction().from; tracker.tryClaim(n); n++) out.output(n);
      return ProcessContinuation.resume();
    },
  });
  const mesh = await reading(stubborn, { engine });
  await mesh.run();
  const letters = lettersOf(mesh);
  expect(letters[0]?.error.message).toContain("must return ProcessContinuation.stop()");
  const named = letters.map(({ element }) => (element as { position: number }).position);
  expect([...numbersOf(mesh), ...named].sort()).toEqual(count(0, 6));
});

test.each<[string, number, (out: ReadContext<number>) => void, string]>([
  ["an output after a refused claim", 2, (out) => out.output(7), "gave false"],
  ["a watermark without a manual estimator", 1, (out) => out.setWatermark(7), "manual()"],
  ["an event time that is none", 1, (out) => out.output(7, { timestamp: NaN }), "Not a timestamp"],
])("%s is refused by name", async (_, claimed, act, words) => {
  const wrong = numberRead(2, {
    process(tracker, out) {
      tracker.tryClaim(claimed);
      act(out);
      return undefined;
    },
  });
  const mesh = await reading(wrong, { engine });
  await mesh.run();
  expect(numbersOf(mesh)).toEqual([]);
  expect(lettersOf(mesh)[0]?.error.message).toContain(words);
});

test("what is emitted after process has ended is refused", async () => {
  let late: unknown;
  const leaking = numberRead(1, {
    process(tracker, out) {
      tracker.tryClaim(0);
      setImmediate(() => {
        try {
          out.output(1);
        } catch (error) {
          late = error;
        }
      });
      return undefined;
    },
  });
  const mesh = await reading(leaking);
  await mesh.run();
  await new Promise(setImmediate);
  expect(String(late)).toContain("process has ended");
  expect(numbersOf(mesh)).toEqual([]);
});

test("what a failed call still emits does not come into the next one", async () => {
  let calls = 0;
  const loose = numberRead(2, {
    async process(tracker, out) {
      const isFirst = ++calls === 1;
      for (let n = 0; tracker.tryClaim(n); n++) {
        if (isFirst) void new Promise(setImmediate).then(() => out.output(n + 100)).catch(() => {});
        else await new Promise((resolve) => setTimeout(resolve, 5));
        if (isFirst) throw new Error("first");
        out.output(n);
      }
    },
  });
  const mesh = await reading(loose, { engine: { retryBackoffMs: 0 } });
  await mesh.run();
  expect(numbersOf(mesh)).toEqual([0, 1]);
});

test("a source that says it is away is asked again, and nothing is set aside", async () => {
  let calls = 0;
  const away = numberRead(3, {
    process(tracker, out) {
      if (++calls < 5) throw new MeshError("ERR_UNAVAILABLE", "away");
      for (let n = tracker.currentRestriction().from; tracker.tryClaim(n); n++) out.output(n);
      return undefined;
    },
  });
  const mesh = await reading(away);
  await mesh.run();
  expect(numbersOf(mesh)).toEqual([0, 1, 2]);
  expect(lettersOf(mesh)).toEqual([]);
});

test("a tracker that can't be split: what is behind a broken position is named", async () => {
  const unsplittable = {
    ...failingAt((n) => n === 4),
    newTracker(range: OffsetRange) {
      const tracker = new OffsetRangeTracker(range);
      tracker.trySplit = () => undefined;
      return tracker;
    },
  };
  const mesh = await reading(unsplittable, { engine });
  await mesh.run();
  expect(numbersOf(mesh)).toEqual([0, 1, 2, 3]);
  const [position, rest] = lettersOf(mesh);
  expect(position).toMatchObject({ element: { position: 4 } });
  expect(rest?.error.message).toContain("[5, 10) of [0, 10) was not claimed");
});

test("a drain whose truncate throws makes a dead letter of the part", async () => {
  const cut = numberRead(10, {
    process(tracker) {
      tracker.tryClaim(tracker.currentRestriction().from);
      return ProcessContinuation.resume({ delay: 60_000 });
    },
    truncate() {
      throw new Error("can't");
    },
  });
  const mesh = await reading(cut, { engine });
  await mesh.run(mesh.clock.nowMs() + 10_000);
  await mesh.drain();
  await mesh.run();
  expect(lettersOf(mesh)).toMatchObject([{ element: { restriction: { from: 1, to: 10 } } }]);
  expect((await mesh.job())?.state).toBe("DONE");
});

test("a position that gives more than a commit holds becomes a dead letter, the others go on", async () => {
  const wide = splittable<{ id: string; text: string }>({
    ...numberRead(3),
    process(tracker, out) {
      for (let n = tracker.currentRestriction().from; tracker.tryClaim(n); n++) {
        const size = n === 1 ? 700_000 : 10;
        for (let i = 0; i < 6; i++) out.output({ id: `${n}-${i}`, text: "x".repeat(size) });
      }
      return undefined;
    },
  });
  const mesh = new MemoryMesh(
    pipeline("wide", (p) => {
      p.read(wide).write(firestore.collection("out", { id: ({ id }) => id }));
    }),
  );
  await mesh.launch();
  await mesh.run();
  const ids = [...mesh.store.documents("out").keys()].sort();
  expect(ids).toEqual([0, 2].flatMap((n) => count(0, 6).map((i) => `${n}-${i}`)));
  expect(lettersOf(mesh)).toMatchObject([
    { element: { read: "numbers", position: 1 }, error: { code: "ERR_ELEMENT_TOO_BIG" } },
  ]);
});

test("records that are set aside are dead letters, and the read goes on", async () => {
  const picky = numberRead(5, {
    process(tracker, out) {
      for (let n = tracker.currentRestriction().from; tracker.tryClaim(n); n++) {
        if (n === 3) out.setAside({ record: n }, new Error("not this one"));
        else out.output(n);
      }
      return undefined;
    },
  });
  const mesh = await reading(picky);
  await mesh.run();
  expect(numbersOf(mesh)).toEqual([0, 1, 2, 4]);
  const [letter] = lettersOf(mesh);
  expect(letter).toMatchObject({ attempts: 1, element: { record: 3 } });
  expect(letter?.error.message).toContain("not this one");
});
