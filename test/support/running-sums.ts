/**
 * Running sums: a job in memory that sums by window and by session, and what it must come to.
 *
 * Owns: the pipeline, its events and the comparison. Does not own: what is done to the job meanwhile.
 */
import { expect } from "vitest";
import { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import type { World } from "../../functions/ports.ts";
import {
  firestore,
  fixedWindows,
  kv,
  type Pipeline,
  pipeline,
  pubsub,
  sessions,
  sum,
  watermarks,
} from "../../sdk/index.ts";
import { dropsOf } from "../simulation/checkers/exact-drops.ts";
import { leftovers } from "../simulation/checkers/nothing-left.ts";
import { sumBySession, sumByWindow } from "./oracle.ts";

interface Event {
  readonly key: string;
  readonly value: number;
  readonly time: number;
}

const START_MS = Date.UTC(2026, 0, 1);
export const WINDOW_MS = 60_000;
export const GAP_MS = 20_000;

/** Sums by window and by session; `names` names the two groupings. */
export function sums(
  names: readonly [string, string] = ["Windows", "Sessions"],
  sizeMs = WINDOW_MS,
  name = "sums",
): Pipeline {
  return pipeline(name, (p) => {
    const watermark = watermarks.boundedOutOfOrderness(5_000);
    const events = p.read(pubsub.topic<Event>("events", { timestamp: (e) => e.time, watermark }));
    const pairs = events.map((e) => kv(e.key, e.value));
    pairs
      .windowInto(fixedWindows(sizeMs))
      .combinePerKey(sum(), { name: names[0] })
      .write(
        firestore.collection("windows", {
          id: ({ key }, { window, pane }) => `${key}@${window.start} ${pane.timing} ${pane.index}`,
          fields: ({ value }) => ({ value }),
        }),
      );
    pairs
      .windowInto(sessions(GAP_MS))
      .combinePerKey(sum(), { name: names[1] })
      .write(
        firestore.collection("sessions", {
          id: ({ key }, { window }) => `${key} ${window.start} ${window.end}`,
          fields: ({ value }) => ({ value }),
        }),
      );
  });
}

export const events = (from: number, to: number): Event[] =>
  Array.from({ length: to - from }, (_, i) => {
    const n = from + i;
    return { key: `k${n % 5}`, value: n, time: START_MS + n * 1_700 };
  });

export class Running {
  /** A stage whose function is out of order. */
  broken: string | undefined;
  readonly mesh: MemoryMesh;
  readonly published: Event[] = [];

  constructor(wrapWorld: (world: World, instance: string) => World = (world) => world) {
    this.mesh = new MemoryMesh(sums(), {
      shards: 4,
      isVirtualOnly: true,
      wrapWorld,
      wrapDeliver: (deliver, stage) => async (message) => {
        if (stage === this.broken) throw new Error("out of order");
        await deliver(message);
      },
    });
  }

  static async launch(): Promise<Running> {
    const running = new Running();
    await running.mesh.launch();
    await running.publish(0, 60);
    return running;
  }

  async publish(from: number, to: number): Promise<void> {
    const some = events(from, to);
    this.published.push(...some);
    await this.mesh.publish(
      "events",
      some.map((event) => ({ data: JSON.stringify(event) })),
    );
    await this.mesh.run(this.mesh.clock.nowMs() + 3_000);
  }

  /** Ends the sources, and compares all results with what was published. */
  async expectTotals(of: readonly Event[] = this.published): Promise<void> {
    const { mesh } = this;
    await mesh.drain();
    await mesh.run(mesh.clock.nowMs() + 10 * 60_000);
    expect((await mesh.job())?.state).toBe("DONE");
    expect(this.documents("windows")).toEqual(
      Object.fromEntries(
        Object.entries(sumByWindow(of, WINDOW_MS)).map(([id, n]) => [`${id} ON_TIME 0`, n]),
      ),
    );
    expect(this.documents("sessions")).toEqual(sumBySession(of, GAP_MS));
    expect(dropsOf(await mesh.status())).toEqual({ dropped: 0, dead: 0 });
    expect(await leftovers(mesh.store)).toEqual([]);
  }

  documents(collection: string): Record<string, unknown> {
    const all = [...this.mesh.store.documents(collection)];
    return Object.fromEntries(all.map(([id, fields]) => [id, fields["value"]]));
  }
}
