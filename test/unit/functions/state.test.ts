/**
 * State: what the commits stored is the live map, however it was written (L1 to L3), and each
 * commit and document stays within its limits.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { COMMIT_BYTES_MAX, DOCUMENT_BYTES_MAX } from "../../../functions/options.ts";
import { ShardState, type StateChanges } from "../../../functions/state.ts";

/** Plays the store: keeps the parts and the newest memtable. */
class StoredState {
  readonly parts = new Map<string, string>();
  changes: StateChanges | undefined;
  writtenBytes = 0;
  readonly #memtableBytesMax: number;

  constructor(memtableBytesMax: number) {
    this.#memtableBytesMax = memtableBytesMax;
  }

  commit(state: ShardState): StateChanges {
    const changes = state.settle();
    let bytes = 0;
    for (const { id, text } of changes.partsToPut) {
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(DOCUMENT_BYTES_MAX + 1_000);
      bytes += Buffer.byteLength(text);
      this.parts.set(id, text);
    }
    expect(bytes).toBeLessThanOrEqual(COMMIT_BYTES_MAX);
    this.writtenBytes += bytes;
    for (const id of changes.partsToDelete) this.parts.delete(id);
    this.changes = changes;
    return changes;
  }

  load(): ShardState {
    const segments = (this.changes?.segments ?? []).map((info) => {
      const text = this.parts.get(info.id);
      if (text === undefined) throw new Error(`part ${info.id} is not stored`);
      return { info, text };
    });
    expect(new Set(segments.map(({ info }) => info.id))).toEqual(new Set(this.parts.keys()));
    const memtable = JSON.parse(this.changes?.memtable ?? "{}");
    return ShardState.load(this.#memtableBytesMax, memtable, segments);
  }
}

type Step =
  | { readonly kind: "put"; readonly id: string; readonly text: string }
  | { readonly kind: "delete"; readonly id: string }
  | { readonly kind: "commit" }
  | { readonly kind: "reload" };

const id = fc.constantFrom("k a", "k b", "v0 a", "d 1", "d 2", "k é", 'k "q"', "k __proto__");
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("put" as const),
      id,
      text: fc.nat(40).map((length) => JSON.stringify(["x".repeat(length)])),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("delete" as const), id }) },
  { weight: 4, arbitrary: fc.constant({ kind: "commit" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "reload" as const }) },
);

test("what a reload gives is what was put and not deleted (L1, L2)", () => {
  fc.assert(
    fc.property(fc.constantFrom(0, 20, 60, 200), fc.array(step, { maxLength: 120 }), play),
    { numRuns: 300 },
  );
});

function play(memtableBytesMax: number, steps: readonly Step[]): void {
  const stored = new StoredState(memtableBytesMax);
  const live = new Map<string, string>();
  let state = new ShardState(memtableBytesMax);
  for (const one of steps) {
    if (one.kind === "put") {
      state.put(one.id, one.text);
      live.set(one.id, one.text);
    } else if (one.kind === "delete") {
      state.delete(one.id);
      live.delete(one.id);
    } else {
      stored.commit(state);
      if (one.kind === "reload") state = stored.load();
    }
    expect(new Map(state.entries())).toEqual(live);
    expect(state.size).toBe(live.size);
  }
  stored.commit(state);
  expect(new Map(stored.load().entries())).toEqual(live);
}

test("nothing live means nothing stored (L3)", () => {
  const stored = new StoredState(10);
  const state = new ShardState(10);
  for (let i = 0; i < 50; i++) {
    state.put(`k ${i}`, '["some text"]');
    stored.commit(state);
  }
  expect(stored.parts.size).toBeGreaterThan(0);
  for (let i = 0; i < 50; i++) state.delete(`k ${i}`);
  expect(stored.commit(state)).toMatchObject({ memtable: "{}", segments: [] });
  expect(stored.parts.size).toBe(0);
});

test("a small change is written in the memtable alone", () => {
  const stored = new StoredState(1_000);
  const state = new ShardState(1_000);
  state.put("k a", "[1]");
  expect(stored.commit(state)).toMatchObject({ partsToPut: [], partsToDelete: [] });
  expect(stored.changes?.memtable).toBe('{"k a":[1]}');
});

test("each entry is written about log4(state / memtable) times", () => {
  const stored = new StoredState(4_000);
  const state = new ShardState(4_000);
  const text = JSON.stringify(["x".repeat(91)]);
  for (let i = 0; i < 6_400; i++) {
    state.put(`k ${String(i).padStart(4, "0")}`, text);
    stored.commit(state);
  }
  const liveBytes = 6_400 * (text.length + 10);
  expect(stored.writtenBytes / liveBytes).toBeLessThan(6);
});

test("a segment over a document is split into parts and comes back whole", () => {
  const stored = new StoredState(100);
  const state = new ShardState(100);
  for (let i = 0; i < 5; i++) state.put(`k ${i}`, JSON.stringify("é".repeat(200_000)));
  const { segments } = stored.commit(state);
  expect(segments.length).toBeGreaterThan(1);
  expect(new Map(stored.load().entries())).toEqual(new Map(state.entries()));
});

test("an entry that is larger than a document is split too", () => {
  const stored = new StoredState(100);
  const state = new ShardState(100);
  state.put("k big", JSON.stringify("😀".repeat(600_000)));
  stored.commit(state);
  expect(stored.parts.size).toBeGreaterThan(1);
  expect(new Map(stored.load().entries())).toEqual(new Map(state.entries()));
});

test("a state of 20 MB still fits into commits: segments are not merged beyond them", () => {
  const stored = new StoredState(48 * 1024);
  const state = new ShardState(48 * 1024);
  const text = JSON.stringify("x".repeat(990));
  for (let i = 0; i < 20_000; i++) {
    state.put(`k ${i}`, text);
    if (i % 100 === 99) stored.commit(state);
  }
  expect(new Map(stored.load().entries())).toEqual(new Map(state.entries()));
});

test("a large state that is written over and over does not grow in the store", () => {
  const stored = new StoredState(48 * 1024);
  let state = new ShardState(48 * 1024);
  state.put("k always", "[0]");
  const bytes = (): number =>
    [...stored.parts.values()].reduce((sum, text) => sum + text.length, 0);
  let bytesMax = 0;
  for (let i = 0; i < 30_000; i++) {
    // 2,000 entries of 1 KB live: 2 MB. What is old is deleted, as a dedup group is.
    state.put(`d ${i}`, JSON.stringify("x".repeat(990)));
    state.delete(`d ${i - 2_000}`);
    if (i % 100 === 99) stored.commit(state);
    if (i % 10_000 === 9_999) state = stored.load();
    bytesMax = Math.max(bytesMax, bytes());
  }
  expect(bytesMax).toBeLessThan(12_000_000);
  expect(stored.writtenBytes).toBeLessThan(30_000_000 * 5);
});
