/**
 * Transcripts: what groupings emit, step by step (F1 to F8), the same whether the state is kept
 * open, stored after each step, or fired pane by pane (A7).
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { drivenModes, runTranscript } from "../../support/transcripts.ts";

const folder = fileURLToPath(new URL("../../transcripts", import.meta.url));

function readAll<T>(path: string): [name: string, content: T][] {
  const names = readdirSync(path).filter((name) => name.endsWith(".json"));
  return names.map((name) => [
    name.replace(".json", ""),
    JSON.parse(readFileSync(join(path, name), "utf8")) as T,
  ]);
}

const transcripts = readAll<{ readonly about: string }>(folder);
const mustFail = readAll<{ readonly reason: string; readonly transcript: unknown }>(
  join(folder, "must-fail"),
);

describe.each(Object.entries(drivenModes))("%s", (_, mode) => {
  test.each(transcripts)("%s", (_, transcript) => {
    runTranscript(transcript, mode);
  });
});

test.each(mustFail)("the runner refuses: %s", (_, { reason, transcript }) => {
  for (const mode of Object.values(drivenModes)) {
    expect(() => runTranscript(transcript, mode)).toThrow(reason);
  }
});

test("each transcript says what it is about, and no two the same", () => {
  expect(transcripts.length).toBeGreaterThanOrEqual(40);
  expect(mustFail.length).toBeGreaterThanOrEqual(20);
  expect(new Set(transcripts.map(([, { about }]) => about)).size).toBe(transcripts.length);
});
