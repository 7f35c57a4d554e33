/**
 * parDo: a DoFn, what it waits for and where its outputs go.
 *
 *     input ─▶ awaitSideInputs ─▶ parDo ─▶ taggedOutput, one for each tag
 *     views ────────┘
 *
 * Both steps around the ParDo are left out where it has no side inputs or no tags. A stateful ParDo
 * begins a stage, and waits for its side inputs itself.
 */
import { anyCoder } from "../coders/json-coder.ts";
import { keyCoder } from "../coders/key-coder.ts";
import type { GraphBuilder, TransformOptions } from "../graph-builder.ts";
import { MeshError } from "../model/errors.ts";
import type { AnyKV, GraphNode } from "../model/graph.ts";
import { callerPlace, formatPlace } from "../model/place.ts";
import type { PCollection } from "../pcollection.ts";
import { isStateful, type StatefulDoFn } from "../state/stateful-do-fn.ts";
import type { DoFn } from "./do-fn.ts";
import type { NamedSideInput, SideInputs } from "./side-input.ts";
import { type OutputTags, type TagValues, tagNames } from "./tagged-outputs.ts";

/** What a ParDo may say beside its DoFn. */
export interface ParDoOptions<Sides extends SideInputs> extends TransformOptions {
  /** What the DoFn reads beside its input, by name: `context.sideInput(name)`. */
  readonly sideInputs?: Sides;
}

/** The outputs of a ParDo with tags, by tag. */
export type TaggedOutputs<Tags> = {
  readonly [K in keyof Tags]: PCollection<TagValues<Tags>[K]>;
};

/** What a ParDo gave: its outputs by tag, or one output. */
export type ParDoOutputs = GraphNode | Readonly<Record<string, GraphNode>>;

/** What is applied: a DoFn, or one with state. */
type AnyDoFn = DoFn<unknown, unknown> | StatefulDoFn<AnyKV, unknown>;

/**
 * Adds the nodes of a ParDo.
 *
 * @throws ERR_PIPELINE if a side input belongs to another pipeline
 * @throws ERR_OPTION if tags lack `main`
 */
export function addParDo(
  builder: GraphBuilder,
  input: GraphNode,
  fn: AnyDoFn,
  { name, sideInputs = {}, outputs }: ParDoOptions<SideInputs> & { outputs?: OutputTags },
): ParDoOutputs {
  const { windowing, bounded } = input;
  const sides = namedSides(builder, sideInputs);
  const tags = outputs === undefined ? [] : tagNames(outputs);
  const base = { windowing, bounded, tags, sideInputs: sides } as const;
  const label = { name, fallback: "parDo" };
  const node = isStateful(fn)
    ? builder.add(
        {
          kind: "statefulParDo",
          fn,
          keyCoder,
          valueCoder: anyCoder,
          inputs: [input, ...sides.map(({ view }) => view)],
          ...base,
        },
        label,
      )
    : builder.add(
        { kind: "parDo", fn, inputs: [awaited(builder, input, sides, name)], ...base },
        label,
      );
  if (tags.length === 0) return node;
  const outputOf = (tag: string): GraphNode =>
    builder.add(
      { kind: "taggedOutput", tag, inputs: [node], windowing, bounded },
      { fallback: `${name ?? "parDo"}.${tag}` },
    );
  return Object.fromEntries(tags.map((tag) => [tag, outputOf(tag)]));
}

/** The input, once its side inputs are there: a stateful ParDo waits for its own. */
function awaited(
  builder: GraphBuilder,
  input: GraphNode,
  sides: readonly NamedSideInput[],
  name: string | undefined,
): GraphNode {
  if (sides.length === 0) return input;
  const { windowing, bounded } = input;
  const inputs = [input, ...sides.map(({ view }) => view)];
  return builder.add(
    {
      kind: "awaitSideInputs",
      sideInputs: sides,
      valueCoder: anyCoder,
      inputs,
      windowing,
      bounded,
    },
    { fallback: `side inputs of ${name ?? "parDo"}` },
  );
}

function namedSides(builder: GraphBuilder, sides: SideInputs): readonly NamedSideInput[] {
  return Object.entries(sides).map(([name, { kind, view, fallback }]) => {
    if (builder.has(view)) return Object.freeze({ name, kind, view, fallback });
    throw new MeshError(
      "ERR_PIPELINE",
      `parDo at ${formatPlace(callerPlace())}: the side input "${name}" belongs to another pipeline. Let one write a topic that the other reads.`,
    );
  });
}
