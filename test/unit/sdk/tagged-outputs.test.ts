/**
 * Tagged outputs: several PCollections out of one ParDo.
 */
import { expect, test } from "vitest";
import {
  type DoFn,
  firestore,
  fixedWindows,
  kv,
  outputTag,
  type ProcessContext,
  pipeline,
  sum,
} from "../../../sdk/index.ts";
import { runInMemory } from "../../support/run-memory.ts";
import { meshErrorOf } from "./errors.ts";

const collection = (name: string) =>
  firestore.collection<unknown>(name, {
    id: (element) => JSON.stringify(element),
    fields: (element) => ({ element }),
  });

const outputs = { main: outputTag<number>(), odd: outputTag<string>(), unused: outputTag<null>() };

const split: DoFn<number, number, { main: number; odd: string; unused: null }> = {
  process(n, context) {
    if (n % 2 === 0) context.output(n);
    else context.outputTo("odd", `odd ${n}`);
    context.outputTo("unused", null);
    if (n === 4) context.outputTo("main", 40);
  },
};

test("each tag is a PCollection of its own, and an unused one costs nothing", async () => {
  const built = pipeline("tags", (p) => {
    const { main, odd } = p.create([1, 2, 3, 4]).parDo(split, { outputs, name: "Split" });
    main.write(collection("main"));
    odd.write(collection("odd"));
  });
  const run = await runInMemory(built);
  expect([...run.documents("main").keys()].sort()).toEqual(["2", "4", "40"]);
  expect([...run.documents("odd").keys()].sort()).toEqual(['"odd 1"', '"odd 3"']);
});

test("a tag may go through a shuffle, with its window and timestamp", async () => {
  const built = pipeline("tags", (p) => {
    const { odd } = p
      .create([1, 2, 3], { timestamp: (n) => n * 10 })
      .windowInto(fixedWindows(20))
      .parDo(split, { outputs });
    odd
      .map((text) => kv("all", text.length))
      .combinePerKey(sum())
      .parDo({
        process: (pair, context: ProcessContext<unknown>) =>
          context.output([context.window.start, pair.value]),
      })
      .write(collection("sums"));
  });
  const run = await runInMemory(built);
  expect([...run.documents("sums").keys()].sort()).toEqual(["[0,5]", "[20,5]"]);
});

test("an asynchronous DoFn emits to tags too", async () => {
  const slow: DoFn<number, number, { main: number; other: number }> = {
    async process(n, context) {
      await Promise.resolve();
      context.outputTo("other", n);
    },
  };
  const tags = { main: outputTag<number>(), other: outputTag<number>() };
  const built = pipeline("tags", (p) => {
    p.create([1, 2]).parDo(slow, { outputs: tags }).other.write(collection("other"));
  });
  const run = await runInMemory(built);
  expect([...run.documents("other").keys()].sort()).toEqual(["1", "2"]);
});

test("an output that is not declared sets the element aside and names the declared ones", async () => {
  const wrong: DoFn<number, number, { main: number; gone: number }> = {
    process: (n, context) => context.outputTo("gone", n),
  };
  const built = pipeline("tags", (p) => {
    const declared = { main: outputTag<number>() };
    p.create([1])
      .parDo(wrong as DoFn<number, number, { main: number }>, { outputs: declared, name: "Wrong" })
      .main.write(collection("main"));
  });
  const run = await runInMemory(built);
  const [letter] = run.messages<{ error: { message: string } }>("tm-tags-dead-letters");
  expect(letter?.error.message).toMatch(/Wrong .*no output "gone"; declared are: main/);
});

test("tags without main are refused", () => {
  const error = meshErrorOf(() =>
    pipeline("tags", (p) => {
      const odd = { odd: outputTag<number>() } as unknown as { main: ReturnType<typeof outputTag> };
      p.create([1]).parDo({ process: () => {} }, { outputs: odd });
    }),
  );
  expect(error).toMatchObject({ code: "ERR_OPTION" });
  expect(error.message).toContain("lack `main`");
});
