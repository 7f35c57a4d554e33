/**
 * combineGlobally: one fold over everything in a window, out of transforms that are there already.
 *
 *     input ─▶ key null, wrapped ─▶ flatten ─▶ combinePerKey ─▶ the value
 *     create([marker]) ────────────────┘
 *
 * Owns: the marker. An input travels as `[input]` and the marker as `[]`: it makes the one key exist
 * even without input, and the wrapping CombineFn adds nothing for it. So the empty fold is emitted
 * once, as Beam does.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Combine.html
 */
import type { GraphBuilder } from "../graph-builder.ts";
import { MeshError } from "../model/errors.ts";
import type { AnyKV, GraphNode } from "../model/graph.ts";
import { kv } from "../model/kv.ts";
import { callerPlace, formatPlace } from "../model/place.ts";
import { MIN_TIMESTAMP } from "../model/time.ts";
import { GLOBAL_WINDOW, maxTimestamp } from "../model/window.ts";
import { DEFAULT_WINDOWING, groupedWindowing } from "../windowing/windowing-strategy.ts";
import { addCombinePerKey } from "./combine-fanout.ts";
import { type CombineFn, delegating } from "./combine-fn.ts";

type AnyCombineFn = CombineFn<unknown, unknown, unknown>;

/** What a combineGlobally folds by, and how. */
interface GlobalCombine {
  readonly fn: AnyCombineFn;
  readonly withDefault: boolean;
  readonly fanout: number | undefined;
}

/**
 * Adds the nodes of a combineGlobally.
 *
 * @throws ERR_PIPELINE if defaults are wanted where there is no one window to put them in
 * @throws ERR_OPTION if `fanout` is no whole number ≥ 1
 */
export function addCombineGlobally(
  builder: GraphBuilder,
  input: GraphNode,
  { fn, withDefault, fanout }: GlobalCombine,
): GraphNode {
  if (withDefault) requireDefault(input);
  const { windowing, bounded } = input;
  const grouped = { windowing: groupedWindowing(windowing), bounded } as const;
  const keyed = builder.add(
    { kind: "map", fn: (element) => kv(null, [element]), inputs: [input], windowing, bounded },
    { fallback: "key" },
  );
  const combined = addCombinePerKey(
    builder,
    withDefault ? addMarker(builder, keyed) : keyed,
    { fallback: "combinePerKey" },
    { fn: unwrapping(fn), fanout },
  );
  return builder.add(
    { kind: "map", fn: (pane) => (pane as AnyKV).value, inputs: [combined], ...grouped },
    { fallback: "values" },
  );
}

function requireDefault({ windowing, bounded }: GraphNode): void {
  const global = windowing.windowFn.kind === "global";
  const waits = windowing.trigger.kind === "default";
  if (global && bounded && waits) return;
  const why = !global
    ? "its input is not in the global window, so that an empty window does not even exist"
    : bounded
      ? "its trigger may fire before all is there, so that it is not known to be empty"
      : "its input is unbounded, so that it is never known to be empty";
  throw new MeshError(
    "ERR_PIPELINE",
    `combineGlobally at ${formatPlace(callerPlace())} can't emit a default: ${why}. Give it { withoutDefaults: true }; then it emits nothing where there is no element.`,
  );
}

function addMarker(builder: GraphBuilder, keyed: GraphNode): GraphNode {
  const { windowing } = keyed;
  // The marker must not show in the pane's timestamp: it stands last where the earliest counts.
  const at =
    windowing.timestampCombiner === "earliest" ? maxTimestamp(GLOBAL_WINDOW) : MIN_TIMESTAMP;
  const created = builder.add(
    {
      kind: "source",
      source: Object.freeze({
        type: "create",
        elements: Object.freeze([kv(null, [])]),
        timestamp: () => at,
      }),
      inputs: [],
      windowing: DEFAULT_WINDOWING,
      bounded: true,
    },
    { fallback: "default", lineage: keyed.id },
  );
  const marker = builder.add(
    { kind: "windowInto", inputs: [created], windowing, bounded: true },
    { fallback: "windowInto" },
  );
  return builder.add(
    { kind: "flatten", inputs: [keyed, marker], windowing, bounded: true },
    { fallback: "flatten" },
  );
}

function unwrapping(fn: AnyCombineFn): AnyCombineFn {
  return {
    ...delegating(fn),
    addInput(accumulator, wrapped) {
      const list = wrapped as readonly unknown[];
      return list.length === 0 ? accumulator : fn.addInput(accumulator, list[0]);
    },
  };
}
