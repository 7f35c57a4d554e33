/** Outcome: what makes a chaos run unsound; and the command line. */
import { describe, expect, test } from "vitest";
import { readOptions } from "../../chaos/options.ts";
import { isSound, outcomeOf } from "../../chaos/outcome.ts";
import { reportText } from "../../chaos/report.ts";

type Input = Parameters<typeof outcomeOf>[0];

const options = readOptions(["--kills", "2", "--events", "100"]) as Input["options"];

function outcome(changes: Partial<Input> = {}) {
  const findings = {
    expected: new Map([["a", 1]]),
    found: new Map([["a", 1]]),
    differences: [],
  };
  return outcomeOf({
    options,
    findings,
    stages: [],
    functions: [],
    collector: { duplicates: 3, strays: [] },
    kills: new Map([["tracker", 2]]),
    busy: 1,
    troubles: { connectionsCut: 4, answersLost: 5 },
    wallMs: 1_000,
    ...changes,
  });
}

describe("a run", () => {
  test("is sound where all is there once and every kill was made", () => {
    expect(isSound(outcome())).toBe(true);
  });

  test("is unsound with fewer kills than asked for", () => {
    const few = outcome({ kills: new Map([["tracker", 1]]) });
    expect(isSound(few)).toBe(false);
    expect(reportText(few, 120)).toContain("wrong: 1 kills were made, not 2");
  });

  test("is unsound with a flight lost or doubled", () => {
    const expected = new Map([["a", 2]]);
    for (const flights of [1, 3]) {
      const findings = { expected, found: new Map([["a", flights]]), differences: [] };
      expect(isSound(outcome({ findings }))).toBe(false);
    }
  });

  test("is unsound with a message that has no id, or another's", () => {
    const collector = { duplicates: 0, strays: ["message 7 has no tidemark-id"] };
    expect(isSound(outcome({ collector }))).toBe(false);
  });
});

describe("the command line", () => {
  test("Google's emulators get several flights in a message, the embedded servers one", () => {
    expect(readOptions([])).toMatchObject({ world: "embedded", eventsPerMessage: 1 });
    expect(readOptions(["--world", "google"])).toMatchObject({ eventsPerMessage: 200 });
    expect(readOptions(["--per-message", "7"])).toMatchObject({ eventsPerMessage: 7 });
  });

  test.each([["--events", "0"], ["--events", "x"], ["--world", "mars"], ["--nonsense"]])(
    "%s %s can't be understood",
    (...args) => {
      expect(() => readOptions(args.filter((arg) => arg !== undefined))).toThrow(/npm run chaos/);
    },
  );
});
