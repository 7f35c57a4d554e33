/**
 * Side inputs: a PCollection as a value that a ParDo may read while it processes another.
 *
 * Owns: what a view is, and its nodes: elements → key null → groupByKey, whose panes go to every
 * shard of the stage that reads them. Does not own: waiting for a view (functions/sides/).
 *
 * A view holds all elements of its window so far: each pane of its grouping holds only what is new,
 * and is added. For a singleton and a map the newest pane of the side PCollection wins, so that a
 * triggered combine gives its latest value.
 *
 * @see https://beam.apache.org/documentation/programming-guide/#side-inputs
 */
import { anyCoder } from "../coders/json-coder.ts";
import { keyCoder } from "../coders/key-coder.ts";
import type { GraphBuilder } from "../graph-builder.ts";
import type { GraphNode } from "../model/graph.ts";
import { kv } from "../model/kv.ts";
import type { DoFn } from "./do-fn.ts";

declare const valueType: unique symbol;

/** How the elements of a window are seen. `signal`: not at all; only that the window has closed. */
export type ViewKind = "singleton" | "iterable" | "list" | "map" | "multimap" | "signal";

/** A view of a PCollection: what a ParDo reads as a value of type `V`. */
export interface SideInput<out V> {
  readonly kind: ViewKind;
  /** The groupByKey that gathers the elements of each window. */
  readonly view: GraphNode;
  /** What a singleton without element gives; undefined: reading it is an error. */
  readonly fallback: { readonly value: unknown } | undefined;
  /** Exists in types only. */
  readonly [valueType]?: () => V;
}

/** The side inputs of a ParDo, by name. */
export type SideInputs = Readonly<Record<string, SideInput<unknown>>>;

/** What each of the side inputs is read as. */
export type SideValues<Sides> = {
  readonly [K in keyof Sides]: Sides[K] extends SideInput<infer V> ? V : never;
};

/** A side input as the graph knows it. */
export interface NamedSideInput extends Omit<SideInput<unknown>, typeof valueType> {
  readonly name: string;
}

/** Adds the nodes of a view. */
export function addView(
  builder: GraphBuilder,
  input: GraphNode,
  kind: ViewKind,
  fallback: SideInput<unknown>["fallback"],
): SideInput<never> {
  const { bounded } = input;
  const base = {
    bounded,
    windowing: Object.freeze({ ...input.windowing, accumulation: "discarding" }),
  } as const;
  const view = builder.inUnnamedScope(`as ${kind}`, () => {
    const entries = builder.add(
      { kind: "parDo", fn: entryOf(kind), tags: [], sideInputs: [], inputs: [input], ...base },
      { fallback: "entries" },
    );
    return builder.add(
      { kind: "groupByKey", keyCoder, valueCoder: anyCoder, inputs: [entries], ...base },
      { fallback: "view" },
    );
  });
  return Object.freeze({ kind, view, fallback });
}

/** Singletons and maps carry the pane's index, by which the newest wins; a signal carries nothing. */
function entryOf(kind: ViewKind): DoFn<unknown, unknown> {
  if (kind === "signal") return { process: () => {} };
  if (kind !== "singleton" && kind !== "map") {
    return { process: (element, context) => context.output(kv(null, element)) };
  }
  return {
    process: (element, context) => context.output(kv(null, [context.pane.index, element])),
  };
}
