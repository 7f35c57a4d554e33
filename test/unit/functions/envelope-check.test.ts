/** Envelope check: every field that is not what it must be is refused, and named (E4). */
import { describe, expect, test } from "vitest";
import type { Envelope, WindowColumns } from "../../../functions/envelope.ts";
import { checkEnvelope, checkFits } from "../../../functions/envelope-check.ts";
import type { Program } from "../../../functions/program.ts";
import { count, pipeline, pubsub } from "../../../sdk/index.ts";
import { at, programFor } from "../../support/builders.ts";

const program: Program = programFor(
  pipeline("checked", (p) =>
    p
      .create<string>([])
      .keyBy((word) => word)
      .combinePerKey(count())
      .write(pubsub.topic("out", { encode: String })),
  ),
  "shuffle",
);

const columns: WindowColumns = {
  window: "0:a",
  keys: ["sa", "sb"],
  values: [1, 2],
  times: [at(1), at(2)],
  ids: ["1", "2"],
};

const envelope: Envelope = {
  plan: program.plan.hash,
  producer: "a/0",
  sequence: 0,
  stage: program.stage.id,
  shard: 0,
  minTime: at(1),
  count: 2,
  body: { kind: "elements", windows: [columns] },
};

/** As it would come: as JSON, so that what JSON can't hold is not there. */
function faultOf(given: unknown): string | undefined {
  try {
    checkFits(checkEnvelope(JSON.parse(JSON.stringify(given))), program);
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ code: "ERR_DECODE" });
    return error instanceof Error ? error.message : undefined;
  }
}

const withColumns = (changes: object): object => ({
  ...envelope,
  body: { kind: "elements", windows: [{ ...columns, ...changes }] },
});

const withBody = (body: object): object => ({ ...envelope, count: 0, body });

test("a sound envelope passes", () => {
  expect(faultOf(envelope)).toBeUndefined();
  expect(faultOf(withBody({ kind: "advance", watermarks: { a: [1, 2] }, nowMs: 5 }))).toBe(
    undefined,
  );
});

describe("of the head", () => {
  test.each([
    ["producer", { producer: "__proto__" }],
    ["producer", { producer: "x".repeat(200) }],
    ["producer", { producer: 7 }],
    ["sequence", { sequence: -2 }],
    ["sequence", { sequence: 2 ** 53 }],
    ["stage", { stage: "another" }],
    ["shard", { shard: -1 }],
    ["shard", { shard: program.stage.shards }],
    ["shard", { shard: 0.5 }],
    ["minTime", { minTime: 9e15 }],
    ["minTime", { minTime: null }],
    ["count", { count: 3 }],
    ["generation", { generation: -1 }],
    ["spreads", { spreads: true }],
    ["body", { body: [] }],
    ["body.kind", { body: { kind: "dance" } }],
  ])("%s is refused: %o", (field, changes) => {
    expect(faultOf({ ...envelope, ...changes })).toContain(`${field} is not`);
  });
});

describe("of columns", () => {
  test.each([
    ["window", { window: "0.a" }],
    ["window", { window: "a:0" }],
    ["window", { window: "0:zzzzzzzzzzzz" }],
    ["window", { window: undefined }],
    ["keys", { keys: ["sa"] }],
    ["keys", { keys: ["sa", "?"] }],
    ["keys", { keys: ["sa", "inine"] }],
    ["keys", { keys: undefined }],
    ["values", { values: { 0: 1, 1: 2 } }],
    ["times", { times: [1, "2"] }],
    ["times", { times: [1] }],
    ["ids", { ids: [1, 2] }],
    ["pane", { pane: ["SOON", 0, 0, true, true] }],
    ["pane", { pane: ["EARLY", 0, -1, true] }],
    ["side", { side: "unknown" }],
    ["size", { size: -1 }],
    ["letter", { letter: { id: "1", attempt: 1 } }],
  ])("%s is refused: %o", (field, changes) => {
    expect(faultOf(withColumns(changes))).toContain(`${field} is not`);
  });
});

describe("of other bodies", () => {
  const letter = { id: "1", attempt: 1 };
  const element = { window: "g", keys: ["sa"], values: [1] };
  const replayed = (payload: object): object => ({
    ...withBody({ kind: "replay", letters: [{ ...letter, payload }] }),
    count: 1,
  });

  test.each([
    ["start", withBody({ kind: "start" })],
    ["split", withBody({ kind: "split", read: { watermark: 1 } })],
    ["advance without watermarks", withBody({ kind: "advance", watermarks: null })],
    ["advance with half a pair", withBody({ kind: "advance", watermarks: { a: [1] } })],
    ["advance at no time", withBody({ kind: "advance", watermarks: {}, nowMs: 1e300 })],
    ["replay of nothing", replayed({ kind: "none" })],
    [
      "replay without a key",
      replayed({ kind: "elements", columns: { ...element, keys: undefined } }),
    ],
    ["replay to a side", replayed({ kind: "elements", columns: { ...element, side: "s" } })],
  ])("%s is refused by a stage that shuffles", (_, given) => {
    expect(faultOf(given)).toBeDefined();
  });

  test("a replayed element passes", () => {
    expect(faultOf(replayed({ kind: "elements", columns: element }))).toBeUndefined();
  });
});
