/**
 * Side inputs on a whole mesh in memory: every kind of view, waiting, windows, and what goes wrong.
 */
import { describe, expect, test } from "vitest";
import { MemoryMesh } from "../../../../emulators/memory/memory-mesh.ts";
import type { PCollection, ProcessContext } from "../../../../sdk/index.ts";
import {
  count,
  type DoFn,
  firestore,
  fixedWindows,
  kv,
  type None,
  type Pipeline,
  pipeline,
  pubsub,
  type Root,
  watermarks,
} from "../../../../sdk/index.ts";
import { type MemoryRun, runInMemory } from "../../../support/run-memory.ts";

const out = firestore.collection<string>("out", {
  id: (text) => text,
  fields: (text) => ({ text }),
});

function texts(run: MemoryRun): string[] {
  return [...run.documents("out").keys()].sort();
}

async function resultOf(
  build: (p: Root) => PCollection<string>,
  options: Parameters<typeof runInMemory>[1] = {},
): Promise<string[]> {
  const built = pipeline("sides", (p) => build(p).write(out));
  const run = await runInMemory(built, { shards: 3, ...options });
  expect(run.mesh.messages("tm-sides-dead-letters")).toEqual([]);
  return texts(run);
}

/** Emits what `show` says of an element and the side input `side`. */
function showing<T, S>(
  show: (element: T, side: S) => string,
): DoFn<T, string, None, { readonly side: S }> {
  return {
    process: (element, context) => context.output(show(element, context.sideInput("side"))),
  };
}

describe("views", () => {
  test("a singleton is the only element", async () => {
    const result = await resultOf((p) => {
      const rate = p.create([3]).asSingleton();
      const show = showing<number, number>((n, side) => `${n * side}`);
      return p.create([1, 2]).parDo(show, { sideInputs: { side: rate } });
    });
    expect(result).toEqual(["3", "6"]);
  });

  test("a singleton without element gives its fallback", async () => {
    const result = await resultOf((p) => {
      const rate = p.create<number>([]).asSingleton({ fallback: 7 });
      const show = showing<number, number>((n, side) => `${n * side}`);
      return p.create([1]).parDo(show, { sideInputs: { side: rate } });
    });
    expect(result).toEqual(["7"]);
  });

  test("a list and an iterable hold all elements", async () => {
    const result = await resultOf((p) => {
      const words = p.create(["b", "a", "c"]);
      const show: DoFn<
        number,
        string,
        None,
        { readonly list: readonly string[]; readonly all: Iterable<string> }
      > = {
        process(n, context) {
          const list = context.sideInput("list").toSorted().join("");
          context.output(`${n}:${list}:${[...context.sideInput("all")].length}`);
        },
      };
      const sideInputs = { list: words.asList(), all: words.asIterable() };
      return p.create([1, 2]).parDo(show, { sideInputs });
    });
    expect(result).toEqual(["1:abc:3", "2:abc:3"]);
  });

  test("a map finds keys that are equal by value", async () => {
    const result = await resultOf((p) => {
      const names = p.create([kv({ id: 1 }, "one"), kv({ id: 2 }, "two")]).asMap();
      const show = showing<number, ReadonlyMap<{ id: number }, string>>(
        (n, side) => `${n}=${side.get({ id: n }) ?? "none"} of ${side.size}`,
      );
      return p.create([1, 2, 3]).parDo(show, { sideInputs: { side: names } });
    });
    expect(result).toEqual(["1=one of 2", "2=two of 2", "3=none of 2"]);
  });

  test("a multimap holds all values of a key", async () => {
    const result = await resultOf((p) => {
      const names = p.create([kv("a", 1), kv("a", 2), kv("b", 3)]).asMultimap();
      const show = showing<string, ReadonlyMap<string, readonly number[]>>(
        (key, side) => `${key}=${[...(side.get(key) ?? [])].sort().join("+")}`,
      );
      return p.create(["a", "b", "c"]).parDo(show, { sideInputs: { side: names } });
    });
    expect(result).toEqual(["a=1+2", "b=3", "c="]);
  });

  test("a large side input comes in several bundles, and is whole", async () => {
    const result = await resultOf(
      (p) => {
        const numbers = p.create(Array.from({ length: 250 }, (_, i) => i)).asList();
        const show = showing<string, readonly number[]>(
          (element, side) => `${element}${side.length}:${side.reduce((a, b) => a + b, 0)}`,
        );
        return p.create(["a", "b"]).parDo(show, { sideInputs: { side: numbers } });
      },
      { engine: { bundleElementsMax: 7 } },
    );
    expect(result).toEqual(["a250:31125", "b250:31125"]);
  });

  test("one view may be read by several ParDos, and by one under two names", async () => {
    const result = await resultOf((p) => {
      const two = p.create([2]).asSingleton();
      const twice = p.create([1]).parDo(
        {
          process: (n: number, context: ProcessContext<number, None, { a: number; b: number }>) =>
            context.output(n + context.sideInput("a") * context.sideInput("b")),
        },
        { sideInputs: { a: two, b: two } },
      );
      return twice.parDo(
        showing<number, number>((n, side) => `${n * side}`),
        { sideInputs: { side: two } },
      );
    });
    expect(result).toEqual(["10"]);
  });
});

