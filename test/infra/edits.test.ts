/**
 * Edits of one function each: which bundles another text of it gives, and no others.
 */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../sdk/compile/compile.ts";
import { type OwnTexts, ownTexts, pipelineOf } from "../support/own-modules.ts";

const folder = new URL("../support/pipelines/isolated/", import.meta.url);
const examples = new URL("../../examples/", import.meta.url);
const read = (name: string, from: URL): string => readFileSync(new URL(name, from), "utf8");

type Files = Readonly<Record<string, string>>;
const orders: Files = Object.fromEntries(
  ["orders.ts", "order.ts", "sessions.ts"].map((name) => [name, read(name, folder)]),
);
const example = (name: string): Files => ({ [name]: read(name, examples) });

/** `file`: text that stands there once → other text. */
interface Edit {
  readonly of: string;
  readonly from: string;
  readonly to: string;
  readonly changes: readonly string[];
}

function edited(files: Files, { from, to }: Edit): Files {
  const found = Object.values(files).flatMap((text) => text.split(from).slice(1));
  expect(found.length, `${from} stands once`).toBe(1);
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => [name, text.replace(from, () => to)]),
  );
}

function expectChanges(of: string, files: Files, edits: readonly Edit[]): void {
  describe(of, () => {
    let before: OwnTexts;
    beforeAll(async () => {
      before = await ownTexts(files);
    });

    test("every bundle builds the plan", () => {
      const hashes = [...before.texts.values()].map((text) => compile(pipelineOf(text)).hash);
      expect(hashes).toEqual(hashes.map(() => before.plan.hash));
    });

    test.concurrent.each(edits)("$of", async (edit) => {
      const after = await ownTexts(edited(files, edit));
      expect(after.plan.hash).toBe(before.plan.hash);
      const changed = [...after.texts].filter(([name, text]) => before.texts.get(name) !== text);
      expect(changed.map(([name]) => name).sort()).toEqual([...edit.changes].sort());
    });
  });
}

const ingest = "read pubsub isolated-orders";
const euros = "side inputs of euros";

expectChanges("orders", orders, [
  {
    of: "an imported function",
    from: `text.split(" ");`,
    to: `text.split("|");`,
    changes: [ingest],
  },
  { of: "a timestamp", from: `.at(-1) ?? ""`, to: `.at(-1) ?? "0"`, changes: [ingest] },
  { of: "a named predicate", from: "cents > 0", to: "cents > 1", changes: [ingest] },
  { of: "a key", from: "=> id)", to: "=> id + id)", changes: [ingest] },
  {
    of: "process of a class with state",
    from: "seen.write(true)",
    to: "seen.write(!false && this.isNew(undefined))",
    changes: ["once"],
  },
  { of: "a timer's handler", from: "state.seen.clear()", to: "void state", changes: ["once"] },
  { of: "a method that process calls", from: "seen !== true", to: "!seen", changes: ["once"] },
  { of: "a key behind it", from: "=> shop)", to: "=> shop + shop)", changes: ["once"] },
  {
    of: "a CombineFn, into which the stage before folds",
    from: "orders: total.orders + 1",
    to: "orders: 1 + total.orders",
    changes: ["once", "totals"],
  },
  { of: "a path", from: "slice(11, 16)", to: "slice(11, 17)", changes: ["totals"] },
  {
    of: "fields",
    from: "orders: value.orders,",
    to: "orders: -value.orders,",
    changes: ["totals"],
  },
  {
    of: "a helper of two stages",
    from: "toFixed(2)",
    to: "toFixed(3)",
    changes: ["totals", euros],
  },
  {
    of: "a DoFn that reads a side input",
    from: "?? 1;",
    to: "?? 2;",
    changes: [euros],
  },
  { of: "a source", from: `"USD=0.5"`, to: `"USD=0.25"`, changes: ["read rates"] },
  {
    of: "what becomes a side input",
    from: `line.split("=")`,
    to: `line.split(":")`,
    changes: ["read rates"],
  },
  {
    of: "a new helper of one function",
    from: `const isPaid = ({ cents }: Order): boolean => cents > 0;`,
    to: `const least = 1; const isLess = (x: number): boolean => x < least;
      const isPaid = ({ cents }: Order): boolean => !isLess(cents);`,
    changes: [ingest],
  },
  {
    of: "parameters of another form",
    from: `const isPaid = ({ cents }: Order): boolean => cents > 0;`,
    to: `const isPaid = (order: Order): boolean => order.cents > 0;`,
    changes: [ingest],
  },
  {
    of: "no function, but what the graph is made of",
    from: `addInput: (total, { cents })`,
    to: `compact: undefined, addInput: (total, { cents })`,
    changes: [ingest, "once", "totals", euros, "read rates", "as map/view", "tracker"],
  },
]);

expectChanges("flights", example("flights.ts"), [
  {
    of: "a timestamp",
    from: ".date} UTC`",
    to: ".date}Z`",
    changes: ["read pubsub flights"],
  },
  {
    of: "what is folded in two stages",
    from: "mean((f) => f.delay)",
    to: "mean((f) => -f.delay)",
    changes: ["read pubsub flights", "airport hours"],
  },
  {
    of: "a document's id",
    from: ".key}-$",
    to: ".key}_$",
    changes: ["airport hours"],
  },
  {
    of: "an element's form",
    from: "({ airport, delay: value",
    to: "({ airport, delay: -value",
    changes: ["airport days"],
  },
  {
    of: "a message's text",
    from: "JSON.stringify({ day",
    to: "JSON.stringify({ worst, day",
    changes: ["worst airports/combinePerKey"],
  },
]);

expectChanges("earthquakes", example("earthquakes.ts"), [
  {
    of: "a timestamp",
    from: "properties.time;",
    to: "+properties.time;",
    changes: ["read pubsub earthquakes"],
  },
  {
    of: "what a sink's functions call",
    from: "slice(0, 13)",
    to: "slice(0, 12)",
    changes: ["quake hours"],
  },
]);

expectChanges("word-count", example("word-count.ts"), [
  {
    of: "a named function",
    from: "line.toLowerCase()",
    to: "line.toUpperCase()",
    changes: ["read text examples/data/sonnets.txt"],
  },
  {
    of: "a comparison, by which two stages fold",
    from: "a.count - b.count ||",
    to: "-b.count + a.count ||",
    changes: ["words", "top words/combinePerKey"],
  },
  {
    of: "a document's id",
    from: `padStart(2, "0")`,
    to: `padStart(3, "0")`,
    changes: ["top words/combinePerKey"],
  },
]);
