/**
 * Activation: one commit, then the flush, then the acknowledgement (A1 to A6), whatever fails
 * between them; and commits that would be too big.
 */
import { expect, test } from "vitest";
import { ShardActivations } from "../../../functions/activation.ts";
import { decodeEnvelope, type Envelope } from "../../../functions/envelope.ts";
import { Fence } from "../../../functions/fence.ts";
import { decodeProgress } from "../../../functions/head.ts";
import { DOCUMENT_BYTES_MAX, type EngineOptions } from "../../../functions/options.ts";
import type { OutgoingMessage, Store } from "../../../functions/ports.ts";
import type { Program } from "../../../functions/program.ts";
import { ticksOf } from "../../../functions/stage-handler.ts";
import {
  type CombineFn,
  firestore,
  MeshError,
  type Pipeline,
  pipeline,
  pubsub,
  sum,
} from "../../../sdk/index.ts";
import {
  at,
  codeOf,
  columnsOf,
  optionsOf,
  programFor,
  type UnitWorld,
  unitWorld,
} from "../../support/builders.ts";

const out = firestore.collection<{ key: unknown; value: unknown }>("out", {
  id: (r) => String(r.key),
  fields: ({ value }) => ({ value }),
});

const summed = (fn: CombineFn<number, unknown, unknown> = sum()): Pipeline =>
  pipeline("active", (p) =>
    p
      .create<number>([])
      .keyBy((n) => n)
      .combinePerKey(fn)
      .write(out),
  );

/** A shard's activations on instances that share a world. */
class Active {
  readonly unit: UnitWorld;
  readonly program: Program;
  readonly options: EngineOptions;
  #sequence = 0;

  constructor(built: Pipeline, options: Partial<EngineOptions> = {}, unit = unitWorld()) {
    this.unit = unit;
    this.program = programFor(built, "shuffle");
    this.options = optionsOf(options);
  }

  instance(): ShardActivations {
    const { world } = this.unit;
    const { program, options } = this;
    const ticks = ticksOf(program.plan, world, options);
    const ref = { stage: program.stage.id, shard: 0 };
    const fence = new Fence(program.plan, world.store, world.clock);
    return new ShardActivations(ref, { program, world, options, source: undefined, ticks, fence });
  }

  elements(...elements: [string, number][]): () => Envelope {
    const body = { kind: "elements", windows: [columnsOf("g", elements)] } as const;
    return this.message({ body, count: elements.length });
  }

  advance(): () => Envelope {
    const end = at(8.64e15);
    const body = { kind: "advance", watermarks: { [this.program.stage.id]: [end, end] } } as const;
    return this.message({ body, sequence: -1, producer: "tracker" });
  }

  message(part: Pick<Envelope, "body"> & Partial<Envelope>): () => Envelope {
    const { plan, stage } = this.program;
    const sequence = part.sequence ?? this.#sequence++;
    const whole = {
      plan: plan.hash,
      producer: "p/0",
      stage: stage.id,
      shard: 0,
      minTime: at(0),
      count: 1,
    };
    const text = JSON.stringify({ ...whole, ...part, sequence });
    return () => JSON.parse(text) as Envelope;
  }

  results(): Record<string, unknown> {
    const documents = [...this.unit.store.documents("out")];
    return Object.fromEntries(documents.map(([id, { value }]) => [id, value]));
  }
}

/** Makes one method of a store fail once, before or after it has done its work. */
function failOnce<K extends keyof Store>(store: Store, name: K, when: "before" | "after"): void {
  const work = store[name].bind(store) as (...given: unknown[]) => Promise<unknown>;
  const failing = async (...given: unknown[]): Promise<unknown> => {
    store[name] = work as Store[K];
    if (when === "after") await work(...given);
    throw new MeshError("ERR_UNAVAILABLE", `${name} ${when}`);
  };
  store[name] = failing as Store[K];
}

test("a bundle counts once: delivered again, twice in one activation, or to another instance", async () => {
  const active = new Active(summed());
  const [bundle, instance] = [active.elements(["a", 1], ["b", 5]), active.instance()];
  await instance.activate([bundle, bundle]);
  await instance.activate([bundle]);
  await active.instance().activate([bundle, active.elements(["a", 2])]);
  await instance.activate([bundle, active.advance()]);
  expect(active.results()).toEqual({ a: 3, b: 5 });
});

test.each(["before", "after"] as const)(
  "a commit that fails %s it was applied counts once",
  async (when) => {
    const active = new Active(summed());
    failOnce(active.unit.store, "commitHead", when);
    const instance = active.instance();
    await instance.activate([active.elements(["a", 1])]);
    await instance.activate([active.advance()]);
    expect(active.results()).toEqual({ a: 1 });
  },
);

