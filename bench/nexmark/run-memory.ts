/**
 * Run in memory: a query in this process, on virtual time.
 *
 * Owns: how events are published, and when. Does not own: the mesh (emulators/memory).
 */
import { performance } from "node:perf_hooks";
import type { PublishedMessage } from "../../emulators/memory/memory-mesh.ts";
import { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import { nexmarkEvents } from "./generator/events.ts";
import { linesOf, type Outcome } from "./outcome.ts";
import { EVENTS_TOPIC, nexmarkPipeline, type RunSettings } from "./pipeline.ts";
import type { NexmarkQuery } from "./queries/nexmark-query.ts";

/** How events are published: so many at once, and the virtual time until the next ones. */
export interface Pace {
  readonly events: number;
  readonly pauseMs: number;
}

/** Twice the rate of the events: a run of the default size takes five seconds of virtual time. */
const PACE: Pace = { events: 1_000, pauseMs: 50 };

/** Runs a query to DONE. */
export async function runInMemory(
  query: NexmarkQuery,
  settings: RunSettings,
  pace: Pace = PACE,
): Promise<Outcome> {
  const texts = new Map<string, string>();
  const files = { write: async (path: string, text: string) => void texts.set(path, text) };
  const isStreaming = settings.mode === "streaming";
  const engine = isStreaming ? query.streamingEngine : undefined;
  const mesh = new MemoryMesh(nexmarkPipeline(query, { ...settings, disorderMs: 0 }), {
    files,
    isVirtualOnly: true,
    ...(engine !== undefined && { engine }),
  });
  const messages = isStreaming ? messagesOf(settings) : [];
  const startMs = performance.now();
  try {
    await mesh.launch();
    for (let from = 0; from < messages.length; from += pace.events) {
      await mesh.publish(EVENTS_TOPIC, messages.slice(from, from + pace.events));
      await mesh.run(mesh.clock.nowMs() + pace.pauseMs);
    }
    if (isStreaming) await mesh.drain();
    await mesh.run();
    const seconds = (performance.now() - startMs) / 1_000;
    return { seconds, status: await mesh.status(), lines: linesOf(texts.values()) };
  } finally {
    await mesh.stop();
  }
}

function messagesOf({ config }: RunSettings): PublishedMessage[] {
  return nexmarkEvents(config).map((event) => ({ data: JSON.stringify(event) }));
}
