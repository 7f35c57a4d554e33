/**
 * Checkers: what must hold whatever fails; one promise each.
 */
import { expect } from "vitest";
import type { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import { decodeBody } from "../../functions/head.ts";
import type { Job } from "../../functions/job.ts";
import { COMMIT_BYTES_MAX, DOCUMENT_BYTES_MAX } from "../../functions/options.ts";
import type { Store } from "../../functions/ports.ts";
import { ShardState } from "../../functions/state.ts";

/** Watches what is stored, for what must hold at every moment. */
export function watch(store: Store): void {
  let before: Job | undefined;
  const written = new Set<string>();
  const commitHead = store.commitHead.bind(store);
  const commitJob = store.commitJob.bind(store);
  store.commitHead = async (commit) => {
    await commitHead(commit);
    checkLimits([commit.head.body, ...commit.partsToPut.map(({ text }) => text)]);
    for (const { collection, id } of commit.sinkDocuments) {
      const name = `${collection}/${id}`;
      expect(written.has(name), `${name} is written once`).toBe(false);
      written.add(name);
    }
  };
  store.commitJob = async (commit) => {
    await commitJob(commit);
    const job = JSON.parse(commit.job.text) as Job;
    checkWatermarks(before, job);
    before = job;
  };
}

/** `limits`: no document and no commit is over its limit. */
function checkLimits(texts: readonly string[]): void {
  const bytes = texts.map((text) => Buffer.byteLength(text));
  expect(Math.max(...bytes)).toBeLessThanOrEqual(DOCUMENT_BYTES_MAX);
  expect(bytes.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(COMMIT_BYTES_MAX);
}

/** `watermark`: W1 and W2 in every job document stored. */
function checkWatermarks(before: Job | undefined, job: Job): void {
  for (const [stage, [input, output]] of Object.entries(job.watermarks)) {
    expect(output, `${stage}: output ≤ input`).toBeLessThanOrEqual(input);
    const [inputBefore, outputBefore] = before?.watermarks[stage] ?? [input, output];
    expect(input, `${stage}: the input watermark went back`).toBeGreaterThanOrEqual(inputBefore);
    expect(output, `${stage}: the output watermark went back`).toBeGreaterThanOrEqual(outputBefore);
  }
}

/** `no element late by the mesh's own doing` (W3). */
export async function checkNothingDropped(mesh: MemoryMesh): Promise<void> {
  const { stages } = await mesh.status();
  const dropped = stages.map((s) => [s.stage, s.droppedLate + s.droppedClosed]);
  expect(dropped).toEqual(stages.map(({ stage }) => [stage, 0]));
  expect(stages.reduce((sum, { deadLetters }) => sum + deadLetters, 0)).toBe(0);
}

/** `garbage`: no state is left but source ids, no register, and no part that nobody knows. */
export async function checkNothingLeft(mesh: MemoryMesh): Promise<void> {
  const { heads, registers } = await mesh.store.snapshot();
  expect(registers).toEqual([]);
  let parts = 0;
  for (const { shard } of heads) {
    const head = await mesh.store.newestHead(shard);
    const body = decodeBody(head?.body ?? "{}");
    const ids = body.segments.map(({ id }) => id);
    parts += ids.length + body.outboxParts.length;
    const texts = await mesh.store.readParts(shard, ids);
    const segments = body.segments.map((info, i) => ({ info, text: texts[i] ?? "" }));
    const state = ShardState.load(1, body.memtable, segments);
    const left = [...state.entries()].filter(([id]) => !id.startsWith("d "));
    expect(left, `state of ${shard.stage}/${shard.shard}`).toEqual([]);
  }
  expect(mesh.store.partCount).toBe(parts);
}
