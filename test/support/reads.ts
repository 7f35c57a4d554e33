/**
 * Reads: splittable reads of numbers, and meshes that run them, for tests of the engine.
 */
import { MemoryMesh, type MemoryMeshOptions } from "../../emulators/memory/memory-mesh.ts";
import {
  firestore,
  kv,
  type OffsetRange,
  OffsetRangeTracker,
  type Pipeline,
  pipeline,
  type Source,
  type Splittable,
  splittable,
} from "../../sdk/index.ts";
import type { Letter } from "./bad-readings.ts";

/** A read of numbers that tests change in one place. */
export type NumberRead = Splittable<number, OffsetRange, number>;

/** A bounded read of the numbers 0 to `to`. */
export function numberRead(to: number, changes: Partial<NumberRead> = {}): NumberRead {
  return {
    name: "numbers",
    bounded: true,
    initialRestriction: () => ({ from: 0, to }),
    newTracker: (range) => new OffsetRangeTracker(range),
    process(tracker, out) {
      for (let n = tracker.currentRestriction().from; tracker.tryClaim(n); n++) out.output(n);
      return undefined;
    },
    ...changes,
  };
}

/** A pipeline that writes each number of a source under its own id: a second one would be seen. */
export function writing(source: Source<unknown>): Pipeline {
  return pipeline("reading", (p) =>
    p
      .read(source)
      .map((value) => kv(value, value))
      .write(
        firestore.collection("out", {
          id: ({ key }) => (typeof key === "object" ? JSON.stringify(key) : String(key)),
          fields: ({ value }, { timestamp }) => ({ value, timestamp }),
        }),
      ),
  );
}

/** A mesh of that pipeline, launched. */
export async function reading(
  read: NumberRead,
  options: MemoryMeshOptions = {},
): Promise<MemoryMesh> {
  const mesh = new MemoryMesh(writing(splittable(read)), options);
  await mesh.launch();
  return mesh;
}

/** The numbers that were written so far, in order. */
export function numbersOf(mesh: MemoryMesh): number[] {
  const values = [...mesh.store.documents("out").values()].map(({ value }) => Number(value));
  return values.sort((a, b) => a - b);
}

/** The numbers from `from` to before `to`. */
export function count(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** The dead letters of a mesh. */
export function lettersOf(mesh: MemoryMesh): Letter[] {
  return mesh
    .messages(mesh.plan.deadLetterTopic)
    .map(({ data }) => JSON.parse(Buffer.from(data).toString("utf8")) as Letter);
}
