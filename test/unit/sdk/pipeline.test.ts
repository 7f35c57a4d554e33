import { expect, test } from "vitest";
import {
  count,
  files,
  fixedWindows,
  flatten,
  globalWindow,
  isPipeline,
  type PCollection,
  pipeline,
  pubsub,
  type Root,
} from "../../../sdk/index.ts";
import type { GraphNode } from "../../../sdk/model/graph.ts";
import { meshErrorOf } from "./errors.ts";

function nodesOf(build: (p: Root) => void): readonly GraphNode[] {
  return pipeline("test", build).graph.nodes;
}

function namesOf(build: (p: Root) => void): string[] {
  return nodesOf(build).map((node) => node.name);
}

test("a pipeline is frozen, and known as one", () => {
  const built = pipeline("test", (p) => p.create([1]).map((x) => x));
  expect(isPipeline(built)).toBe(true);
  expect(isPipeline({ name: "test", graph: built.graph })).toBe(false);
  expect(Object.isFrozen(built) && Object.isFrozen(built.graph.nodes)).toBe(true);
  for (const node of built.graph.nodes) {
    expect(Object.isFrozen(node) && Object.isFrozen(node.inputs)).toBe(true);
  }
});

test.each([
  ["Flight Delays!", '"flight-delays"'],
  ["2nd", '"nd"'],
  ["ends-", '"ends"'],
  ["…", '"my-pipeline"'],
])("the name %s is refused, with one that would do", (name, suggestion) => {
  const error = meshErrorOf(() => pipeline(name, () => {}));
  expect(error.code).toBe("ERR_PIPELINE");
  expect(error.message).toContain(`Try ${suggestion}`);
});

test("a builder that is asynchronous is refused", () => {
  const build = (async () => {}) as unknown as () => void;
  expect(meshErrorOf(() => pipeline("test", build)).message).toContain("asynchronous");
});

test("a pipeline that is built takes no more transforms", () => {
  let leaked: PCollection<number> | undefined;
  pipeline("test", (p) => {
    leaked = p.create([1]);
  });
  const error = meshErrorOf(() => leaked?.map((x) => x));
  expect(error.message).toMatch(/is built already; at .*pipeline\.test\.ts:\d+:\d+/);
});

test("a name that stands twice in a scope is refused, with both places", () => {
  const error = meshErrorOf(() =>
    pipeline("test", (p) => {
      const numbers = p.create([1]);
      numbers.map((x) => x, { name: "Same" });
      numbers.filter(() => true, { name: "Same" });
    }),
  );
  expect(error.code).toBe("ERR_DUPLICATE_NAME");
  expect(error.message.match(/pipeline\.test\.ts:\d+:\d+/g)).toHaveLength(2);
});

test("a name may stand again in another scope, and a scope only once", () => {
  const inner = (c: PCollection<number>): PCollection<number> => c.map((x) => x, { name: "Same" });
  const names = namesOf((p) => {
    const numbers = p.create([1]);
    inner(numbers);
    numbers.apply("A", inner);
    numbers.apply("B", (c) => c.apply("C", inner));
  });
  expect(names).toEqual(["create", "Same", "A/Same", "B/C/Same"]);
  const twice = meshErrorOf(() =>
    pipeline("test", (p) => {
      const numbers = p.create([1]);
      numbers.apply("A", inner);
      numbers.apply("A", inner);
    }),
  );
  expect(twice.code).toBe("ERR_DUPLICATE_NAME");
});

test.each(["", " ", "a/b"])("%j can't be a transform's name", (name) => {
  const error = meshErrorOf(() => pipeline("test", (p) => p.create([1], { name })));
  expect(error.code).toBe("ERR_PIPELINE");
});

test("a scope ends with its composite, also when that throws", () => {
  const names = namesOf((p) => {
    const numbers = p.create([1]);
    expect(() =>
      numbers.apply("A", () => {
        throw new Error("no");
      }),
    ).toThrow("no");
    numbers.map((x) => x);
  });
  expect(names).toEqual(["create", "map"]);
});

