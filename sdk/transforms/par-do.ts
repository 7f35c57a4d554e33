/**
 * parDo: a DoFn, what it waits for and where its outputs go.
 *
 *     input ─▶ awaitSideInputs ─▶ parDo ─▶ taggedOutput, one for each tag
 *     views ────────┘
 *
 * Both steps around the ParDo are left out where it has no side inputs or no tags.
 */
import { anyCoder } from "../coders/json-coder.ts";
import type { GraphBuilder, TransformOptions } from "../graph-builder.ts";
import { MeshError } from "../model/errors.ts";
import type { GraphNode } from "../model/graph.ts";
import { callerPlace, formatPlace } from "../model/place.ts";
import type { PCollection } from "../pcollection.ts";
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

/**
 * Adds the nodes of a ParDo.
 *
 * @throws ERR_PIPELINE if a side input belongs to another pipeline
 * @throws ERR_OPTION if tags lack `main`
 */
export function addParDo(
  builder: GraphBuilder,
  input: GraphNode,
  fn: DoFn<unknown, unknown>,
  { name, sideInputs = {}, outputs }: ParDoOptions<SideInputs> & { outputs?: OutputTags },
): ParDoOutputs {
  const { windowing, bounded } = input;
  const base = { windowing, bounded } as const;
  const sides = namedSides(builder, sideInputs);
  const tags = outputs === undefined ? [] : tagNames(outputs);
  const from =
    sides.length === 0
      ? input
      : builder.add(
          {
            kind: "awaitSideInputs",
            sideInputs: sides,
            valueCoder: anyCoder,
            inputs: [input, ...sides.map(({ view }) => view)],
            ...base,
          },
          { fallback: `side inputs of ${name ?? "parDo"}` },
        );
  const node = builder.add(
    { kind: "parDo", fn, tags, sideInputs: sides, inputs: [from], ...base },
    { name, fallback: "parDo" },
  );
  if (tags.length === 0) return node;
  const outputOf = (tag: string): GraphNode =>
    builder.add(
      { kind: "taggedOutput", tag, inputs: [node], ...base },
      { fallback: `${name ?? "parDo"}.${tag}` },
    );
  return Object.fromEntries(tags.map((tag) => [tag, outputOf(tag)]));
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
