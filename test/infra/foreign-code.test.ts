/**
 * Functions of other stages in a stage's bundle: taken out where that can't be seen, and only there.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { withoutForeignCode } from "../../infra/foreign-code.ts";
import { compile } from "../../sdk/compile/compile.ts";
import * as sdk from "../../sdk/index.ts";
import { isPipeline } from "../../sdk/pipeline.ts";

const shared = globalThis as { sdkOfTest?: typeof sdk };
beforeAll(() => {
  shared.sdkOfTest = sdk;
});
afterAll(() => {
  delete shared.sdkOfTest;
});

/** A module's text, as esbuild makes it: an ingest stage, then one that counts. */
function textOf(parts: { first?: string; second?: string; rest?: string } = {}): string {
  const { first = "line=>line.trim()", second = "pair=>pair.key+pair.value" } = parts;
  return [
    "const{pipeline,pubsub,count,fixedWindows}=globalThis.sdkOfTest;",
    parts.rest ?? "",
    'module.exports.default=pipeline("words",p=>{p.read(pubsub.topic("in"))',
    `.map(${first}).windowInto(fixedWindows({hours:1})).keyBy(word=>word.toLowerCase())`,
    `.combinePerKey(count(),{name:"counts"}).map(${second}).write(pubsub.topic("out"))});`,
  ].join("");
}

/** What is left in the bundles of the ingest stage, of the counting one and of the tracker. */
function bundles(graph: string, text: string = graph): [string, string, string] {
  const module = { exports: {} as { default?: unknown } };
  new Function("module", graph)(module);
  const { default: pipeline } = module.exports;
  if (!isPipeline(pipeline)) throw new Error("no pipeline");
  const plan = compile(pipeline);
  const names = [...plan.stages.map(({ id }) => id), "tracker"];
  const made = withoutForeignCode(
    new Map(names.map((name) => [name, text])),
    { text: graph, before: '"use strict";' },
    plan,
  );
  const [ingest = "", counts = "", tracker = ""] = names.map((name) => made.get(name));
  return [ingest, counts, tracker];
}

const trims = "line.trim()";
const adds = "pair.key+pair.value";

test("each stage keeps its own, and the tracker none", () => {
  const [ingest, counts, tracker] = bundles(textOf());
  expect([ingest.includes(trims), ingest.includes(adds)]).toEqual([true, false]);
  expect([counts.includes(trims), counts.includes(adds)]).toEqual([false, true]);
  expect([tracker.includes(trims), tracker.includes(adds)]).toEqual([false, false]);
});

test("what the SDK has put its own function around is found too", () => {
  const has = bundles(textOf()).map((text) => text.includes("word.toLowerCase()"));
  expect(has).toEqual([true, false, false]);
});

test("an edit of one changes the bundle of its stage alone", () => {
  const before = bundles(textOf());
  const after = bundles(textOf({ second: "pair=>pair.value+pair.key" }));
  expect(before.map((text, at) => text === after[at])).toEqual([true, false, true]);
});

test("what is left builds the same plan", () => {
  const plans = bundles(textOf()).map((text) => {
    const module = { exports: {} as { default?: unknown } };
    new Function("module", text)(module);
    const { default: pipeline } = module.exports;
    return isPipeline(pipeline) ? compile(pipeline).hash : "";
  });
  expect(new Set(plans).size).toBe(1);
});

test("a function that has a name stays: others may call it", () => {
  const [ingest] = bundles(textOf({ rest: "const add=pair=>pair.key+pair.value;", second: "add" }));
  expect(ingest).toContain(adds);
});

test("one whose text stands twice stays", () => {
  const [ingest] = bundles(textOf({ rest: "const same=[].map(pair=>pair.key+pair.value);" }));
  expect(ingest).toContain(adds);
});

test("the same text among the engine's code is not taken for it", () => {
  const graph = textOf();
  // esbuild has renamed the author's, and the engine has one that is called so.
  const text = `${graph.replace("pair=>pair.key+pair.value", "pair2=>pair2.key+pair2.value")}
    ;const engine=[].map(pair=>pair.key+pair.value);`;
  const [ingest] = bundles(graph, text);
  expect(ingest).toBe(text);
});

test("one that runs in several stages stays in each of them", () => {
  const both = "x=>x";
  const [ingest, counts, tracker] = bundles(textOf({ first: both, second: both }));
  expect([ingest, counts, tracker].every((text) => text.includes(both))).toBe(true);
});