interface Reading {
  readonly at: number;
  readonly name: string;
}

const startMs = Date.UTC(2026, 0, 1);
const minute = 60_000;

function reading(minutes: number, name: string): { data: string } {
  return { data: JSON.stringify({ at: startMs + minutes * minute, name } satisfies Reading) };
}

function stream(p: Root, topic: string): PCollection<Reading> {
  const watermark = watermarks.boundedOutOfOrderness(0);
  return p
    .read(pubsub.topic<Reading>(topic, { timestamp: (r) => r.at, watermark }))
    .windowInto(fixedWindows({ minutes: 10 }));
}

/** Main elements with the names of their window's side input. */
const joined: Pipeline = pipeline("sides", (p) => {
  const side = stream(p, "side").asList();
  const show = showing<Reading, readonly Reading[]>(
    (main, names) =>
      `${main.name}:${names
        .map(({ name }) => name)
        .sort()
        .join("+")}`,
  );
  stream(p, "main").parDo(show, { sideInputs: { side } }).write(out);
});

async function started(): Promise<MemoryMesh> {
  const mesh = new MemoryMesh(joined, { shards: 2, isVirtualOnly: true, startMs });
  await mesh.launch();
  return mesh;
}

const namesIn = (mesh: MemoryMesh): string[] => [...mesh.store.documents("out").keys()].sort();

describe("waiting", () => {
  test("an element waits for its window's side input, and holds the watermark", async () => {
    const mesh = await started();
    await mesh.publish("main", [reading(1, "m1"), reading(25, "m25")]);
    await mesh.publish("side", [reading(2, "s2"), reading(3, "s3")]);
    await mesh.run(mesh.clock.nowMs() + 5_000);
    expect(namesIn(mesh)).toEqual([]);
    const gate = (await mesh.status()).stages.find(({ stage }) => stage.startsWith("side-inputs"));
    expect(gate?.inputWatermark).toBe(startMs + 25 * minute);
    expect(gate?.hold).toBe(startMs + minute);
    expect(gate?.outputWatermark).toBe(startMs + minute);

    await mesh.publish("side", [reading(12, "s12")]);
    await mesh.run(mesh.clock.nowMs() + 5_000);
    expect(namesIn(mesh)).toEqual(["m1:s2+s3"]);

    await mesh.drain();
    await mesh.run();
    expect(namesIn(mesh)).toEqual(["m1:s2+s3", "m25:"]);
    expect((await mesh.status()).state).toBe("DONE");
    await mesh.stop();
  });

  test("an empty window is ready when the side input's watermark has passed it", async () => {
    const mesh = await started();
    await mesh.publish("side", [reading(12, "s12")]);
    await mesh.run(mesh.clock.nowMs() + 5_000);
    await mesh.publish("main", [reading(1, "m1")]);
    await mesh.run(mesh.clock.nowMs() + 5_000);
    expect(namesIn(mesh)).toEqual(["m1:"]);
    await mesh.stop();
  });

  test("what waits survives its instance, and nothing is left at the end", async () => {
    const mesh = await started();
    await mesh.publish("main", [reading(1, "m1"), reading(2, "m2")]);
    await mesh.publish("side", [reading(2, "s2")]);
    await mesh.run(mesh.clock.nowMs() + 5_000);
    for (const { id } of mesh.plan.stages) mesh.restart(id);
    await mesh.drain();
    await mesh.run();
    expect(namesIn(mesh)).toEqual(["m1:s2", "m2:s2"]);
    const { checkNothingLeft } = await import("../../../support/mesh-checks.ts");
    await checkNothingLeft(mesh);
    await mesh.stop();
  });

  test("a late element waits too, but holds no watermark back", async () => {
    const patient = pipeline("sides", (p) => {
      const hour = { allowedLateness: { hours: 1 } };
      const tenMinutes = fixedWindows({ minutes: 10 });
      const side = stream(p, "side").windowInto(tenMinutes, hour).asList();
      stream(p, "main")
        .filter(({ name }) => name !== "tick")
        .windowInto(tenMinutes, hour)
        .parDo(
          showing<Reading, readonly Reading[]>((main, names) => `${main.name}:${names.length}`),
          { sideInputs: { side } },
        )
        .write(out);
    });
    const mesh = new MemoryMesh(patient, { shards: 1, isVirtualOnly: true, startMs });
    const gateNow = async () =>
      (await mesh.status()).stages.find(({ stage }) => stage.startsWith("side-inputs"));
    const step = async (topic: string, ...readings: { data: string }[]): Promise<void> => {
      await mesh.publish(topic, readings);
      await mesh.run(mesh.clock.nowMs() + 5_000);
    };
    await mesh.launch();
    await step("side", reading(5, "s5"), reading(12, "s12"));
    await step("main", reading(6, "m6"), reading(80, "tick"));
    expect(namesIn(mesh)).toEqual(["m6:1"]);
    await step("main", reading(21, "late"));
    await step("main", reading(100, "tick"));
    expect(namesIn(mesh)).toEqual(["m6:1"]);
    expect((await gateNow())?.outputWatermark).toBe(startMs + 100 * minute);
    await step("side", reading(31, "s31"));
    expect(namesIn(mesh)).toEqual(["late:0", "m6:1"]);
    await mesh.stop();
  });

  test("waitOn lets elements go when the signal's window has closed", async () => {
    const waits = pipeline("sides", (p) => {
      stream(p, "main")
        .waitOn(stream(p, "side"))
        .map(({ name }) => name)
        .write(out);
    });
    const mesh = new MemoryMesh(waits, { shards: 2, isVirtualOnly: true, startMs });
    await mesh.launch();
    await mesh.publish("main", [reading(1, "m1"), reading(11, "m11")]);
    await mesh.publish("side", [reading(5, "s5")]);
    await mesh.run(mesh.clock.nowMs() + 5_000);
    expect(namesIn(mesh)).toEqual([]);
    await mesh.publish("side", [reading(12, "s12")]);
    await mesh.run(mesh.clock.nowMs() + 5_000);
    expect(namesIn(mesh)).toEqual(["m1"]);
    await mesh.stop();
  });
});