test("a stale instance loses the race, opens the shard anew and goes on", async () => {
  const active = new Active(summed());
  const [one, two] = [active.instance(), active.instance()];
  await one.activate([active.elements(["a", 1])]);
  await two.activate([active.elements(["a", 2])]);
  await one.activate([active.elements(["a", 4])]);
  await two.activate([active.advance()]);
  expect(active.results()).toEqual({ a: 7 });
});

test("what was committed and not flushed is sent by the next instance, byte for byte (A3, A4)", async () => {
  const unit = unitWorld();
  const sent: OutgoingMessage[][] = [];
  let isAway = true;
  const publish = async (messages: readonly OutgoingMessage[]): Promise<void> => {
    sent.push([...messages]);
    if (isAway) throw new MeshError("ERR_UNAVAILABLE", "publish");
  };
  const world = { ...unit.world, mailboxes: { publish } };
  const active = new Active(
    pipeline("flushed", (p) =>
      p
        .create<number>([])
        .keyBy((n) => n)
        .combinePerKey(sum())
        .write(pubsub.topic<unknown>("sums")),
    ),
    {},
    { ...unit, world },
  );
  const messages = [active.elements(["a", 1]), active.advance()];
  expect(await codeOf(() => active.instance().activate(messages))).toBe("ERR_UNAVAILABLE");
  isAway = false;
  unit.wakes.length = 0;
  await active.instance().activate(messages);
  expect(sent).toHaveLength(2);
  expect(sent[1]).toEqual(sent[0]);
  expect(sent[0]?.[0]?.attributes["tidemark-id"]).toMatch(/\/0\/1\/0$/);
  expect(unit.wakes, "a tick follows, though the message was known").toHaveLength(1);
});

test("an element that can't be added becomes a dead letter, the others are added", async () => {
  const picky: CombineFn<number, number, number> = {
    ...(sum() as CombineFn<number, number, number>),
    mergeAccumulators(a, b) {
      if (b === 13) throw new Error("unlucky");
      return a + b;
    },
  };
  const active = new Active(summed(picky as CombineFn<number, unknown, unknown>));
  const instance = active.instance();
  await instance.activate([active.elements(["a", 1], ["a", 13], ["a", 2])]);
  await instance.activate([active.advance()]);
  expect(active.results()).toEqual({ a: 3 });
  expect(active.unit.published).toMatchObject([
    { attributes: { "tidemark-code": "ERR_USER_CODE" } },
  ]);
});

test("an accumulator that can't be written becomes a dead letter of the element that made it so", async () => {
  const listing: CombineFn<number, unknown, number> = {
    name: "listing",
    createAccumulator: () => 0,
    addInput: (total, n) => Number(total) + n,
    mergeAccumulators: (a, b) => (b === 13 ? () => 13 : Number(a) + Number(b)),
    extractOutput: Number,
  };
  const active = new Active(summed(listing as CombineFn<number, unknown, unknown>));
  const instance = active.instance();
  await instance.activate([active.elements(["a", 1], ["a", 13])]);
  await instance.activate([active.elements(["a", 2])]);
  await instance.activate([active.advance()]);
  expect(active.results()).toEqual({ a: 3 });
  expect(active.unit.published).toMatchObject([{ attributes: { "tidemark-code": "ERR_ENCODE" } }]);
});

test("a failure to add that may pass is thrown, and nothing set aside", async () => {
  const away: CombineFn<number, number, number> = {
    ...(sum() as CombineFn<number, number, number>),
    mergeAccumulators() {
      throw new MeshError("ERR_UNAVAILABLE", "away");
    },
  };
  const active = new Active(summed(away as CombineFn<number, unknown, unknown>));
  const work = active.instance().activate([active.elements(["a", 1], ["a", 2])]);
  expect(await codeOf(() => work)).toBe("ERR_UNAVAILABLE");
  expect(active.unit.published).toEqual([]);
});

test("a bundle whose outputs don't fit into one commit is cut into halves until they do", async () => {
  const active = new Active(
    pipeline("wide", (p) =>
      p
        .create<number>([])
        .reshuffle()
        .map((n) => ({ key: n, value: "x".repeat(DOCUMENT_BYTES_MAX / 6) }))
        .write(out),
    ),
  );
  const numbers = Array.from({ length: 100 }, (_, i) => i);
  const columns = { window: "g", values: numbers, times: numbers.map(() => at(0)) };
  const body = { kind: "elements", windows: [columns] } as const;
  const instance = active.instance();
  await instance.activate([active.message({ body, count: 100 })]);
  for (let i = 0; i < active.unit.published.length; i++) {
    const { data } = active.unit.published[i]!;
    await instance.activate([() => decodeEnvelope(data, active.program.plan.hash)]);
  }
  expect(Object.keys(active.results())).toHaveLength(100);
});

