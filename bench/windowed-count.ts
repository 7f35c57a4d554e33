/**
 * Windowed count by key on the memory world: elements a second, and how time grows.
 *
 * One million elements in memory, 1,000 keys, windows of ten seconds of event time: the workload
 * that other in-process runners were measured with.
 */
import { performance } from "node:perf_hooks";
import { MemoryMesh } from "../emulators/memory/memory-mesh.ts";
import { count, fixedWindows, type Pipeline, pipeline } from "../sdk/index.ts";

interface Event {
  readonly key: string;
  readonly timeMs: number;
}

/** One run's figures. */
export interface WindowedCount {
  readonly elements: number;
  readonly seconds: number;
  readonly elementsPerSecond: number;
  readonly results: number;
}

const KEYS = 1_000;
const WINDOW_MS = 10_000;

/** Runs the workload once. */
export async function windowedCount(elements: number): Promise<WindowedCount> {
  const events: Event[] = [];
  for (let i = 0; i < elements; i++) {
    events.push({ key: `key-${(i * 7919) % KEYS}`, timeMs: i });
  }
  let results = 0;
  const counted: Pipeline = pipeline("windowed-count", (p) => {
    p.create(events, { timestamp: (event) => event.timeMs })
      .keyBy((event) => event.key)
      .windowInto(fixedWindows(WINDOW_MS))
      .combinePerKey(count())
      .parDo({
        process() {
          results++;
        },
      });
  });
  const mesh = new MemoryMesh(counted);
  const begin = performance.now();
  await mesh.launch();
  await mesh.run();
  const seconds = (performance.now() - begin) / 1000;
  await mesh.stop();
  return { elements, seconds, elementsPerSecond: Math.round(elements / seconds), results };
}