test("a named transform keeps its id when what is before it changes", () => {
  const ids = (build: (p: Root) => PCollection<number>): string | undefined =>
    nodesOf((p) => {
      build(p).map((x) => x, { name: "Kept" });
    }).at(-1)?.id;
  expect(ids((p) => p.create([1]))).toBe(ids((p) => p.create([1]).filter(() => true)));
});

test("a node knows the line of the author's file", () => {
  const [node] = nodesOf((p) => {
    p.create([1]);
  });
  expect(node?.place?.file).toMatch(/test\/unit\/sdk\/pipeline\.test\.ts$/);
});

test("the windowing goes on behind a combine, until the next windowInto", () => {
  const nodes = nodesOf((p) => {
    p.create([1])
      .keyBy((x) => x)
      .windowInto(fixedWindows({ hours: 1 }), { allowedLateness: { minutes: 10 } })
      .combinePerKey(count())
      .windowInto(fixedWindows({ days: 1 }));
  });
  expect(nodes.map((node) => node.windowing.windowFn)).toMatchObject([
    { kind: "global" },
    { kind: "global" },
    { sizeMs: 3_600_000 },
    { sizeMs: 3_600_000 },
    { sizeMs: 86_400_000 },
  ]);
});

test("what a second windowInto leaves out stays, and allowed lateness never shrinks", () => {
  const nodes = nodesOf((p) => {
    p.create([1])
      .windowInto(fixedWindows(10), { allowedLateness: 100, accumulation: "accumulating" })
      .windowInto(globalWindow(), { allowedLateness: 5, timestampCombiner: "latest" });
  });
  expect(nodes.at(-1)?.windowing).toEqual({
    windowFn: { kind: "global" },
    merging: "none",
    trigger: { kind: "default" },
    accumulation: "accumulating",
    allowedLatenessMs: 100,
    timestampCombiner: "latest",
    closing: "fireIfNonEmpty",
    onTime: "fireAlways",
  });
});

test("a flatten of bounded and unbounded is unbounded, and of nothing is an empty create", () => {
  const nodes = nodesOf((p) => {
    flatten(p.create([1]), p.read(pubsub.topic<number>("n")));
    p.flatten([]);
  });
  expect(nodes.at(-2)).toMatchObject({ kind: "flatten", bounded: false });
  expect(nodes.at(-1)).toMatchObject({ kind: "source", source: { elements: [] }, bounded: true });
});

test("the same PCollection twice in a flatten counts twice", () => {
  const nodes = nodesOf((p) => {
    const numbers = p.create([1]);
    numbers.flatten(numbers);
  });
  expect(nodes.at(-1)?.inputs).toEqual([nodes[0], nodes[0]]);
});

test("PCollections of two pipelines don't mix", () => {
  const error = meshErrorOf(() =>
    pipeline("outer", (p) => {
      pipeline("inner", (q) => {
        flatten(p.create([1]), q.create([2]));
      });
    }),
  );
  expect(error.code).toBe("ERR_PIPELINE");
  expect(error.message).toContain('"outer" and "inner"');
});

test("files behind a source of messages are written after a reshuffle, and only those", () => {
  const kinds = nodesOf((p) => {
    const messages = p.read(pubsub.topic<number>("n"));
    messages.write(files.ndjson("direct"));
    messages.reshuffle().map(String).write(files.ndjson("after-shuffle"));
    messages.write(pubsub.topic("copy"));
    p.create([1]).write(files.ndjson("bounded"));
  }).map((node) => node.kind);
  expect(kinds).toEqual([
    ...["source", "reshuffle", "sink"],
    ...["reshuffle", "map", "sink"],
    "sink",
    ...["source", "sink"],
  ]);
});

test("elements of create are taken when the pipeline is built", () => {
  const list = [1];
  const [node] = nodesOf((p) => {
    p.create(list);
    list.push(2);
  });
  expect(node).toMatchObject({ source: { elements: [1] } });
});
