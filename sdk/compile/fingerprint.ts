/**
 * Fingerprints: what an update must not change under a stage's stored state.
 *
 * Owns: which properties of a stage its state depends on, by name. Does not own: comparing them
 * (compatibility.ts). The number of shards is not one of them: state is moved.
 *
 * F1. Equal data gives an equal hash: fields are sorted, and a field that is undefined is no field.
 */
import type { Json } from "../coders/coder.ts";
import type { SourceSpec } from "../io/source-spec.ts";
import {
  type GraphNode,
  type ShuffleNode,
  type StatefulParDoNode,
  sideInputsOf,
} from "../model/graph.ts";
import { textHash } from "../model/text-hash.ts";

/** Returns JSON with sorted fields, for data that is compared or hashed. */
export function canonicalJson(data: unknown): string {
  return JSON.stringify(data, (_, part: unknown) => {
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** Returns the hash of any plain data. */
export function hashOf(data: unknown): string {
  return textHash(canonicalJson(data));
}

/** What the state of a stage depends on, by name. */
export type StageSignature = Readonly<Record<string, Json>>;

/** Returns what the state of the stage that `root` begins depends on: plain JSON. */
export function signatureOf(root: GraphNode): StageSignature {
  return JSON.parse(canonicalJson(stateOf(root))) as StageSignature;
}

function stateOf(root: GraphNode): object {
  switch (root.kind) {
    case "source":
      return originOf(root.source);
    case "groupByKey":
      return { ...shuffleOf(root), key: root.keyCoder.name, value: root.valueCoder.name };
    case "combinePerKey":
      return {
        ...shuffleOf(root),
        key: root.keyCoder.name,
        accumulator: root.accumulatorCoder.name,
        combine: root.fn.name,
      };
    case "readEach":
      return { kind: root.kind, value: root.valueCoder.name, read: root.fn.name };
    case "statefulParDo":
      return {
        ...shuffleOf(root),
        key: root.keyCoder.name,
        value: root.valueCoder.name,
        ...declaredBy(root.fn),
        ...(root.sideInputs.length > 0 && { sides: sidesOf(root) }),
      };
    case "reshuffle":
      return { kind: root.kind, value: root.valueCoder.name };
    case "awaitSideInputs":
      return {
        kind: root.kind,
        value: root.valueCoder.name,
        sides: sidesOf(root),
      };
    default:
      return { kind: root.kind };
  }
}

/** State and timers are stored by name, and in a form that follows from their kind. */
function declaredBy({ state, timers, code }: StatefulParDoNode["fn"]): object {
  return {
    state: mapValues(state, (spec) => ({
      kind: spec.kind,
      coder: spec.kind === "set" ? undefined : spec.coder.name,
      combine: spec.kind === "combining" ? spec.fn.name : undefined,
    })),
    timers: mapValues(timers, ({ kind, domain }) => ({ kind, domain })),
    sorted: code.requiresTimeSortedInput === true,
  };
}

function mapValues<V>(record: Readonly<Record<string, V>>, fn: (value: V) => object): object {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, fn(value)]));
}

function sidesOf(root: ShuffleNode): object {
  return sideInputsOf(root).map(({ name, kind, view }) => [name, kind, view.windowing]);
}

function shuffleOf(root: GraphNode): object {
  return { kind: root.kind, windowing: root.inputs.map((input) => input.windowing) };
}

function originOf(source: SourceSpec): object {
  if (source.type === "file") {
    return { type: source.type, format: source.format, path: source.path };
  }
  if (source.type === "pubsub") {
    return { type: source.type, topic: source.topic, subscription: source.subscription };
  }
  if (source.type === "splittable") return { type: source.type, read: source.fn.name };
  if (source.type === "test") {
    return { type: source.type, name: source.name, tag: source.tag };
  }
  return { type: source.type, elements: source.elements.length };
}
