/**
 * Combine with context: a fold beside its side inputs.
 */
import { expect, test } from "vitest";
import {
  combinePerKeyWithContext,
  firestore,
  type KV,
  kv,
  type PCollection,
  pipeline,
} from "../../../../sdk/index.ts";
import { runInMemory } from "../../../support/run-memory.ts";

test("a fold reads side inputs in all its steps", async () => {
  const built = pipeline("weighted", (p) => {
    const scores: PCollection<KV<string, number>> = p.create([kv("a", 1), kv("a", 2), kv("b", 5)]);
    const sideInputs = {
      weight: p.create([10]).asSingleton(),
      start: p.create([kv("all", 100)]).asMap(),
    };
    scores
      .apply(
        combinePerKeyWithContext(
          {
            createAccumulator: (context) => context.sideInput("start").get("all") ?? 0,
            addInput: (sum: number, n: number, context) => sum + n * context.sideInput("weight"),
            extractOutput: (sum, context) => `${sum}/${context.sideInput("weight")}`,
          },
          { sideInputs },
        ),
      )
      .write(
        firestore.collection("out", { id: ({ key }) => key, fields: ({ value }) => ({ value }) }),
      );
  });
  const run = await runInMemory(built);
  expect(Object.fromEntries(run.documents("out"))).toEqual({
    a: { value: "130/10" },
    b: { value: "150/10" },
  });
});
