/**
 * Counts: what events cost in calls, messages, documents and bytes. Exact: no noise.
 *
 * The flights example on the memory world: the engine makes the same port calls there as on Google
 * Cloud, and each is counted as Google bills it. These figures are the bill, so they come first.
 */
import { MemoryMesh } from "../emulators/memory/memory-mesh.ts";
import flights from "../examples/flights.ts";
import { readFlights } from "./flights-data.ts";

/** Operations of a run. */
export interface Counts {
  readonly events: number;
  readonly total: Readonly<Record<string, number>>;
  readonly perThousandEvents: Readonly<Record<string, number>>;
  /** Documents that an activation wrote at most, those of sinks left out. */
  readonly documentsWrittenPerActivationMax: number;
  /** Documents that activations read on shards which were open already. */
  readonly documentsReadByWarmActivations: number;
}

/** Runs the first `events` flights and counts. */
export async function countOperations(events: number): Promise<Counts> {
  const mesh = new MemoryMesh(flights);
  await mesh.launch();
  const messages = readFlights(events).map((flight) => ({ data: JSON.stringify(flight) }));
  const publishedBytes = messages.reduce((sum, { data }) => sum + Buffer.byteLength(data), 0);
  await mesh.publish("flights", messages);
  await mesh.run(mesh.clock.nowMs() + 5_000);
  await mesh.drain();
  await mesh.run();
  const { store, mailboxes, ticks } = mesh.counts();
  const sinkDocumentsWritten = mesh.store.documents("airport-hours").size;
  const shardsOpened = mesh.plan.stages.reduce((sum, stage) => sum + stage.shards, 0);
  const total = {
    activations: store.headCommits,
    groupCommits: store.registers,
    ticks,
    requests: mailboxes.deliveries + ticks,
    publishRequests: mailboxes.publishRequests,
    messages: mailboxes.messages - events,
    messageBytes: mailboxes.bytes - publishedBytes,
    commits: store.commits,
    documentsRead: store.documentReads,
    documentsWritten: store.documentWrites - sinkDocumentsWritten,
    documentsDeleted: store.documentDeletes,
    bytesWritten: store.writtenBytes,
    sinkDocumentsWritten,
  };
  await mesh.stop();
  return {
    events,
    total,
    perThousandEvents: Object.fromEntries(
      Object.entries(total).map(([name, n]) => [name, Math.round((n / events) * 1e6) / 1e3]),
    ),
    documentsWrittenPerActivationMax: store.headCommitWritesMax,
    documentsReadByWarmActivations: Math.max(0, store.headReads + store.partReads - shardsOpened),
  };
}
