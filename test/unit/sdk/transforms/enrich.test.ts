/**
 * enrich: calls are shared, kept, bounded and paced (SV1, SV2); what fails is an element's own.
 */
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../../../emulators/memory/virtual-clock.ts";
import {
  type EnrichOptions,
  enrich,
  fixedWindows,
  kv,
  pipeline,
  pubsub,
} from "../../../../sdk/index.ts";
import type { GraphNode, ParDoNode } from "../../../../sdk/model/graph.ts";
import { NO_FIRING } from "../../../../sdk/model/pane.ts";
import { GLOBAL_WINDOW } from "../../../../sdk/model/window.ts";
import type { ProcessContext } from "../../../../sdk/transforms/do-fn.ts";
import type {
  EnrichInBatches,
  EnrichOneByOne,
} from "../../../../sdk/transforms/enrichment/enrich.ts";
import { at } from "../../../support/builders.ts";
import { elementsOf, SMALL_BUNDLES } from "../../../support/elements.ts";
import { meshErrorOf } from "../errors.ts";

type Options =
  | EnrichOneByOne<string, string, unknown, string>
  | EnrichInBatches<string, string, unknown, string>;

/** An enrichment by itself, on virtual time. */
class Bench {
  readonly clock = new VirtualClock(1_000);
  readonly outputs: string[] = [];
  readonly #process: (element: string) => void | Promise<void>;

  constructor(options: (bench: Bench) => Options) {
    const { graph } = pipeline("bench", (p) => {
      p.create<string>([]).apply(enrich({ clock: this.clock, ...options(this) }));
    });
    const node = graph.nodes.find((n: GraphNode): n is ParDoNode => n.kind === "parDo");
    const output = (value: unknown): void => void this.outputs.push(String(value));
    const context = { timestamp: at(0), window: GLOBAL_WINDOW, pane: NO_FIRING, output };
    this.#process = (element) =>
      node?.fn.process(element, context as unknown as ProcessContext<unknown>);
  }

