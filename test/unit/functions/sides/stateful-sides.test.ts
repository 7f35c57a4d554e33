/**
 * Side inputs and tagged outputs of stateful DoFns: elements wait, and timers and expiries read too.
 */
import { describe, expect, test } from "vitest";
import { MemoryMesh } from "../../../../emulators/memory/memory-mesh.ts";
import { assertThat, testPipeline } from "../../../../emulators/testing/index.ts";
import {
  bagState,
  eventTimer,
  firestore,
  fixedWindows,
  type KV,
  kv,
  outputTag,
  type Pipeline,
  pipeline,
  pubsub,
  type Root,
  statefulDoFn,
  watermarks,
} from "../../../../sdk/index.ts";
import { checkNothingLeft } from "../../../support/mesh-checks.ts";

interface Sides {
  readonly rate: number;
}

/** Gathers values; tells of them with the rate at each step. */
const gather = statefulDoFn<KV<string, number>, string, { main: string; early: string }, Sides>()({
  state: { values: bagState<number>() },
  timers: { half: eventTimer() },
  process({ key, value }, { state, timers, outputTo, sideInput, window }) {
    state.values.add(value);
    timers.half.set(window.start + 5);
    outputTo("early", `${key} ${value * sideInput("rate")}`);
  },
  onTimer: {
    half: ({ key, state, output, sideInput }) =>
      output(`${key} half ${sum(state.values.read()) * sideInput("rate")}`),
  },
  onWindowExpiration: ({ key, state, output, sideInput }) =>
    output(`${key} all ${sum(state.values.read()) * sideInput("rate")}`),
});

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

const outputs = { main: outputTag<string>(), early: outputTag<string>() };

describe("a stateful DoFn", () => {
  test("reads side inputs in process, timers and expiries, and emits to tags", async () => {
    await testPipeline(
      (p) => {
        const { main, early } = p
          .create([kv("a", 1), kv("a", 2), kv("b", 3)], { timestamp: () => 1 })
          .windowInto(fixedWindows(10))
          .parDo(gather, { sideInputs: { rate: rateAt1(p) }, outputs, name: "Gather" });
        assertThat(early).containsInAnyOrder(["a 10", "a 20", "b 30"]);
        assertThat(main).containsInAnyOrder(["a half 30", "a all 30", "b half 30", "b all 30"]);
      },
      { shards: 2 },
    );
  });

  test("waits for its side inputs, and event time with it", async () => {
    const mesh = new MemoryMesh(waitingPipeline, { shards: 2, isVirtualOnly: true });
    await mesh.launch();
    const values = [kv("a", 1), kv("a", 2)].map((pair) => ({ ...pair, at: 1 }));
    await mesh.publish(
      "values",
      [...values, { key: "z", value: 0, at: 100 }].map((e) => ({ data: JSON.stringify(e) })),
    );
    await mesh.run(mesh.clock.nowMs() + 5_000);
    expect(texts(mesh)).toEqual([]);
    for (const { id } of mesh.plan.stages) mesh.restart(id);
    await mesh.publish("rates", [{ data: JSON.stringify({ rate: 10, at: 1 }) }]);
    await mesh.publish("rates", [{ data: JSON.stringify({ rate: 7, at: 100 }) }]);
    await mesh.run(mesh.clock.nowMs() + 5_000);
    expect(texts(mesh)).toEqual(["a all 30", "a half 30"]);
    await mesh.drain();
    await mesh.run();
    expect(texts(mesh)).toEqual(["a all 30", "a half 30", "z all 0", "z half 0"]);
    const { stages, state } = await mesh.status();
    expect(state).toBe("DONE");
    expect(stages.map(({ droppedLate, deadLetters }) => droppedLate + deadLetters)).toEqual(
      stages.map(() => 0),
    );
    await checkNothingLeft(mesh);
    await mesh.stop();
  });
});

function rateAt1(p: Root) {
  return p
    .create([10], { timestamp: () => 1 })
    .windowInto(fixedWindows(10))
    .asSingleton();
}

const waitingPipeline: Pipeline = pipeline("waits", (p) => {
  const watermark = watermarks.boundedOutOfOrderness(0);
  const rates = p
    .read(
      pubsub.topic<{ rate: number; at: number }>("rates", { timestamp: (r) => r.at, watermark }),
    )
    .windowInto(fixedWindows(10))
    .map(({ rate }) => rate);
  p.read(
    pubsub.topic<KV<string, number> & { at: number }>("values", {
      timestamp: (e) => e.at,
      watermark,
    }),
  )
    .windowInto(fixedWindows(10))
    .map(({ key, value }) => kv(key, value))
    .parDo(gather, { sideInputs: { rate: rates.asSingleton() }, outputs })
    .main.write(
      firestore.collection<string>("out", { id: (text) => text, fields: (text) => ({ text }) }),
    );
});

function texts(mesh: MemoryMesh): string[] {
  return [...mesh.store.documents("out").keys()].sort();
}
