/**
 * Commits of a stateful DoFn's shard: what is too much for one is cut into several.
 */
import { expect, test } from "vitest";
import { ShardActivations } from "../../../../functions/activation.ts";
import { decodeEnvelope, type Envelope } from "../../../../functions/envelope.ts";
import { Fence } from "../../../../functions/fence.ts";
import { ticksOf } from "../../../../functions/stage-handler.ts";
import {
  bagState,
  eventTimerFamily,
  firestore,
  MIN_TIMESTAMP,
  type Pipeline,
  pipeline,
  statefulDoFn,
} from "../../../../sdk/index.ts";
import { at, columnsOf, optionsOf, programFor, unitWorld } from "../../../support/builders.ts";

type Message = Pick<Envelope, "body" | "count">;

/** Activates one shard with these groups of messages, and with what it sends to itself, until it is done. */
async function activate(built: Pipeline, ...groups: (readonly Message[])[]) {
  const unit = unitWorld();
  const program = programFor(built, "shuffle");
  const { plan, stage } = program;
  const options = optionsOf();
  const ticks = ticksOf(plan, unit.world, options);
  const ref = { stage: stage.id, shard: 0 };
  const fence = new Fence(plan, unit.store, unit.world.clock);
  const context = { program, world: unit.world, options, source: undefined, ticks, fence };
  const activations = new ShardActivations(ref, context);
  const whole = { plan: plan.hash, producer: "p/0", ...ref, minTime: MIN_TIMESTAMP };
  let sequence = 0;
  for (const group of groups) {
    const envelopes = group.map((message) => ({ ...whole, sequence: sequence++, ...message }));
    await activations.activate(envelopes.map((envelope) => () => envelope));
  }
  for (const { topic, data } of unit.published) {
    if (topic === stage.mailbox)
      await activations.activate([() => decodeEnvelope(data, plan.hash)]);
  }
  const dead = unit.published.filter(({ topic }) => topic === plan.deadLetterTopic);
  const open = await unit.store.newestHead(ref);
  return { documents: unit.store.documents("out"), dead, version: open?.version ?? 0 };
}

function elementsOf(...values: number[]): Message {
  const windows = [
    columnsOf(
      "g",
      values.map((value) => ["k", value, 10] as const),
    ),
  ];
  return { body: { kind: "elements", windows }, count: values.length };
}

const out = (bytes: number) =>
  firestore.collection<string>("out", {
    id: (text) => text,
    fields: () => ({ large: "x".repeat(bytes) }),
  });

test("what elements and timers emit fits into commits one by one, if not together", async () => {
  const built = pipeline("large", (p) =>
    p
      .create([1])
      .keyBy(() => "k")
      .parDo<string>(
        statefulDoFn({
          timers: { tags: eventTimerFamily() },
          process({ value }, { timers, output }) {
            for (const i of [0, 1, 2]) output(`${value} ${i}`);
            timers.tags.set(String(value), 0);
          },
          onTimer: {
            tags({ tag, output }) {
              for (const i of [0, 1, 2]) output(`timer ${tag} ${i}`);
            },
          },
        }),
      )
      .write(out(350_000)),
  );
  const stage = programFor(built, "shuffle").stage.id;
  const watermarks = { [stage]: [at(10), at(10)] as const };
  const advance = { body: { kind: "advance", watermarks }, count: 0 } as const;
  const { documents, dead } = await activate(built, [advance], [elementsOf(1, 2, 3)]);
  expect(dead).toEqual([]);
  expect(documents.size).toBe(18);
});

test("state of several elements that is too much for one commit is cut by elements", async () => {
  const built = pipeline("large-state", (p) =>
    p
      .create([1])
      .keyBy(() => "k")
      .parDo<string>(
        statefulDoFn({
          state: { bag: bagState<string>() },
          process({ value }, { state, output }) {
            for (const _ of [0, 1, 2]) state.bag.add("x".repeat(700_000));
            output(String(value));
          },
        }),
      )
      .write(out(1)),
  );
  const { documents, dead, version } = await activate(built, [elementsOf(1, 2, 3, 4)]);
  expect(dead).toEqual([]);
  expect([...documents.keys()].sort()).toEqual(["1", "2", "3", "4"]);
  expect(version).toBeGreaterThan(3);
});

test("several messages of one element each are cut too", async () => {
  const built = pipeline("large-each", (p) =>
    p
      .create([1])
      .reshuffle()
      .map((n) => String(n))
      .flatMap((text) => [0, 1, 2].map((i) => `${text} ${i}`))
      .write(out(350_000)),
  );
  const each = (value: number): Message => ({
    body: { kind: "elements", windows: [{ window: "g", values: [value], times: [at(0)] }] },
    count: 1,
  });
  const { documents, dead } = await activate(built, [each(1), each(2), each(3)]);
  expect(dead).toEqual([]);
  expect(documents.size).toBe(9);
});
