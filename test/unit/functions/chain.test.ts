/**
 * Chain: the way of an element through fused transforms, and the life of their DoFns (X1, D1, D2).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { BundleOutputs } from "../../../functions/bundle-outputs.ts";
import { Chain } from "../../../functions/chain.ts";
import { type DoFn, firestore, type Pipeline, pipeline, type Root } from "../../../sdk/index.ts";
import { NO_FIRING } from "../../../sdk/model/pane.ts";
import { GLOBAL_WINDOW } from "../../../sdk/model/window.ts";
import { at, codeOf, optionsOf, programFor } from "../../support/builders.ts";

const sink = firestore.collection<number>("out", { id: String, fields: (n) => ({ n }) });

function built(build: (p: Root) => void): Pipeline {
  return pipeline("chain", build);
}

function chainOf(of: Pipeline): Chain {
  return new Chain(programFor(of, "read"), optionsOf());
}

async function run(chain: Chain, items: readonly number[], time = 0): Promise<BundleOutputs> {
  if (chain.hasDoFns) await chain.start();
  for (const item of items) {
    chain.receive(item, at(time), GLOBAL_WINDOW, NO_FIRING);
    await chain.room();
  }
  return chain.finish();
}

const written = ({ documents }: BundleOutputs): unknown[] => documents.map(({ id }) => Number(id));

test("map, filter and flatMap pass elements on in order", async () => {
  const chain = chainOf(
    built((p) =>
      p
        .create<number>([])
        .map((n) => n + 1)
        .filter((n) => n % 2 === 0)
        .flatMap(function* (n) {
          yield n;
          yield n * 10;
        })
        .write(sink),
    ),
  );
  expect(written(await run(chain, [1, 2, 3]))).toEqual([2, 20, 4, 40]);
});

test("a flatten of one input twice gives two copies", async () => {
  const chain = chainOf(
    built((p) => {
      const input = p.create<number>([]);
      input.flatten(input).write(sink);
    }),
  );
  expect(written(await run(chain, [7]))).toEqual([7, 7]);
});

test("behind a flatten one DoFn serves all of its inputs, and is set up once", async () => {
  let setups = 0;
  const chain = chainOf(
    built((p) => {
      const input = p.create<number>([]);
      input
        .map((n) => n * 10)
        .flatten(input.map((n) => n * 100))
        .parDo<number>({
          setup: () => void setups++,
          process: (n, context) => context.output(n),
        })
        .write(sink);
    }),
  );
  await run(chain, [1]);
  expect(written(await run(chain, [2]))).toEqual([20, 200]);
  expect(setups).toBe(1);
});

test("setup comes once, startBundle before, finishBundle after each bundle, down the chain", async () => {
  const calls: string[] = [];
  const logged = (name: string): DoFn<number, number> => ({
    setup: () => void calls.push(`${name}.setup`),
    startBundle: () => void calls.push(`${name}.start`),
    async process(n, context) {
      await sleep(1);
      calls.push(`${name}.process ${n}`);
      context.output(n);
    },
    finishBundle({ output }) {
      calls.push(`${name}.finish`);
      if (name === "a") output(99, { timestamp: 5, window: GLOBAL_WINDOW });
    },
    teardown: () => void calls.push(`${name}.teardown`),
  });
  const chain = chainOf(
    built((p) => p.create<number>([]).parDo(logged("a")).parDo(logged("b")).write(sink)),
  );
  expect(written(await run(chain, [1]))).toEqual([1, 99]);
  await run(chain, []);
  await chain.teardown();
  expect(calls).toEqual([
    ...["a.setup", "a.start", "b.setup", "b.start", "a.process 1", "b.process 1"],
    ...["a.finish", "b.process 99", "b.finish"],
    ...["a.start", "b.start", "a.finish", "b.process 99", "b.finish"],
    ...["a.teardown", "b.teardown"],
  ]);
});

test("asynchronous elements keep their own timestamp, however long they take", async () => {
  const seen: [number, number][] = [];
  const chain = chainOf(
    built((p) =>
      p
        .create<number>([])
        .parDo<number>({
          async process(n, context) {
            await sleep(10 - n);
            seen.push([n, context.timestamp]);
            context.output(n);
          },
        })
        .write(sink),
    ),
  );
  await chain.start();
  for (const n of [1, 5, 9]) chain.receive(n, at(n * 100), GLOBAL_WINDOW, NO_FIRING);
  expect(written(await chain.finish())).toEqual([9, 5, 1]);
  expect(seen).toEqual([
    [9, 900],
    [5, 500],
    [1, 100],
  ]);
});

test("an output before its input is ERR_TIMESTAMP, one at its time or later is not (D2)", async () => {
  const stamping = (time: number): Promise<unknown> => {
    const chain = chainOf(
      built((p) =>
        p
          .create<number>([])
          .withTimestamps(() => time)
          .write(sink),
      ),
    );
    return run(chain, [1], 10);
  };
  expect(await codeOf(() => stamping(9))).toBe("ERR_TIMESTAMP");
  expect(await codeOf(() => stamping(10))).toBeUndefined();
  expect(await codeOf(() => stamping(11))).toBeUndefined();
});

test("a discarded bundle leaves nothing behind (X2)", async () => {
  const chain = chainOf(built((p) => p.create<number>([]).write(sink)));
  chain.receive(1, at(0), GLOBAL_WINDOW, NO_FIRING);
  await chain.discard();
  expect(written(await run(chain, [2]))).toEqual([2]);
});

test("what a generator throws is the user's error, with the transform's name", async () => {
  const chain = chainOf(
    built((p) =>
      p
        .create<number>([])
        .flatMap(
          function* () {
            yield 1;
            throw new Error("in the middle");
          },
          { name: "Generate" },
        )
        .write(sink),
    ),
  );
  await expect(run(chain, [1])).rejects.toMatchObject({
    code: "ERR_USER_CODE",
    message: expect.stringContaining("Generate"),
  });
});
