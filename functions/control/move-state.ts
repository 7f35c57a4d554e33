/**
 * Move state: what the shards of a stage keep → what its shards keep under another number of them. Pure.
 *
 * Owns: where each entry goes. Does not own: what entries mean to their stage (grouping/, stateful/,
 * sides/, reads/), reading and writing shards (shard-copy.ts).
 *
 * MS1. What belongs to a key goes to the shard to which the shuffle sends that key from now on (K1).
 * MS2. No entry is lost and none is kept twice, but for what every shard has a copy of: views, and ids
 *      of source messages whose element may go to any shard.
 * MS3. Holds and timers are those of all old shards together until a shard has told its own: nothing
 *      that waits is forgotten, and no watermark passes it.
 */
import { hashKey } from "../../sdk/coders/key-coder.ts";
import type { StagePlan } from "../../sdk/compile/plan.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import { earlier, later, type Timestamp } from "../../sdk/model/time.ts";
import type { WindowColumns } from "../envelope.ts";
import { newMetrics, newProgress, type ShardMetrics, type ShardProgress } from "../head.ts";
import { storedMetrics } from "../metrics/values.ts";
import { indexesByShard, pickColumns } from "../spread.ts";
import { parseId, SLOT } from "../stateful/key-cells.ts";
import { hasWork, type ShardCopy } from "./shard-copy.ts";

/** Returns the copy of a shard that has nothing. */
export function emptyCopy(): ShardCopy {
  return { progress: newProgress(), entries: [], outbox: [], filesWritten: {} };
}

/**
 * Returns what each shard of a stage goes on with.
 *
 * @param copies - by shard; those that were never committed are left out
 */
export function moveStage(
  copies: ReadonlyMap<number, ShardCopy>,
  from: StagePlan,
  to: StagePlan,
): ShardCopy[] {
  const shards = Array.from({ length: to.shards }, (_, shard) => shard);
  if (from.shards === to.shards) return shards.map((shard) => copies.get(shard) ?? emptyCopy());
  const old = [...copies].sort(([a], [b]) => a - b).map(([, copy]) => copy);
  if (old.length === 0) return shards.map(emptyCopy);
  const entries = new Mover(to).move(old);
  const progress = joinProgress(old);
  const outbox = old.flatMap((copy) => copy.outbox);
  const filesWritten = mostFiles(old);
  const { userMetrics: _, ...rest } = progress;
  const ofOthers = { ...rest, received: {}, metrics: newMetrics() };
  return shards.map((shard) => ({
    progress: atWork(shard === 0 ? progress : ofOthers, entries[shard] ?? []),
    entries: entries[shard] ?? [],
    outbox: outbox.filter((_, i) => i % to.shards === shard),
    filesWritten,
  }));
}

/** A shard that got nothing to wait for holds nothing. */
function atWork(progress: ShardProgress, entries: ShardCopy["entries"]): ShardProgress {
  if (hasWork(entries)) return progress;
  const { hold, nextTimer, nextProcessingMs, nextSynchronizedMs } = newProgress();
  const { sideTimers: _, ...rest } = progress;
  return { ...rest, hold, nextTimer, nextProcessingMs, nextSynchronizedMs };
}

type Entry = readonly [id: string, text: string];

/** A numbered entry, and the shard that had it. */
type Numbered = readonly [number: number, text: string];

/** Moves the entries of one stage. */
class Mover {
  readonly #shards: number;
  /** Whether elements go by their keys; the others go by the ids of their source messages. */
  readonly #isKeyed: boolean;
  readonly #moved: Entry[][];
  readonly #dedup: Numbered[] = [];
  readonly #waiting: Numbered[] = [];
  readonly #reads: Numbered[] = [];
  /** By window of a side input: the chunks of each shard that has any. */
  readonly #views = new Map<string, Entry[][]>();

  constructor({ shards, shuffle }: StagePlan) {
    this.#shards = shards;
    const keyed = ["groupByKey", "combinePerKey", "statefulParDo"];
    this.#isKeyed = shuffle !== undefined && keyed.includes(shuffle.kind);
    this.#moved = Array.from({ length: shards }, () => []);
  }

  move(old: readonly ShardCopy[]): Entry[][] {
    for (const { entries } of old) this.#take(entries);
    this.#moveDedup();
    this.#moveWaiting();
    for (const [i, [, text]] of byNumber(this.#reads).entries()) {
      this.#put(i % this.#shards, `r ${Math.floor(i / this.#shards).toString(36)}`, text);
    }
    for (const chunks of this.#views.values()) {
      // All shards got the same panes; one may have forgotten a window already.
      const most = chunks.reduce((a, b) => (b.length > a.length ? b : a));
      for (const [id, text] of most) this.#putToAll(id, text);
    }
    return this.#moved;
  }

  #take(entries: readonly Entry[]): void {
    const views = new Map<string, Entry[]>();
    for (const entry of entries) {
      const [id, text] = entry;
      if (id.startsWith("d ")) this.#dedup.push([numberOf(id, 36), text]);
      else if (id.startsWith("w ")) this.#waiting.push([numberOf(id, 10), text]);
      else if (id.startsWith("r ")) this.#reads.push([numberOf(id, 36), text]);
      else if (id.startsWith("y")) {
        const view = `${id.slice(0, id.indexOf("."))}${id.slice(id.indexOf(" "))}`;
        views.set(view, [...(views.get(view) ?? []), entry]);
      } else this.#put(this.#shardOf(keyOf(id)), id, text);
    }
    for (const [view, chunks] of views) {
      this.#views.set(view, [...(this.#views.get(view) ?? []), chunks]);
    }
  }

