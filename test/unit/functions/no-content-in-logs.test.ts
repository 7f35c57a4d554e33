/**
 * No content in logs: whatever is wrong with an element, a message or a push, the log holds nothing of
 * it. Its author's own words, in an error that user code throws, are the author's.
 */
import { expect, test } from "vitest";
import { MemoryMesh } from "../../../emulators/memory/memory-mesh.ts";
import { answer, type FunctionRequest } from "../../../functions/gcp/http-answer.ts";
import { pushFunction } from "../../../functions/gcp/stage-function.ts";
import type { Log } from "../../../functions/ports.ts";
import { MeshError } from "../../../sdk/index.ts";
import readings from "../../support/pipelines/readings.ts";

const CANARY = "canary-4be1";

const at = "2026-01-01T00:00:00Z";
const broken: readonly string[] = [
  `{"sensor": ${CANARY}}`,
  `{"sensor": "${CANARY}", "at": "${CANARY}", "value": 1}`,
  `{"sensor": "${CANARY}", "at": "${at}", "value": -1}`,
  `{"sensor": "cursed", "at": "${at}", "value": 1, "note": "${CANARY}"}`,
  `{"sensor": "a", "at": "${at}", "value": 1, "note": "${CANARY.repeat(100_000)}"}`,
  `{"sensor": "${CANARY}\\ud800", "at": "${at}", "value": 1}`,
  `"${CANARY}`,
  CANARY,
];

/** A log that is kept as the lines that it would be. */
function keptLog(): { lines: string[]; log: Log } {
  const lines: string[] = [];
  const log: Log = (severity, message, fields) =>
    void lines.push(JSON.stringify({ severity, message, ...fields }));
  return { lines, log };
}

test("of elements that can't be processed", async () => {
  const { lines, log } = keptLog();
  const mesh = new MemoryMesh(readings, { log });
  await mesh.launch();
  await mesh.publish(
    "readings",
    broken.map((data) => ({ data })),
  );
  const { mailbox = "" } = mesh.plan.stages[1] ?? {};
  await mesh.publish(mailbox, [{ data: CANARY }, { data: `{"plan":"${CANARY}"` }]);
  await mesh.publish(mailbox, [
    { data: JSON.stringify({ plan: mesh.plan.hash, producer: `${CANARY} `, sequence: 0 }) },
  ]);
  await mesh.run();
  await mesh.drain();
  await mesh.run();
  await mesh.stop();
  const letters = mesh.messages(mesh.plan.deadLetterTopic).map(({ data }) => String(data));
  // Every one of them failed, or the log would show nothing.
  expect(letters.length).toBeGreaterThanOrEqual(9);
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.filter((line) => line.includes(CANARY))).toEqual([]);
});

test("of requests that are no pushes, and of their tokens", async () => {
  const { lines, log } = keptLog();
  const refuse = async (): Promise<void> => {
    throw new MeshError("ERR_UNAUTHENTICATED", "The request has no token.");
  };
  const response = {
    status: () => response,
    send() {},
  };
  const requests: readonly FunctionRequest[] = [
    { method: "POST", body: CANARY },
    { method: "POST", body: { message: { messageId: "1", data: `${CANARY}!` } } },
    { method: "POST", body: { message: { messageId: "1", attributes: { [CANARY]: 1 } } } },
    { method: "POST", body: { message: CANARY } },
    { method: "POST", headers: { authorization: CANARY }, body: {} },
  ];
  for (const request of requests) {
    for (const check of [async () => {}, refuse]) {
      await pushFunction(async () => {}, check, log)(request, response);
    }
  }
  await answer(response, log, refuse);
  expect(lines.length).toBe(requests.length * 2 + 1);
  expect(lines.filter((line) => line.includes(CANARY))).toEqual([]);
});