interface Letter {
  readonly element: unknown;
  readonly error: { readonly code: string; readonly message: string };
}

async function lettersOf(build: (p: Root) => PCollection<string>): Promise<Letter[]> {
  const run = await runInMemory(
    pipeline("sides", (p) => build(p).write(out)),
    { shards: 2 },
  );
  expect(texts(run)).toEqual([]);
  return run.messages<Letter>("tm-sides-dead-letters");
}

describe("what goes wrong sets the reading element aside", () => {
  const show = showing<number, unknown>((n, side) => `${n}${JSON.stringify(side)}`);

  test("an empty singleton without fallback", async () => {
    const [letter] = await lettersOf((p) =>
      p.create([1]).parDo(show, { sideInputs: { side: p.create<number>([]).asSingleton() } }),
    );
    expect(letter).toMatchObject({ element: 1, error: { code: "ERR_USER_CODE" } });
    expect(letter?.error.message).toContain('"side" is a singleton, but its window is empty');
  });

  test("a singleton of two", async () => {
    const [letter] = await lettersOf((p) =>
      p.create([1]).parDo(show, { sideInputs: { side: p.create([1, 2]).asSingleton() } }),
    );
    expect(letter?.error.message).toContain("more than one element");
  });

  test("a map with a key twice", async () => {
    const pairs = [kv("a", 1), kv("a", 2)];
    const [letter] = await lettersOf((p) =>
      p.create([1]).parDo(show, { sideInputs: { side: p.create(pairs).asMap() } }),
    );
    expect(letter?.error.message).toContain('two values for the key "a"');
  });

  test("a side input larger than a document names the transform, and nothing is lost", async () => {
    const letters = await lettersOf((p) => {
      const large = p.create(Array.from({ length: 12 }, (_, i) => `${i}${"x".repeat(100_000)}`));
      return p.create([1, 2]).parDo(show, { name: "Join", sideInputs: { side: large.asList() } });
    });
    const tooBig = letters.filter(({ error }) => error.code === "ERR_ELEMENT_TOO_BIG");
    expect(tooBig).toHaveLength(letters.length);
    expect(tooBig.every(({ error }) => /Join .*"side"/.test(error.message))).toBe(true);
    const main = letters.map(({ element }) => element).filter((e) => typeof e === "number");
    expect(main.sort()).toEqual([1, 2]);
    expect(letters.length).toBeGreaterThan(2);
  });
});

test("a windowed side input of a global main input is refused", async () => {
  const { compile } = await import("../../../../sdk/index.ts");
  const bad = pipeline("sides", (p) => {
    const side = p
      .create([1])
      .windowInto(fixedWindows(10))
      .combineGlobally(count(), { withoutDefaults: true });
    p.create([1])
      .parDo(
        showing<number, number>((n) => `${n}`),
        { sideInputs: { side: side.asSingleton() } },
      )
      .write(out);
  });
  expect(() => compile(bad)).toThrow(
    /its input is in the global window, but the side input "side"/,
  );
});

test("an undeclared side input or output is named", async () => {
  const letters = await lettersOf((p) =>
    p.create([1]).parDo({
      process: (_: number, context: ProcessContext<string, None, { readonly rate: number }>) =>
        context.output(`${context.sideInput("rate")}`),
    } as DoFn<number, string>),
  );
  expect(letters[0]?.error.message).toContain('it has no side input "rate"');
});