  /** Groups of ids, oldest first, as dedup.ts forgets them. */
  #moveDedup(): void {
    const groups = this.#dedup.map(([, text]) => JSON.parse(text) as [atMs: number, ids: string[]]);
    groups.sort(([a], [b]) => a - b);
    for (const [i, [atMs, ids]] of groups.entries()) {
      const id = `d ${i.toString(36)}`;
      if (this.#isKeyed) {
        this.#putToAll(id, JSON.stringify([atMs, ids]));
        continue;
      }
      for (const [shard, own] of Map.groupBy(ids, (each) => this.#shardOf(each))) {
        this.#put(shard, id, JSON.stringify([atMs, own]));
      }
    }
  }

  #moveWaiting(): void {
    for (const [i, [, text]] of byNumber(this.#waiting).entries()) {
      if (!this.#isKeyed) {
        this.#put(i % this.#shards, `w ${i}`, text);
        continue;
      }
      const columns = JSON.parse(text) as WindowColumns;
      for (const [shard, indexes] of indexesByShard(columns, this.#shards)) {
        this.#put(shard, `w ${i}`, JSON.stringify(pickColumns(columns, indexes)));
      }
    }
  }

  #put(shard: number, id: string, text: string): void {
    this.#moved[shard]?.push([id, text]);
  }

  #putToAll(id: string, text: string): void {
    for (let shard = 0; shard < this.#shards; shard++) this.#put(shard, id, text);
  }

  #shardOf(text: string): number {
    return hashKey(text) % this.#shards;
  }
}

/** The key that an entry belongs to. @throws ERR_INVARIANT if it belongs to none */
function keyOf(id: string): string {
  if (/^(k|v\d+) /.test(id)) return id.split(" ").slice(2).join(" ");
  if (SLOT.test(id)) return parseId(id).keyText;
  throw new MeshError("ERR_INVARIANT", `A shard keeps "${id}", and nobody knows where it belongs.`);
}

function numberOf(id: string, radix: number): number {
  return Number.parseInt(id.slice(2), radix);
}

function byNumber(entries: readonly Numbered[]): Numbered[] {
  return entries.toSorted(([a], [b]) => a - b);
}

/** MS3. What shards know of watermarks is stored for the stage, and so the latest holds for all. */
function joinProgress(old: readonly ShardCopy[]): ShardProgress {
  return old
    .map(({ progress }) => progress)
    .reduce((a, b) => {
      const metrics = { ...newMetrics() };
      for (const name of Object.keys(metrics) as (keyof ShardMetrics)[]) {
        metrics[name] = a.metrics[name] + b.metrics[name];
      }
      const userMetrics = storedMetrics(a.userMetrics, b.userMetrics);
      const sideWatermarks = joined(a.sideWatermarks, b.sideWatermarks, later);
      const sideTimers = joined(a.sideTimers, b.sideTimers, earlier);
      return {
        received: { ...b.received, ...a.received },
        sent: {},
        hold: earlier(a.hold, b.hold),
        nextTimer: earlier(a.nextTimer, b.nextTimer),
        nextProcessingMs: Math.min(a.nextProcessingMs, b.nextProcessingMs),
        nextSynchronizedMs: Math.min(a.nextSynchronizedMs, b.nextSynchronizedMs),
        watermarks: [
          later(a.watermarks[0], b.watermarks[0]),
          later(a.watermarks[1], b.watermarks[1]),
        ],
        ...(sideWatermarks !== undefined && { sideWatermarks }),
        ...(sideTimers !== undefined && { sideTimers }),
        metrics,
        ...(userMetrics !== undefined && { userMetrics }),
        ...((a.isDraining === true || b.isDraining === true) && { isDraining: true }),
        committedAtMs: Math.max(a.committedAtMs, b.committedAtMs),
      };
    });
}

type Times = Readonly<Record<string, Timestamp>> | undefined;

function joined(a: Times, b: Times, join: (a: Timestamp, b: Timestamp) => Timestamp): Times {
  if (a === undefined || b === undefined) return a ?? b;
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return Object.fromEntries(
    names.map((name) => {
      const [x, y] = [a[name], b[name]];
      return [name, x === undefined || y === undefined ? ((x ?? y) as Timestamp) : join(x, y)];
    }),
  );
}

/** Files are numbered on from here, whatever numbers of shards come and go: none is written over. */
function mostFiles(old: readonly ShardCopy[]): Record<string, number> {
  const most: Record<string, number> = {};
  for (const { filesWritten } of old) {
    for (const [node, count] of Object.entries(filesWritten)) {
      most[node] = Math.max(most[node] ?? 0, count);
    }
  }
  return most;
}
