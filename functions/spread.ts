/**
 * Spread: a bundle for a stage that had other shards → messages to the shards of today.
 *
 * Owns: which of a bundle's elements go where. Does not own: which bundles need it (fence.ts).
 *
 * SP1. An element goes to the shard to which the shuffle would have sent it: by its key, or by its
 *      source id where it has none.
 */
import { hashKey } from "../sdk/coders/key-coder.ts";
import type { Envelope, WindowColumns } from "./envelope.ts";
import type { SelfMessage } from "./gathered.ts";

/** Returns an envelope's elements as messages to the shards of the stage that they belong to. */
export function spread({ body, minTime }: Envelope, shards: number): SelfMessage[] {
  if (body.kind !== "elements") return [];
  const byShard = new Map<number, WindowColumns[]>();
  for (const columns of body.windows) {
    for (const [shard, indexes] of indexesByShard(columns, shards)) {
      const windows = byShard.get(shard) ?? [];
      byShard.set(shard, windows);
      windows.push(pickColumns(columns, indexes));
    }
  }
  return [...byShard].map(([shard, windows]) => {
    return { shard, minTime, body: { kind: "elements", windows } };
  });
}

/** Returns some elements of columns. */
export function pickColumns<C extends WindowColumns>(columns: C, indexes: readonly number[]): C {
  const { keys, values, times, ids } = columns;
  const pick = <T>(list: readonly T[]): T[] => indexes.map((i) => list[i] as T);
  return {
    ...columns,
    values: pick(values),
    ...(keys !== undefined && { keys: pick(keys) }),
    ...(times !== undefined && { times: pick(times) }),
    ...(ids !== undefined && { ids: pick(ids) }),
  };
}

/** Returns the indexes of columns' elements by the shard to which each belongs. */
export function indexesByShard(
  { keys, ids, values }: WindowColumns,
  shards: number,
): Map<number, number[]> {
  return Map.groupBy(values.keys(), (i) => hashKey(keys?.[i] ?? ids?.[i] ?? String(i)) % shards);
}
