/**
 * No content: a canary in elements, keys and messages shows in no log line and in no status, on every
 * path on which something fails. The dead letters have it, so that the failures are real ones.
 */
import { expect, test } from "vitest";
import { z } from "zod";
import { MemoryMesh } from "../../../emulators/memory/memory-mesh.ts";
import { logOptions, structuredLog } from "../../../functions/gcp/structured-log.ts";
import { explain } from "../../../functions/why.ts";
import {
  type CombineFn,
  firestore,
  fixedWindows,
  type KV,
  kv,
  type PCollection,
  pipeline,
  pubsub,
  statefulDoFn,
  validate,
  valueState,
} from "../../../sdk/index.ts";

const CANARY = "canary-7f3a";

type Message = { readonly word: string; readonly time?: string };

interface Path {
  readonly name: string;
  readonly build: (words: PCollection<Message>) => void;
  readonly code?: string;
  readonly data?: string;
}

const out = pubsub.topic<unknown>("out");

function fail(word: string): never {
  throw new TypeError(`bad ${word}\n    at ${word} (file.js:1:1)\n  ${word}`);
}

const keyed = (words: PCollection<Message>): PCollection<KV<string, string>> =>
  words.keyBy(({ word }) => word).map(({ key }) => kv(key, key));

/** A combine whose code fails at one place. */
function failingIn(place: "add" | "extract"): CombineFn<string, string, string> {
  return {
    name: "failing",
    createAccumulator: () => "",
    addInput: (all: string, word: string) => (place === "add" ? fail(word) : all + word),
    mergeAccumulators: (a: string, b: string) => a + b,
    extractOutput: (all: string) => (place === "extract" ? fail(all) : all),
  };
}

const paths: readonly Path[] = [
  { name: "map", build: (words) => words.map(({ word }) => fail(word)).write(out) },
  {
    name: "what is thrown is no Error",
    build: (words) =>
      words
        .map(({ word }) => {
          throw word;
        })
        .write(out),
  },
  {
    name: "asynchronous code",
    build: (words) => words.parDo({ process: async ({ word }) => fail(word) }).write(out),
  },
  {
    name: "a retry mends it",
    build: (words) => {
      let runs = 0;
      words.map(({ word }) => (runs++ < 1 ? fail(word) : word)).write(out);
    },
    code: "none",
  },
  {
    name: "a message that is no JSON",
    build: (words) => words.write(out),
    data: `{${CANARY}`,
    code: "ERR_DECODE",
  },
  {
    name: "a timestamp that can't be read",
    build: (words) => words.write(out),
    data: JSON.stringify({ word: CANARY, time: CANARY }),
    code: "ERR_TIMESTAMP",
  },
  {
    name: "a schema",
    build: (words) =>
      words.apply("valid", validate(z.object({ word: z.enum(["other"]) }) as never)).write(out),
    code: "ERR_SCHEMA",
  },
  {
    name: "a key",
    build: (words) =>
      words
        .keyBy(({ word }) => new Map([[word, word]]))
        .groupByKey()
        .write(out),
    code: "ERR_KEY",
  },
  {
    name: "a value that can't cross a shuffle",
    build: (words) =>
      words
        .map(({ word }) => kv("k", { [word]: () => word }))
        .groupByKey()
        .write(out),
    code: "ERR_ENCODE",
  },
  {
    name: "a value that is too big",
    build: (words) =>
      words
        .map(({ word }) => kv(word, word.repeat(200_000)))
        .groupByKey()
        .write(out),
    code: "ERR_ELEMENT_TOO_BIG",
  },
  { name: "addInput", build: (words) => keyed(words).combinePerKey(failingIn("add")).write(out) },
  {
    name: "extractOutput",
    build: (words) => keyed(words).combinePerKey(failingIn("extract")).write(out),
  },
  {
    name: "after a shuffle",
    build: (words) =>
      keyed(words)
        .groupByKey()
        .map(({ key }) => fail(key))
        .write(out),
  },
  {
    name: "a stateful DoFn",
    build: (words) =>
      keyed(words)
        .parDo(
          statefulDoFn<KV<string, string>, string>()({
            state: { n: valueState<number>() },
            process: ({ key }) => fail(key),
          }),
        )
        .write(out),
  },
  {
    name: "a document's id",
    build: (words) =>
      words.write(firestore.collection("docs", { id: ({ word }) => `${word}/${word}` })),
  },
  {
    name: "a callback after the commit",
    build: (words) =>
      words
        .parDo({
          process: ({ word }, { bundleFinalizer }) =>
            bundleFinalizer.afterBundleCommit(() => fail(word)),
        })
        .write(out),
    code: "none",
  },
];

test.each(paths)("in $name", async ({ build, code = "ERR_USER_CODE", data }) => {
  const lines: string[] = [];
  const log = structuredLog({
    ...logOptions("p", { TIDEMARK_LOG: "debug" }),
    write: (line) => lines.push(line),
  });
  const built = pipeline("silent", (p) => {
    const words = p.read(
      pubsub.topic<Message>("words", { timestamp: ({ time }) => (time ?? 0) as number }),
    );
    build(words.windowInto(fixedWindows(1_000)));
  });
  const mesh = new MemoryMesh(built, { shards: 2, log });
  await mesh.launch();
  await mesh.publish("words", [{ data: data ?? JSON.stringify({ word: CANARY }) }]);
  await mesh.run(mesh.clock.nowMs() + 10_000);
  const why = explain(mesh.plan, await mesh.store.snapshot(), mesh.clock.nowMs());
  await mesh.drain();
  await mesh.run();

  const letters = mesh.messages(mesh.plan.deadLetterTopic);
  expect(letters.map(({ attributes }) => attributes["tidemark-code"])).toEqual(
    code === "none" ? [] : [code],
  );
  expect(
    lines.filter((line) => line.includes('"ReportedErrorEvent"') || line.includes("@type")).length,
  ).toBe(1);
  expect(lines.join("")).not.toContain(CANARY);
  expect(JSON.stringify([await mesh.status(), why])).not.toContain(CANARY);
  await mesh.stop();
});

test("one line for each cause and activation, with a count, however many elements fail", async () => {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line));
  const built = pipeline("many", (p) => {
    p.create(Array.from({ length: 50 }, (_, i) => `${CANARY} ${i}`))
      .map((word) => fail(word))
      .write(out);
  });
  const mesh = new MemoryMesh(built, {
    shards: 1,
    log: structuredLog({ ...logOptions("p", {}), write }),
  });
  await mesh.launch();
  await mesh.run();
  const errors = lines.filter(({ severity }) => severity === "ERROR");
  expect(errors).toHaveLength(1);
  expect(errors[0]).toMatchObject({ code: "ERR_USER_CODE", deadLetters: 50, attempt: 1 });
  expect(errors[0]?.["message"]).toMatch(
    /^map.*: user code threw TypeError at fail .*: 50 dead letters\.$/,
  );
  expect((await mesh.status()).stages[0]?.failures).toMatchObject([{ dead: 50, count: 3 }]);
  await mesh.stop();
});
