/**
 * What events cost in billable operations, pinned: a change here is a change of the bill.
 *
 * The counts are exact and the same on every machine. Bytes depend on the compression that the
 * Node version brings, so they have a bound instead.
 */
import { expect, it } from "vitest";
import { countOperations } from "../../../bench/counts.ts";

it("costs exactly these operations for the first 2,000 flights", async () => {
  const { total } = await countOperations(2_000);
  const { messageBytes, bytesWritten, ...counts } = total;
  expect(counts).toEqual({
    activations: 32,
    groupCommits: 4,
    ticks: 8,
    requests: 2_040,
    publishRequests: 22,
    messages: 41,
    commits: 47,
    documentsRead: 90,
    documentsWritten: 57,
    documentsDeleted: 35,
    sinkDocumentsWritten: 1_765,
  });
  expect(messageBytes).toBeLessThan(125_000);
  expect(bytesWritten).toBeLessThan(415_000);
});

it("writes at most two documents in an activation, and reads none on an open shard", async () => {
  const counts = await countOperations(20_000);
  expect(counts.documentsWrittenPerActivationMax).toBeLessThanOrEqual(2);
  expect(counts.documentsReadByWarmActivations).toBe(0);
});

it("runs one activation for each bundle, advance and message to itself", async () => {
  const { total } = await countOperations(20_000);
  // Ticks are the only other requests, and messages that several activations took together.
  expect(total["activations"]).toBeLessThanOrEqual(total["messages"] ?? 0);
});
