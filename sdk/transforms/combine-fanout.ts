/**
 * Combine with fan-out: a hot key is folded in parts, on several shards, before the parts are merged.
 *
 *     input ─▶ spread ─▶ combinePerKey (parts) ─▶ strip ─▶ combinePerKey
 *        └───▶ whole (keys that are not hot) ────────┘
 *
 * Owns: the nodes of `combinePerKey`, with and without fan-out, and how elements are spread. Behind
 * the parts travel accumulators, and the last combine merges them.
 *
 * HF1. The parts are discarding, whatever the author's mode is: what one pane has handed on must not
 *      be handed on again. The last combine has the author's windowing as it is.
 *      Where windows merge, both merge: parts are told apart by their elements alone.
 * HF2. Before the first shuffle of messages the part follows from the element alone: a message that
 *      comes again must meet the shard that knows it.
 *
 * @see https://beam.apache.org/releases/javadoc/current/org/apache/beam/sdk/transforms/Combine.PerKey.html
 */
import { anyCoder } from "../coders/json-coder.ts";
import { keyCoder } from "../coders/key-coder.ts";
import type { GraphBuilder, NodeLabel } from "../graph-builder.ts";
import { MeshError } from "../model/errors.ts";
import { type AnyKV, type GraphNode, runsInIngest } from "../model/graph.ts";
import { type KV, kv } from "../model/kv.ts";
import { groupedWindowing, type WindowingStrategy } from "../windowing/windowing-strategy.ts";
import { type CombineFn, delegating } from "./combine-fn.ts";
import type { DoFn } from "./do-fn.ts";
import { isPartCount, partOf } from "./parts.ts";

/**
 * Into how many parts a key is folded: a whole number ≥ 1, or a function that gives it for each key
 * and always the same. 1 stands for "not hot".
 */
export type Fanout<K> = number | ((key: K) => number);

type AnyCombineFn = CombineFn<unknown, unknown, unknown>;

/** What a combine folds by. */
interface KeyedCombine {
  readonly fn: AnyCombineFn;
  readonly fanout: Fanout<unknown> | undefined;
}

/**
 * Adds the nodes of a combinePerKey.
 *
 * @throws ERR_OPTION if `fanout` is a number and no whole one ≥ 1
 */
export function addCombinePerKey(
  builder: GraphBuilder,
  input: GraphNode,
  label: NodeLabel,
  { fn, fanout = 1 }: KeyedCombine,
): GraphNode {
  if (typeof fanout === "number" && !isPartCount(fanout)) {
    throw new MeshError(
      "ERR_OPTION",
      `combine: fanout must be a whole number of at least 1, not ${fanout}.`,
    );
  }
  if (fanout === 1) return builder.add(combineDraft(input, fn), label);
  const { name, fallback } = label;
  if (name === undefined) {
    const lineage = (part: string): NodeLabel => ({ fallback: part });
    return builder.inUnnamedScope(fallback, () => addFanout(builder, input, fn, fanout, lineage));
  }
  // In the author's scope names of their own keep the state when the pipeline around it changes.
  const named = (part: string): NodeLabel => ({ name: part, fallback: part });
  return builder.inScope(name, () => addFanout(builder, input, fn, fanout, named));
}

function combineDraft(input: GraphNode, fn: AnyCombineFn) {
  const { bounded } = input;
  const windowing = groupedWindowing(input.windowing);
  const accumulatorCoder = fn.accumulatorCoder ?? anyCoder;
  const kind = "combinePerKey";
  return { kind, fn, keyCoder, accumulatorCoder, inputs: [input], windowing, bounded } as const;
}

