/**
 * Guarded run: retries, bisection, and that nothing of a failed run gets out (U1, U2).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Chain } from "../../../functions/chain.ts";
import { type GuardedResult, guardedRun, ListWork } from "../../../functions/guarded-run.ts";
import { type DoFn, firestore, kv, MeshError, pipeline, sum } from "../../../sdk/index.ts";
import { NO_FIRING } from "../../../sdk/model/pane.ts";
import { GLOBAL_WINDOW } from "../../../sdk/model/window.ts";
import { at, codeOf, optionsOf, programFor, stillClock } from "../../support/builders.ts";

const sink = firestore.collection<number>("out", { id: String, fields: (n) => ({ n }) });

function chainOf(fn: DoFn<number, number>): Chain {
  const built = pipeline("guarded", (p) => p.create<number>([]).parDo(fn).write(sink));
  return new Chain(programFor(built, "read"), optionsOf());
}

function run(chain: Chain, items: readonly number[]): Promise<GuardedResult<number>> {
  const feed = (item: number): void => chain.receive(item, at(0), GLOBAL_WINDOW, NO_FIRING);
  return guardedRun(chain, new ListWork(items, feed), stillClock, optionsOf());
}

function written(result: GuardedResult<number>): number[] {
  return result.outputs.documents.map(({ fields }) => Number(fields["n"])).sort((a, b) => a - b);
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

test("what fails twice and then succeeds loses nothing and writes once", async () => {
  let runs = 0;
  const chain = chainOf({
    startBundle: () => void runs++,
    process(n, context) {
      context.output(n);
      if (n === 3 && runs < 3) throw new Error("not yet");
    },
  });
  const result = await run(chain, numbers(5));
  expect(written(result)).toEqual(numbers(5));
  expect(result.dead).toEqual([]);
});

test("one poison element in a thousand is found, and the rest goes on", async () => {
  const chain = chainOf({
    process(n, context) {
      context.output(n);
      if (n === 617) throw new Error("poison");
    },
  });
  const result = await run(chain, numbers(1_000));
  expect(result.dead).toMatchObject([{ item: 617, error: { code: "ERR_USER_CODE" }, attempts: 3 }]);
  expect(written(result)).toEqual(numbers(1_000).filter((n) => n !== 617));
});

test("a bundle of poison alone gives dead letters and no output", async () => {
  const chain = chainOf({
    process() {
      throw new Error("poison");
    },
  });
  const result = await run(chain, numbers(9));
  expect(result.dead.map(({ item }) => item)).toEqual(numbers(9));
  expect(written(result)).toEqual([]);
});

test("a failure of the bundle as a whole is thrown: it is no element's fault", async () => {
  let seen = 0;
  const chain = chainOf({
    startBundle() {
      seen = 0;
    },
    process(n, context) {
      context.output(n);
      if (++seen > 6) throw new Error("too many together");
    },
  });
  expect(await codeOf(() => run(chain, numbers(8)))).toBe("ERR_USER_CODE");
  expect(written(await run(chain, numbers(4)))).toEqual(numbers(4));
});

test("a failure that may pass is thrown, and no element set aside (U2)", async () => {
  const chain = chainOf({
    process() {
      throw new MeshError("ERR_UNAVAILABLE", "a service is away");
    },
  });
  expect(await codeOf(() => run(chain, [1, 2]))).toBe("ERR_UNAVAILABLE");
});

test("what asynchronous elements of a failed run emit later doesn't get into the next run (U1)", async () => {
  let attempts = 0;
  const chain = chainOf({
    startBundle: () => void attempts++,
    async process(n, context) {
      if (n === 0 && attempts === 1) throw new Error("at once");
      await sleep(n);
      context.output(n);
    },
  });
  expect(written(await run(chain, [0, 5, 10]))).toEqual([0, 5, 10]);
});

test("so it is behind a second asynchronous transform", async () => {
  let attempts = 0;
  const slow: DoFn<number, number> = {
    async process(n, context) {
      await sleep(n);
      context.output(n);
    },
  };
  const built = pipeline("guarded-two", (p) =>
    p
      .create<number>([])
      .parDo<number>({
        startBundle: () => void attempts++,
        async process(n, context) {
          await sleep(n);
          context.output(n);
          if (n === 1 && attempts === 1) throw new Error("first");
        },
      })
      .parDo(slow)
      .write(sink),
  );
  const chain = new Chain(programFor(built, "read"), optionsOf());
  expect(written(await run(chain, [1, 6, 12]))).toEqual([1, 6, 12]);
});

test("discarding doesn't fail where two shuffles can't encode what they hold", async () => {
  const built = pipeline("guarded-keys", (p) => {
    const keyed = p
      .create<number>([])
      .map((n) => kv<unknown, number>(n === 2 ? Symbol("k") : n, n));
    keyed.combinePerKey(sum(), { name: "one" }).write(firestore.collection("a", { id: () => "a" }));
    keyed.combinePerKey(sum(), { name: "two" }).write(firestore.collection("b", { id: () => "b" }));
  });
  const chain = new Chain(programFor(built, "read"), optionsOf());
  const result = await run(chain, [1, 2, 3]);
  expect(result.dead).toMatchObject([{ item: 2, error: { code: "ERR_KEY" } }]);
  expect(result.outputs.elements).toBe(4);
});

test("an asynchronous rejection that nobody awaits yet doesn't end the process", async () => {
  const rejections: unknown[] = [];
  const note = (reason: unknown): void => void rejections.push(reason);
  process.on("unhandledRejection", note);
  const built = pipeline("guarded-late", (p) =>
    p
      .create<number>([])
      .parDo<number>({
        process: (n, context) => context.output(n),
        async finishBundle({ output }) {
          output(-1, { timestamp: 0, window: GLOBAL_WINDOW });
          await sleep(20);
        },
      })
      .parDo<number>({
        async process(n) {
          if (n === -1) throw new Error("rejected while finishBundle still runs");
        },
      })
      .write(sink),
  );
  const chain = new Chain(programFor(built, "read"), optionsOf());
  expect(await codeOf(() => run(chain, [1]))).toBe("ERR_USER_CODE");
  process.off("unhandledRejection", note);
  expect(rejections).toEqual([]);
});
