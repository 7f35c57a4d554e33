/**
 * GraphBuilder: collects what an author applies, and gives each node its name and its id.
 *
 * Owns: scopes, names, ids and the order of nodes. Does not own: what each transform means
 * (pcollection.ts, transforms/).
 *
 * B1. An id depends on the node's own lineage only (scope, inputs, and which of several like it on
 *     the same inputs it is), or on its path of names if the author named it. So a transform that is
 *     added elsewhere changes no id.
 * B2. In a scope each name that the author gave stands once.
 * B3. After `finish` nothing can be added: what a function runs is what was compiled.
 */
import { assert } from "./model/assert.ts";
import { MeshError } from "./model/errors.ts";
import type { GraphNode, NodeId, PipelineGraph, Place } from "./model/graph.ts";
import { callerPlace, formatPlace } from "./model/place.ts";
import { textHash } from "./model/text-hash.ts";

type WithoutIdentity<N> = N extends GraphNode ? Omit<N, "id" | "name" | "place"> : never;

/** A node that has no name and id yet. */
export type NodeDraft = WithoutIdentity<GraphNode>;

/** How a node is called. */
export interface NodeLabel {
  /** What the author called it. */
  readonly name?: string | undefined;
  /** What it is called where the author said nothing. */
  readonly fallback: string;
  /** Stands for the inputs in the id of a node that has none of its own. */
  readonly lineage?: NodeId;
}

/** Options of every transform. */
export interface TransformOptions {
  /** Shown in plans; also keeps the transform's id, and so its state, when the pipeline changes. */
  readonly name?: string;
}

/** Collects the nodes of one pipeline. */
export class GraphBuilder {
  readonly pipeline: string;
  readonly #nodes: GraphNode[] = [];
  readonly #named = new Map<string, Place | undefined>();
  readonly #likeCounts = new Map<string, number>();
  readonly #ids = new Set<NodeId>();
  #scope = "";
  #finished = false;

  constructor(pipeline: string) {
    this.pipeline = pipeline;
  }

  /**
   * Adds a node.
   *
   * @throws ERR_DUPLICATE_NAME if the author has used the name in this scope already
   * @throws ERR_PIPELINE if the name can't be one, or the pipeline is built already
   */
  add(draft: NodeDraft, label: NodeLabel): GraphNode {
    const place = callerPlace();
    this.#requireOpen(place);
    const { name, fallback } = label;
    if (name !== undefined) this.#claim(name, place);
    const path = this.#scope + (name ?? fallback);
    const id = name === undefined ? this.#lineageId(draft, label) : path;
    assert(!this.#ids.has(id), `two nodes have the id ${id}`);
    this.#ids.add(id);
    // A draft of each kind plus these three is a node of that kind, which a spread can't show.
    const inputs = Object.freeze([...draft.inputs]);
    const node = Object.freeze({ ...draft, inputs, id, name: path, place }) as GraphNode;
    this.#nodes.push(node);
    return node;
  }

  /** Returns whether a node is one of this pipeline. */
  has(node: GraphNode): boolean {
    return this.#nodes.includes(node);
  }

  /** Runs `fn` with all names inside of `name`, which must be new in the scope around it. */
  inScope<R>(name: string, fn: () => R): R {
    const place = callerPlace();
    this.#requireOpen(place);
    this.#claim(name, place);
    return this.#within(name, fn);
  }

  /** Runs `fn` with all shown names inside of `fallback`, which may stand more than once. */
  inUnnamedScope<R>(fallback: string, fn: () => R): R {
    return this.#within(fallback, fn);
  }

  /** Ends the building and returns the graph. */
  finish(): PipelineGraph {
    this.#finished = true;
    return Object.freeze({ name: this.pipeline, nodes: Object.freeze(this.#nodes) });
  }

  #within<R>(name: string, fn: () => R): R {
    const outer = this.#scope;
    this.#scope = `${outer}${name}/`;
    try {
      return fn();
    } finally {
      this.#scope = outer;
    }
  }

  #requireOpen(place: Place | undefined): void {
    if (!this.#finished) return;
    throw new MeshError(
      "ERR_PIPELINE",
      `The pipeline "${this.pipeline}" is built already; at ${formatPlace(place)} a transform is added to it. Apply everything inside of the function that pipeline() runs, and not in a callback that runs later.`,
    );
  }

  #claim(name: string, place: Place | undefined): void {
    if (name.trim() === "" || name.includes("/")) {
      throw new MeshError(
        "ERR_PIPELINE",
        `At ${formatPlace(place)}: ${JSON.stringify(name)} can't be a name. Give some text without "/", which separates scopes.`,
      );
    }
    const path = this.#scope + name;
    if (this.#named.has(path)) {
      throw new MeshError(
        "ERR_DUPLICATE_NAME",
        `Two transforms are named "${path}": at ${formatPlace(this.#named.get(path))} and at ${formatPlace(place)}. Give one of them another name, or put each into its own apply("Name", …).`,
      );
    }
    this.#named.set(path, place);
  }

  #lineageId(draft: NodeDraft, { fallback, lineage }: NodeLabel): NodeId {
    const inputs = draft.inputs.map((input) => input.id);
    const like = JSON.stringify([this.#scope, fallback, inputs, lineage ?? ""]);
    const count = (this.#likeCounts.get(like) ?? 0) + 1;
    this.#likeCounts.set(like, count);
    return `${fallback}~${textHash(`${like}${count}`).slice(0, 12)}`;
  }
}