function addFanout(
  builder: GraphBuilder,
  input: GraphNode,
  fn: AnyCombineFn,
  fanout: Fanout<unknown>,
  labelOf: (part: string) => NodeLabel,
): GraphNode {
  const { windowing, bounded } = input;
  const perKey = typeof fanout === "number" ? undefined : addCounts(builder, input, fanout);
  const from = perKey ?? input;
  const spread = builder.add(
    {
      kind: "parDo",
      fn: spreading(runsInIngest(input), typeof fanout === "number" ? fanout : undefined),
      tags: [],
      sideInputs: [],
      inputs: [from],
      windowing: partsWindowing(windowing),
      bounded,
    },
    { fallback: "spread" },
  );
  const parts = builder.add(combineDraft(spread, partsOf(fn)), labelOf("parts"));
  const stripped = builder.add(
    { kind: "map", fn: strip, inputs: [parts], windowing, bounded },
    { fallback: "strip" },
  );
  const inputs = perKey === undefined ? [stripped] : [stripped, addWhole(builder, perKey, fn)];
  const merged =
    inputs.length === 1
      ? stripped
      : builder.add({ kind: "flatten", inputs, windowing, bounded }, { fallback: "flatten" });
  return builder.add(combineDraft(merged, merging(fn)), labelOf("merge"));
}

/** HF1. Nor does a part that is empty say anything. */
function partsWindowing(windowing: WindowingStrategy): WindowingStrategy {
  return Object.freeze({
    ...windowing,
    accumulation: "discarding",
    closing: "fireIfNonEmpty",
    onTime: "fireIfNonEmpty",
  });
}

/** A pair with the fan-out of its key, which is asked for once. */
interface Counted {
  readonly pair: AnyKV;
  readonly fanout: number;
}

function addCounts(
  builder: GraphBuilder,
  input: GraphNode,
  fanout: (key: unknown) => number,
): GraphNode {
  const { windowing, bounded } = input;
  const fn = (pair: unknown): Counted => {
    const parts = fanout((pair as AnyKV).key);
    if (!isPartCount(parts)) throw new RangeError(`fanout gave ${parts}; give a whole number ≥ 1.`);
    return { pair: pair as AnyKV, fanout: parts };
  };
  return builder.add(
    { kind: "map", fn, inputs: [input], windowing, bounded },
    { fallback: "count" },
  );
}

/** Elements of keys that are not hot, as accumulators of their own. */
function addWhole(builder: GraphBuilder, counted: GraphNode, fn: AnyCombineFn): GraphNode {
  const { windowing, bounded } = counted;
  const whole = (element: unknown): readonly AnyKV[] => {
    const { pair, fanout } = element as Counted;
    return fanout > 1 ? [] : [kv(pair.key, fn.addInput(fn.createAccumulator(), pair.value))];
  };
  return builder.add(
    { kind: "flatMap", fn: whole, inputs: [counted], windowing, bounded },
    { fallback: "whole" },
  );
}

/**
 * Gives each element a part of its key. A bundle takes one part at a time, for it is folded before
 * the shuffle; messages, which are not, go by their content (HF2).
 */
function spreading(isIngest: boolean, fanout: number | undefined): DoFn<unknown, unknown> {
  let turn = 0;
  return {
    startBundle() {
      turn = Math.random();
    },
    process(element, context) {
      const { pair, fanout: parts } =
        fanout === undefined ? (element as Counted) : { pair: element as AnyKV, fanout };
      if (parts === 1) return;
      const part = isIngest
        ? partOf(context.timestamp, pair.value, parts)
        : Math.floor(turn * parts);
      context.output(kv([pair.key, part], pair.value));
    },
  };
}

function strip(element: unknown): AnyKV {
  const { key, value } = element as KV<readonly [unknown, number], unknown>;
  return kv(key[0], value);
}

/** The fold whose output is the accumulator itself. */
function partsOf(fn: AnyCombineFn): AnyCombineFn {
  return {
    ...delegating(fn),
    name: `${fn.name} (parts)`,
    extractOutput: (accumulator) => accumulator,
  };
}

/** The fold whose inputs are accumulators. */
function merging(fn: AnyCombineFn): AnyCombineFn {
  return {
    ...delegating(fn),
    addInput: (accumulator, part) => fn.mergeAccumulators(accumulator, part),
  };
}
