/**
 * Dedup: source ids that a shard has already taken, within the retention.
 *
 * Owns: dropping elements that an ingest stage sent twice (a message delivered again, to another
 * instance). Does not own: bundles delivered twice (received.ts).
 *
 * Q1. An id that was added is known for `retentionMs` of processing time, as in Beam's Pub/Sub
 *     reader.
 */
import type { ShardState } from "./state.ts";

/** Source ids that a shard has already taken. */
export class Dedup {
  readonly #state: ShardState;
  readonly #retentionMs: number;
  readonly #known = new Set<string>();
  /** By entry: when it was added, and its ids. */
  readonly #groups = new Map<string, { readonly atMs: number; readonly ids: readonly string[] }>();
  #added: string[] = [];
  #nextGroup = 0;

  constructor(state: ShardState, retentionMs: number) {
    this.#state = state;
    this.#retentionMs = retentionMs;
    for (const [id, number, text] of groupsOf(state)) {
      const [atMs, ids] = JSON.parse(text) as [number, string[]];
      this.#groups.set(id, { atMs, ids });
      this.#nextGroup = number + 1;
      for (const known of ids) this.#known.add(known);
    }
  }

  /** Adds an id; returns false if it was known. */
  add(id: string): boolean {
    if (this.#known.has(id)) return false;
    this.#known.add(id);
    this.#added.push(id);
    return true;
  }

  /** Writes what was added into the state, and forgets what is older than the retention. */
  settle(nowMs: number): void {
    for (const [entry, group] of this.#groups) {
      if (group.atMs > nowMs - this.#retentionMs) break;
      for (const id of group.ids) this.#known.delete(id);
      this.#groups.delete(entry);
      this.#state.delete(entry);
    }
    if (this.#added.length === 0) return;
    const entry = `d ${(this.#nextGroup++).toString(36)}`;
    this.#groups.set(entry, { atMs: nowMs, ids: this.#added });
    this.#state.put(entry, JSON.stringify([nowMs, this.#added]));
    this.#added = [];
  }
}

/** The stored groups, oldest first: the state gives its entries in any order. */
function groupsOf(state: ShardState): [id: string, number: number, text: string][] {
  const groups: [string, number, string][] = [];
  for (const [id, text] of state.entries()) {
    if (id.startsWith("d ")) groups.push([id, Number.parseInt(id.slice(2), 36), text]);
  }
  return groups.sort((a, b) => a[1] - b[1]);
}