test("a pane whose outputs alone don't fit into one commit becomes a dead letter, the others go on", async () => {
  const exploding = pipeline("exploding", (p) =>
    p
      .create<number>([])
      .keyBy((n) => n)
      .combinePerKey(sum())
      .flatMap(({ key, value }) => {
        const size = value === 13 ? 800_000 : 10;
        return [1, 2, 3, 4].map((i) => ({ key: `${key}${i}`, value: "x".repeat(size) }));
      })
      .write(out),
  );
  const active = new Active(exploding);
  const instance = active.instance();
  await instance.activate([active.elements(["a", 1], ["b", 13], ["c", 2])]);
  await instance.activate([active.advance()]);
  // Narrower bounds leave panes to messages to itself, which come back here.
  const dead: OutgoingMessage[] = [];
  const own = active.unit.published.filter(({ topic }) => topic === active.program.stage.mailbox);
  for (let next = own.shift(); next !== undefined; next = own.shift()) {
    const { data } = next;
    active.unit.published.length = 0;
    await instance.activate([() => decodeEnvelope(data, active.program.plan.hash)]);
    own.push(...active.unit.published.filter(({ topic }) => topic === next?.topic));
    dead.push(...active.unit.published.filter(({ topic }) => topic !== next?.topic));
  }
  expect(Object.keys(active.results()).sort()).toEqual("a1 a2 a3 a4 c1 c2 c3 c4".split(" "));
  expect(dead).toMatchObject([{ attributes: { "tidemark-code": "ERR_ELEMENT_TOO_BIG" } }]);
});

test("a hot key's values don't make a document too big", async () => {
  const active = new Active(
    pipeline("hot", (p) =>
      p
        .create<string>([])
        .keyBy(() => "k")
        .groupByKey()
        .map(({ key, value }) => ({ key, value: value.length }))
        .write(out),
    ),
  );
  const instance = active.instance();
  const bundles = Array.from({ length: 6 }, () => {
    const values = Array.from({ length: 380 }, () => "x".repeat(1_000));
    const windows = [{ window: "g", keys: values.map(() => "sk"), values }];
    return active.message({ body: { kind: "elements", windows }, count: values.length });
  });
  const { commitHead } = active.unit.store;
  active.unit.store.commitHead = async (commit) => {
    for (const text of [commit.head.body, ...commit.partsToPut.map((part) => part.text)]) {
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(DOCUMENT_BYTES_MAX);
    }
    await commitHead.call(active.unit.store, commit);
  };
  await instance.activate(bundles);
  await active.instance().activate([active.advance()]);
  expect(active.results()).toEqual({ k: 2_280 });
});

test("a shard opened after a commit equals the live one: its next commit is the same", async () => {
  const active = new Active(summed(), { memtableBytesMax: 60 });
  const live = active.instance();
  for (let i = 0; i < 12; i++) {
    await (i % 2 === 0 ? live : active.instance()).activate([active.elements([`k${i % 5}`, i])]);
  }
  await live.activate([active.advance()]);
  expect(active.results()).toEqual({ k0: 15, k1: 18, k2: 9, k3: 11, k4: 13 });
  const head = await active.unit.store.newestHead({ stage: active.program.stage.id, shard: 0 });
  expect(decodeProgress(head!.progress).received).toEqual({ "p/0": [[0, 11], 1_000] });
});

test("elements of many keys that all fail are found in one go", async () => {
  let calls = 0;
  const failing: CombineFn<number, number, number> = {
    ...(sum() as CombineFn<number, number, number>),
    mergeAccumulators() {
      calls++;
      throw new Error("poison");
    },
  };
  const keys = 300;
  const active = new Active(summed(failing));
  const { published, store } = active.unit;
  const elements = Array.from({ length: 2 * keys }, (_, i): [string, number] => [
    `k${i % keys}`,
    1,
  ]);
  await active.instance().activate([active.elements(...elements)]);
  expect(published.filter(({ topic }) => topic.endsWith("dead-letters"))).toHaveLength(keys);
  const { attemptsMax } = active.options;
  expect(store.counts.headReads).toBeLessThanOrEqual(attemptsMax + 1);
  expect(calls).toBeLessThanOrEqual(keys * attemptsMax);
});
