/**
 * User code that never settles: it fails like code that throws, and what it still gives later gets into
 * no bundle (X3).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Chain } from "../../../functions/chain.ts";
import { type GuardedResult, guardedRun, ListWork } from "../../../functions/guarded-run.ts";
import { settled } from "../../../functions/settled.ts";
import {
  type DoFn,
  firestore,
  type KV,
  pipeline,
  pubsub,
  statefulDoFn,
} from "../../../sdk/index.ts";
import { NO_FIRING } from "../../../sdk/model/pane.ts";
import { GLOBAL_WINDOW } from "../../../sdk/model/window.ts";
import { at, codeOf, optionsOf, programFor, stillClock } from "../../support/builders.ts";
import { runInMemory } from "../../support/run-memory.ts";

const options = optionsOf({ userCodeMsMax: 40 });
const sink = firestore.collection<number>("out", { id: String, fields: (n) => ({ n }) });

function chainOf(fn: DoFn<number, number>): Chain {
  const built = pipeline("hanging", (p) => p.create<number>([]).parDo(fn).write(sink));
  return new Chain(programFor(built, "read"), options);
}

function run(chain: Chain, items: readonly number[]): Promise<GuardedResult<number>> {
  const feed = (item: number): void => chain.receive(item, at(0), GLOBAL_WINDOW, NO_FIRING);
  return guardedRun(chain, new ListWork(items, feed), stillClock, options);
}

const written = (result: GuardedResult<number>): number[] =>
  result.outputs.documents.map(({ fields }) => Number(fields["n"])).sort((a, b) => a - b);

test("what settles in time is given on; what is no promise, at once", async () => {
  expect(await settled(7, 0, () => "never told")).toBe(7);
  expect(await settled(sleep(1, 8), 1_000, () => "never told")).toBe(8);
});

test("an element that never settles becomes a dead letter, and the others go on", async () => {
  const chain = chainOf({
    async process(n, { output }) {
      if (n === 3) await new Promise(() => {});
      output(n);
    },
  });
  const result = await run(chain, [1, 2, 3, 4]);
  expect(written(result)).toEqual([1, 2, 4]);
  expect(result.dead).toMatchObject([{ item: 3, error: { code: "ERR_USER_CODE" } }]);
  expect(result.dead[0]?.error.message).toContain("did not settle within 0.04 s");
});

test("what the hung code gives later gets into no later bundle, nor its callbacks (X3)", async () => {
  const { promise: hangs, resolve: go } = Promise.withResolvers<void>();
  const late: Promise<void>[] = [];
  const chain = chainOf({
    async process(n, { output, bundleFinalizer }) {
      if (n === 3) {
        late.push(hangs);
        await hangs;
        bundleFinalizer.afterBundleCommit(() => {});
      }
      output(n);
    },
  });
  await run(chain, [3, 4]);
  expect(late.length).toBeGreaterThanOrEqual(3);
  const feed = (item: number): void => chain.receive(item, at(0), GLOBAL_WINDOW, NO_FIRING);
  const work = new ListWork([5, 6], (item: number) => {
    feed(item);
    go();
  });
  await Promise.resolve();
  const next = guardedRun(chain, work, stillClock, options);
  await sleep(20);
  const result = await next;
  expect(written(result)).toEqual([5, 6]);
  expect(result.outputs.finalizers).toEqual([]);
});

test("a bundle whose beginning never settles comes again: no element is to blame", async () => {
  const chain = chainOf({
    startBundle: () => new Promise(() => {}),
    process: (n, { output }) => output(n),
  });
  expect(await codeOf(() => run(chain, [1]))).toBe("ERR_UNAVAILABLE");
});

test("so it is with a DoFn with state: its key goes on without the element", async () => {
  const hanging = statefulDoFn<KV<string, number>, string>()({
    async process({ key, value }, { output }) {
      if (value === 2) await new Promise(() => {});
      output(`${key} ${value}`);
    },
  });
  const built = pipeline("hanging-state", (p) => {
    p.create([1, 2, 3])
      .keyBy(() => "k")
      .parDo(hanging)
      .write(pubsub.topic<string>("out"));
  });
  const mesh = await runInMemory(built, { engine: { userCodeMsMax: 40, retryBackoffMs: 0 } });
  expect(mesh.messages<string>("out").sort()).toEqual(["k 1", "k 3"]);
  expect(mesh.messages("tm-hanging-state-dead-letters")).toHaveLength(1);
});
