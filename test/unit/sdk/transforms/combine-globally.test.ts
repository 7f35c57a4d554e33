import { expect, test } from "vitest";
import {
  type CombineFn,
  distinctCount,
  fixedWindows,
  type PCollection,
  pipeline,
  pubsub,
  type Root,
  sum,
} from "../../../../sdk/index.ts";
import type { AnyKV, CombinePerKeyNode, GraphNode } from "../../../../sdk/model/graph.ts";
import { GLOBAL_WINDOW, maxTimestamp } from "../../../../sdk/model/window.ts";
import { meshErrorOf } from "../errors.ts";

function nodesOf(build: (p: Root) => PCollection<unknown>): readonly GraphNode[] {
  return pipeline("test", (p) => {
    build(p);
  }).graph.nodes;
}

function combineOf(nodes: readonly GraphNode[]): CombinePerKeyNode {
  const node = nodes.find(({ kind }) => kind === "combinePerKey");
  return node as CombinePerKeyNode;
}

/** What reaches the combine from the marker's create. */
function markerOf(nodes: readonly GraphNode[]): unknown {
  const node = nodes.find(({ name }) => name === "combineGlobally/default");
  if (node?.kind !== "source" || node.source.type !== "create") return undefined;
  return node.source.elements[0];
}

function fold(fn: CombineFn<unknown, unknown, unknown>, inputs: readonly unknown[]): unknown {
  const all = inputs.reduce((a, input) => fn.addInput(a, input), fn.createAccumulator());
  return fn.extractOutput(fn.mergeAccumulators(fn.createAccumulator(), all));
}

test("without elements the marker alone gives the identity", () => {
  const nodes = nodesOf((p) => p.create<number>([]).combineGlobally(sum()));
  const marker = markerOf(nodes) as AnyKV;
  expect(fold(combineOf(nodes).fn, [marker.value])).toBe(0);
});

test("with elements the marker adds nothing", () => {
  const nodes = nodesOf((p) => p.create([1, 2]).combineGlobally(sum()));
  const key = nodes.find(({ name }) => name === "combineGlobally/key");
  const pairs = [1, 2].map((x) => (key?.kind === "map" ? (key.fn(x) as AnyKV) : undefined));
  const inputs = [markerOf(nodes) as AnyKV, ...pairs].map((pair) => pair?.value);
  expect(fold(combineOf(nodes).fn, inputs)).toBe(3);
});

test("the marker is windowed as the input, and never the earliest or latest element", () => {
  const markerTime = (timestampCombiner: "earliest" | "latest"): unknown => {
    const nodes = nodesOf((p) =>
      p.create([1]).windowInto({ kind: "global" }, { timestampCombiner }).combineGlobally(sum()),
    );
    const flattened = combineOf(nodes).inputs[0];
    for (const input of flattened?.inputs ?? []) {
      expect(input.windowing).toEqual(flattened?.windowing);
    }
    const node = nodes.find(({ name }) => name === "combineGlobally/default");
    return node?.kind === "source" && node.source.type === "create"
      ? node.source.timestamp?.(undefined)
      : undefined;
  };
  expect(markerTime("earliest")).toBe(maxTimestamp(GLOBAL_WINDOW));
  expect(markerTime("latest")).toBe(-8.64e15);
});

test("a default is refused where there is no one window for it", () => {
  const unbounded = meshErrorOf(() =>
    nodesOf((p) => p.read(pubsub.topic<number>("n")).combineGlobally(sum())),
  );
  const windowed = meshErrorOf(() =>
    nodesOf((p) => p.create([1]).windowInto(fixedWindows(10)).combineGlobally(sum())),
  );
  for (const error of [unbounded, windowed]) {
    expect(error.code).toBe("ERR_PIPELINE");
    expect(error.message).toContain("{ withoutDefaults: true }");
    expect(error.message).toMatch(/combine-globally\.test\.ts:\d+:\d+/);
  }
});

test("withoutDefaults leaves the marker out", () => {
  const nodes = nodesOf((p) =>
    p
      .read(pubsub.topic<number>("n"))
      .windowInto(fixedWindows(10))
      .combineGlobally({ kinds: distinctCount() }, { withoutDefaults: true, name: "All" }),
  );
  expect(nodes.map((node) => node.name).slice(2)).toEqual([
    "All/key",
    "All/combinePerKey",
    "All/values",
  ]);
});
