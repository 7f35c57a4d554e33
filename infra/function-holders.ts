/**
 * Function holders: by way of what an author's functions may be called.
 *
 * Owns: who holds which functions, whom else it holds by its names, and what follows. Does not own:
 * finding that in a module's text (author-flow.ts).
 */
import type { NodeId } from "../sdk/model/graph.ts";
import type { AnyFunction, Binding } from "./author-names.ts";

/** Who holds functions: a declaration, or the call of a transform. */
export class Holder {
  readonly functions: AnyFunction[] = [];
  /** What it names, and so holds. */
  readonly named: Set<Binding> = new Set();
  /** Names of properties that are functions. */
  readonly keys: Set<string> = new Set();
  /** Names of properties that code which runs early asks `this` for. */
  readonly asked: Set<string> = new Set();
  /** What extends the class that it is. */
  readonly heirs: Set<Holder> = new Set();
  readonly nodes: readonly NodeId[];
  /** A pipeline gives access to all its transforms. */
  isPipeline = false;
  isClass = false;

  constructor(nodes: readonly NodeId[] = []) {
    this.nodes = nodes;
  }
}

/** All that hold functions of one module. */
export class Holders {
  /** What runs while the graph is built, and may hand on what it names: everyone holds it. */
  readonly common: Holder = new Holder();
  readonly #all: Holder[] = [this.common];
  readonly #handedOn = new Set<Holder>();
  readonly #declared = new Map<Binding, Holder[]>();
  readonly #bases: { readonly base: Binding; readonly heir: Holder }[] = [];

  /** `nodes`: those that the call of a transform made, if it is one. */
  add(nodes?: readonly NodeId[]): Holder {
    const holder = new Holder(nodes);
    this.#all.push(holder);
    return holder;
  }

  /** Notes that who names `binding` holds what `holder` holds. */
  declare(holder: Holder, binding: Binding | undefined): void {
    if (binding === undefined) return;
    const holders = this.#declared.get(binding) ?? [];
    holders.push(holder);
    this.#declared.set(binding, holders);
  }

  extend(base: Binding, heir: Holder): void {
    this.#bases.push({ base, heir });
  }

  /** Notes that an object of the holder's may be anywhere. */
  handOn(holder: Holder): void {
    this.#handedOn.add(holder);
  }

  /** Returns the functions that nothing calls but by way of transforms other than these nodes'. */
  foreignTo(isOwn: (node: NodeId) => boolean): AnyFunction[] {
    const own = this.#all.filter(({ nodes }) => nodes.some(isOwn));
    const held = this.#reach([this.common, ...this.#handedOn, ...own]);
    if ([...held].some(({ isPipeline }) => isPipeline)) return [];
    return this.#all.flatMap((holder) => (held.has(holder) ? [] : holder.functions));
  }

  /** To be called when all is noted: where classes extend others and objects hold what others have. */
  relate(): void {
    for (const { base, heir } of this.#bases) {
      const holders = this.#declared.get(base) ?? [];
      if (holders.length === 0 || !holders.every(({ isClass }) => isClass)) this.handOn(heir);
      for (const holder of holders) holder.heirs.add(heir);
    }
    for (const holder of this.#all) {
      if (holder.asked.size === 0) continue;
      const family = this.#reach([...withHeirs(holder)]);
      const isAsked = [...family].some(({ keys }) =>
        [...keys].some((key) => holder.asked.has(key)),
      );
      if (isAsked) this.handOn(holder);
    }
    for (const holder of this.#handedOn) {
      for (const heir of holder.heirs) this.#handedOn.add(heir);
    }
  }

  #reach(from: readonly Holder[]): Set<Holder> {
    const reached = new Set(from);
    for (const holder of reached) {
      for (const binding of holder.named) {
        for (const next of this.#declared.get(binding) ?? []) reached.add(next);
      }
    }
    return reached;
  }
}

function withHeirs(holder: Holder): Set<Holder> {
  const all = new Set([holder]);
  for (const each of all) {
    for (const heir of each.heirs) all.add(heir);
  }
  return all;
}