  /** Begins with these elements; resolves when all have ended. */
  async all(...elements: string[]): Promise<PromiseSettledResult<void>[]> {
    return Promise.allSettled(elements.map((element) => this.#process(element)));
  }

  one(element: string): void | Promise<void> {
    return this.#process(element);
  }

  get nowMs(): number {
    return this.clock.nowMs() - 1_000;
  }

  /** Lets time go on until nobody sleeps. */
  async run(): Promise<void> {
    for (;;) {
      await new Promise(setImmediate);
      if (this.clock.nextMs === undefined) return;
      this.clock.step();
    }
  }
}

const keyOf = (element: string): string => element.slice(0, 1);
const join = (element: string, response: unknown): string => `${element}=${response}`;

describe("one key at a time", () => {
  test("equal keys share a call while it is under way, and its answer while it is kept", async () => {
    const calls: string[] = [];
    const bench = new Bench(() => ({
      keyOf,
      join,
      call: async (key) => {
        calls.push(key);
        return key.toUpperCase();
      },
      cache: { size: 10, ttl: { seconds: 1 } },
    }));
    await bench.all("a1", "a2", "b1");
    expect(calls).toEqual(["a", "b"]);
    expect(bench.outputs.sort()).toEqual(["a1=A", "a2=A", "b1=B"]);
    // An answer that is kept is there at once.
    expect(bench.one("a3")).toBeUndefined();
    expect(bench.outputs).toContain("a3=A");
    bench.clock.moveTo(1_999);
    await bench.one("a4");
    expect(calls).toHaveLength(2);
    bench.clock.moveTo(2_000);
    await bench.one("a5");
    expect(calls).toEqual(["a", "b", "a"]);
  });

  test("without a cache only calls under way are shared", async () => {
    const calls: string[] = [];
    const bench = new Bench(() => ({ keyOf, join, call: (key) => calls.push(key) }));
    await bench.all("a1", "a2");
    await bench.all("a3");
    expect(calls).toEqual(["a", "a"]);
    expect(bench.outputs).toEqual(["a1=1", "a2=1", "a3=2"]);
  });

  test("of a full cache the answer leaves that was not used for longest", async () => {
    const calls: string[] = [];
    const bench = new Bench(() => ({
      keyOf,
      join,
      call: (key) => calls.push(key),
      cache: { size: 2, ttl: { hours: 1 } },
    }));
    for (const element of ["a", "b", "a", "c", "a", "b"]) await bench.one(element);
    expect(calls).toEqual(["a", "b", "c", "b"]);
  });

  test("undefined is an answer too", async () => {
    let calls = 0;
    const bench = new Bench(() => ({
      keyOf,
      join,
      call: () => void calls++,
      cache: { size: 1, ttl: 1_000 },
    }));
    await bench.one("a");
    await bench.one("a");
    expect([calls, bench.outputs]).toEqual([1, ["a=undefined", "a=undefined"]]);
  });

  test("a failure fails all that waited for it, and is not kept", async () => {
    let calls = 0;
    const bench = new Bench(() => ({
      keyOf,
      join,
      call: async () => {
        if (++calls === 1) throw new Error("no answer");
        return "yes";
      },
      cache: { size: 10, ttl: 1_000 },
    }));
    const ended = await bench.all("a1", "a2");
    expect(ended.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await bench.all("a3");
    expect(bench.outputs).toEqual(["a3=yes"]);
  });

  test("so many calls are under way at once, and the others follow in order", async () => {
    let now = 0;
    let most = 0;
    const order: string[] = [];
    const bench = new Bench(({ clock }) => ({
      keyOf,
      join,
      concurrency: 2,
      call: async (key) => {
        order.push(key);
        most = Math.max(most, ++now);
        await clock.sleep(10);
        now--;
        if (key === "b") throw new Error("a slot is given back all the same");
      },
    }));
    const ended = bench.all(..."abcdef");
    await bench.run();
    await ended;
    expect([most, order.join(""), bench.nowMs]).toEqual([2, "abcdef", 30]);
  });

  test("a slot that is handed on can't be taken by a call that comes in between", async () => {
    let now = 0;
    let most = 0;
    const bench = new Bench(({ clock }) => ({
      keyOf,
      join,
      concurrency: 1,
      call: async () => {
        most = Math.max(most, ++now);
        await clock.sleep(10);
        now--;
      },
    }));
    const ended = bench.all("a", "b");
    const later = Promise.resolve(bench.one("a")).then(() => bench.all("c", "d"));
    await bench.run();
    await Promise.all([ended, later]);
    expect([most, bench.nowMs]).toEqual([1, 40]);
  });

  test("a rate is kept, with a burst after a quiet time", async () => {
    const times: number[] = [];
    const bench: Bench = new Bench(() => ({
      keyOf,
      join,
      rate: { perSecond: 10, burst: 3 },
      call: () => times.push(bench.nowMs),
    }));
    const first = bench.all(..."abcdef");
    await bench.run();
    await first;
    expect(times).toEqual([0, 0, 0, 100, 200, 300]);
    bench.clock.moveTo(1_000 + 450);
    times.length = 0;
    const second = bench.all(..."ghi");
    await bench.run();
    await second;
    // One token has come since the last call at 300, and half of another.
    expect(times).toEqual([450, 500, 600]);
    bench.clock.moveTo(1_000 + 60_000);
    times.length = 0;
    const third = bench.all(..."jklm");
    await bench.run();
    await third;
    expect(times).toEqual([60_000, 60_000, 60_000, 60_100]);
  });

  test("keys are equal by value, and what is no key fails", async () => {
    let calls = 0;
    const bench = new Bench(() => ({
      keyOf: (element) => ({ id: element.slice(0, 1) }) as unknown as string,
      join,
      call: () => ++calls,
      cache: { size: 10, ttl: 1_000 },
    }));
    await bench.all("a1");
    await bench.all("a2");
    expect(calls).toBe(1);
    const broken = new Bench(() => ({ keyOf: () => new Map() as never, join, call: () => 1 }));
    expect(meshErrorOf(() => broken.one("a")).code).toBe("ERR_KEY");
  });
});

describe("in batches", () => {
  const batches: string[] = [];
  const batched = (
    bench: Bench,
    more: Partial<EnrichOptions<string, string, unknown, string>> = {},
  ) => ({
    keyOf,
    join,
    batch: { size: 3, wait: 50 },
    callBatch: async (keys: readonly string[]) => {
      batches.push(`${bench.nowMs}:${keys.join("")}`);
      return keys.map((key) => key.toUpperCase());
    },
    ...more,
  });

  test("keys go together, until the batch is full or the first has waited", async () => {
    batches.length = 0;
    const bench: Bench = new Bench((b) => batched(b));
    const first = bench.all(..."abcd");
    await bench.run();
    await first;
    expect(batches).toEqual(["0:abc", "50:d"]);
    expect(bench.outputs.sort()).toEqual(["a=A", "b=B", "c=C", "d=D"]);
    // The timer of a batch that was full does not send the next one early.
    batches.length = 0;
    const second = bench.all(..."efg");
    await new Promise(setImmediate);
    bench.clock.moveTo(bench.clock.nowMs() + 30);
    const third = bench.all("h");
    await bench.run();
    await Promise.all([second, third]);
    expect(batches).toEqual(["50:efg", "130:h"]);
  });

  test("equal keys are one key of a batch, and a rate counts batches", async () => {
    batches.length = 0;
    const bench: Bench = new Bench((b) => batched(b, { rate: { perSecond: 1 } }));
    const all = bench.all("a1", "a2", "b", "c", "d", "e", "f");
    await bench.run();
    await all;
    expect(batches).toEqual(["0:abc", "1000:def"]);
    expect(bench.outputs).toHaveLength(7);
  });

  test("a batch that fails, or answers for another number of keys, fails all of its elements", async () => {
    const bench = new Bench(() => ({
      keyOf,
      join,
      batch: { size: 2 },
      callBatch: async (keys) => {
        if (keys.includes("x")) throw new Error("no x");
        return keys.includes("y") ? [] : keys;
      },
    }));
    const ended = bench.all("x", "a", "y", "b", "c", "d");
    await bench.run();
    const reasons = (await ended).map((end) =>
      end.status === "rejected" ? String(end.reason) : "ok",
    );
    expect(reasons.slice(0, 2)).toEqual(["Error: no x", "Error: no x"]);
    expect(reasons[2]).toContain("gave 0 responses for 2 keys");
    expect(reasons.slice(4)).toEqual(["ok", "ok"]);
  });
});

describe("in a mesh", () => {
  test("elements keep their times and windows, and carry the response", async () => {
    const { out } = await elementsOf(
      (p) =>
        p
          .create([3, 14], { timestamp: (n) => n })
          .windowInto(fixedWindows(10))
          .apply(enrich({ keyOf: (n) => n % 2, call: async (k) => `is ${k}` })),
      SMALL_BUNDLES,
    );
    expect(out.map(({ element, timestamp, window }) => [element, timestamp, window.start])).toEqual(
      expect.arrayContaining([
        [{ element: 3, response: "is 1" }, 3, 0],
        [{ element: 14, response: "is 0" }, 14, 10],
      ]),
    );
  });

  test("of nothing there is nothing, and no call", async () => {
    let calls = 0;
    const { out } = await elementsOf((p) =>
      p.create<string>([]).apply(enrich({ keyOf, call: () => ++calls })),
    );
    expect([out, calls]).toEqual([[], 0]);
  });

  test("an element whose call goes on failing is a dead letter; one that fails once is none", async () => {
    let failures = 0;
    const call = async (key: string): Promise<string> => {
      if (key === "bad") throw new Error("404");
      if (key === "slow" && failures++ === 0) throw new Error("try again");
      return key.toUpperCase();
    };
    const { sorted, dead } = await elementsOf(
      (p) =>
        p
          .read(pubsub.topic<string>("in"))
          .apply("Users", enrich({ keyOf: (key) => key, call }))
          .map(({ element, response }) => kv(element, response)),
      { input: { in: ["good", "bad", "slow", "good"] } },
    );
    expect(sorted).toEqual([kv("good", "GOOD"), kv("good", "GOOD"), kv("slow", "SLOW")]);
    expect(dead).toMatchObject([{ element: "bad", error: { code: "ERR_USER_CODE" } }]);
    expect(dead[0]?.error.message).toMatch(
      /^Users\/enrich\/parDo \(\S*enrich\.test\.ts:\d+\): 404$/,
    );
  });
});

test.each<[string, Partial<EnrichOptions<string, string, unknown, unknown>>]>([
  ["concurrency", { concurrency: 0 }],
  ["cache.size", { cache: { size: 0, ttl: 1 } }],
  ["rate.perSecond", { rate: { perSecond: 0 } }],
  ["rate.perSecond", { rate: { perSecond: Number.NaN } }],
  ["rate.burst", { rate: { perSecond: 1, burst: 0.5 } }],
])("%s out of range is refused", (name, options) => {
  const error = meshErrorOf(() => enrich({ keyOf, call: () => 1, ...options }));
  expect(error.code).toBe("ERR_OPTION");
  expect(error.message).toContain(name);
});

test("a duration that can't be read, or a batch of none, is refused", () => {
  const ttl = meshErrorOf(() => enrich({ keyOf, call: () => 1, cache: { size: 1, ttl: -1 } }));
  expect(ttl.code).toBe("ERR_DURATION");
  const none = meshErrorOf(() =>
    enrich({ keyOf, callBatch: async (keys: readonly string[]) => keys, batch: { size: 0 } }),
  );
  expect(none.message).toContain("batch.size");
});
