/**
 * Builders: short ways to the objects that tests of the engine need.
 *
 * Owns: programs, windowing strategies, still clocks, worlds in memory. Does not own: what is
 * promised (the tests) or the answers (oracle.ts).
 */
import { MemoryMailboxes } from "../../emulators/memory/memory-mailboxes.ts";
import { MemoryStore } from "../../emulators/memory/memory-store.ts";
import { seededRandom } from "../../emulators/memory/seeded-random.ts";
import { VirtualClock } from "../../emulators/memory/virtual-clock.ts";
import type { WindowColumns } from "../../functions/envelope.ts";
import { DEFAULT_OPTIONS, type EngineOptions } from "../../functions/options.ts";
import type { Clock, OutgoingMessage, World } from "../../functions/ports.ts";
import { type Program, programOf } from "../../functions/program.ts";
import type { Json } from "../../sdk/coders/coder.ts";
import { encodeKey } from "../../sdk/coders/key-coder.ts";
import { compile, type MeshPlan, type Pipeline, type Timestamp } from "../../sdk/index.ts";
import { isMeshError } from "../../sdk/model/errors.ts";

/** A number as a timestamp. */
export const at = (ms: number): Timestamp => ms as Timestamp;

/** Default options with no pauses. */
export function optionsOf(overrides: Partial<EngineOptions> = {}): EngineOptions {
  return { ...DEFAULT_OPTIONS, retryBackoffMs: 0, ...overrides };
}

/** A clock that stands still and whose sleeps end at once. */
export const stillClock: Clock = { nowMs: () => 1_000, sleep: async () => {} };

/** The program of the pipeline's stage of this kind: the last such stage of the plan. */
export function programFor(built: Pipeline, kind: "ingest" | "read" | "shuffle"): Program {
  const plan = compile(built, { shards: 2 });
  return programOf(built.graph, plan, stageOf(plan, kind));
}

/** The id of the last stage of a kind. */
export function stageOf(plan: MeshPlan, kind: "ingest" | "read" | "shuffle"): string {
  return plan.stages.findLast((stage) => stage.kind === kind)?.id ?? "";
}

/** Columns of one window, of `[key, value, time?]`. */
export function columnsOf(
  window: string,
  elements: readonly (readonly [key: string, value: Json, time?: number | undefined])[],
): WindowColumns {
  const times = elements.flatMap(([, , time]) => (time === undefined ? [] : [at(time)]));
  return {
    window,
    keys: elements.map(([key]) => encodeKey(key)),
    values: elements.map(([, value]) => value),
    ...(times.length > 0 && { times }),
  };
}

/** What was published, and what the world holds. */
export interface UnitWorld {
  readonly world: World;
  readonly store: MemoryStore;
  readonly published: OutgoingMessage[];
  readonly files: Map<string, string>;
  readonly wakes: string[];
}

/** A world in memory whose sleeps end at once and that delivers nothing. */
export function unitWorld(overrides: Partial<World> = {}): UnitWorld {
  const store = new MemoryStore();
  const published: OutgoingMessage[] = [];
  const files = new Map<string, string>();
  const wakes: string[] = [];
  const world: World = {
    store,
    mailboxes: {
      async publish(messages) {
        published.push(...messages);
      },
    },
    wakeups: {
      async wake(name) {
        wakes.push(name);
      },
    },
    clock: stillClock,
    random: seededRandom(1),
    log: () => {},
    files: {
      async write(path, text) {
        files.set(path, text);
      },
    },
    ...overrides,
  };
  return { world, store, published, files, wakes };
}

/** Memory mailboxes on a virtual clock. */
export function virtualMailboxes(): { clock: VirtualClock; mailboxes: MemoryMailboxes } {
  const clock = new VirtualClock(0);
  return { clock, mailboxes: new MemoryMailboxes(clock) };
}

/** The code of what `work` throws; undefined if it throws no MeshError. */
export async function codeOf(work: () => unknown): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return isMeshError(error) ? error.code : `not a MeshError: ${String(error)}`;
  }
}
