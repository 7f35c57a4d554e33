/**
 * Nexmark's queries as functions in processes of their own, on the embedded services: what they give
 * is what their oracles say.
 *
 * Each stands for what the memory world can't show: code and state in other processes, accumulators,
 * windows and timers that travel, and time that passes by itself.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { NexmarkConfiguration } from "../../bench/nexmark/generator/config.ts";
import { queryOf } from "../../bench/nexmark/queries/all.ts";
import type { NexmarkMode } from "../../bench/nexmark/queries/nexmark-query.ts";
import { runEmbedded } from "../../bench/nexmark/run-embedded.ts";
import { expectOracle } from "../support/nexmark.ts";

const TIMEOUT_MS = 120_000;

/** Ten seconds of few events, and many sellers. */
const config: Partial<NexmarkConfiguration> = {
  events: 2_000,
  generators: 4,
  firstEventRate: 200,
  nextEventRate: 200,
  auctionsInFlight: 10,
  hotSellersRatio: 1,
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-nexmark-e2e-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const runs: readonly (readonly [query: number, mode: NexmarkMode, what: string])[] = [
  [3, "streaming", "state and timers"],
  [4, "batch", "windows that merge, and slide"],
  [10, "batch", "triggers, and files by the user's code"],
  [12, "streaming", "processing time"],
];

// Much of each is waiting, so they run beside each other.
it.concurrent.each(runs)(
  "query %i, %s: %s",
  async (query, mode) => {
    const settings = { config, mode, folder: join(folder, `${query}-${mode}`) };
    expectOracle(query, settings, await runEmbedded(queryOf(query), settings));
  },
  TIMEOUT_MS,
);

it.concurrent(
  "a run that is stopped ends with the reason",
  async () => {
    const settings = { config, mode: "streaming", folder: join(folder, "stopped") } as const;
    const reason = new Error("stopped");
    const stop = new AbortController();
    setTimeout(() => stop.abort(reason), 1_000);
    await expect(runEmbedded(queryOf(0), settings, stop.signal)).rejects.toBe(reason);
  },
  TIMEOUT_MS,
);
