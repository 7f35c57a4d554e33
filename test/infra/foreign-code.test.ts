/**
 * Functions of other stages in a stage's bundle: empty where nothing of the stage can call them, and
 * only there. Each function below is known by a text in it.
 */
import { describe, expect, test } from "vitest";
import { compile } from "../../sdk/compile/compile.ts";
import { isMeshError } from "../../sdk/model/errors.ts";
import { type OwnTexts, ownTexts, pipelineOf } from "../support/own-modules.ts";

/** A shape of code, and where each of its functions must be: `r` reads, `g` groups, `t` tracks. */
interface Shape {
  readonly of: string;
  /** Declarations of the module. */
  readonly with?: string;
  /** A transform of the stage that reads. */
  readonly reads?: string;
  /** A transform of the stage that groups. */
  readonly groups?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly in: Readonly<Record<string, string>>;
  /** Why nothing is left out. */
  readonly wholeBecause?: string;
}

const names = new Map([
  ["read pubsub in", "r"],
  ["groups", "g"],
  ["tracker", "t"],
]);

function moduleOf({ with: declarations = "", reads = "", groups = "" }: Shape): string {
  return `
    import { fixedWindows, pipeline, pubsub, statefulDoFn, valueState } from "tidemark";
    ${declarations}
    export default pipeline("shapes", (p) => {
      const read = p.read(pubsub.topic("in"))${reads};
      read.windowInto(fixedWindows({ hours: 1 })).keyBy((x) => String(x))
        .groupByKey({ name: "groups" })${groups}.write(pubsub.topic("out"));
    });
  `;
}

/** In which bundles a text stands. */
function whereIs(part: string, { texts }: OwnTexts): string {
  const found = [...texts].filter(([, text]) => text.includes(part));
  return found.map(([name]) => names.get(name) ?? name).join("");
}

const shapes: readonly Shape[] = [
  {
    of: "inline functions",
    reads: `.map((x) => "m1" + x)`,
    groups: `.map(function named(x) { return "m2" + x; })`,
    in: { m1: "r", m2: "g" },
  },
  {
    of: "declared functions, and what only they call",
    with: `
      function first(x) { return help(x); }
      const help = (x) => "m1" + deeper(x);
      function deeper(x) { return "m2" + x; }
      const unused = () => "m3";`,
    reads: ".map(first)",
    in: { m1: "r", m2: "r", m3: "" },
  },
  {
    of: "a function of two stages, and a helper of both",
    with: `const both = (x) => "m1" + help(x); const help = (x) => "m2" + x;`,
    reads: ".map(both)",
    groups: ".map(both).map((x) => help(x))",
    in: { m1: "rg", m2: "rg" },
  },
  {
    of: "a function that the graph's building calls, too",
    with: `function label(x) { return "m1" + x; } const name = label("name");`,
    reads: ".map(label, { name })",
    in: { m1: "rgt" },
  },
  {
    of: "a function that the graph's building would call elsewhere",
    with: `
      function other() { return "m1"; }
      function pick() { return process.env.SOMEWHERE_ELSE ? other() : "here"; }
      const name = pick();`,
    reads: ".map(other, { name })",
    in: { m1: "rgt" },
  },
  {
    of: "closures over the module's state",
    with: `let seen = 0; const bump = () => { seen += 1; return "m1" + seen; };`,
    reads: ".map(() => bump())",
    groups: `.map((x) => seen + "m2")`,
    in: { m1: "r", m2: "g" },
  },
  {
    of: "a DoFn's methods, called by this",
    with: `class Doer {
      #own() { return "m1"; }
      help(x) { return "m2" + this.#own() + x; }
      static wrap(x) { return "m3" + x; }
      process(x, { output }) { output(Doer.wrap(this.help(x))); }
    }`,
    groups: ".parDo(new Doer())",
    in: { m1: "g", m2: "g", m3: "g" },
  },
  {
    of: "a class and its base",
    with: `
      class Base { constructor(name) { this.name = name; } process(x, c) { c.output(this.part(x)); } part() { return "m1"; } }
      class Heir extends Base { constructor() { super("heir"); } part(x) { return "m2" + super.part(x); } }`,
    groups: ".parDo(new Heir())",
    in: { m1: "g", m2: "g" },
  },
  {
    of: "a base whose constructor hands its object on",
    with: `
      const all = [];
      class Base { constructor() { all.push(this); } }
      class Heir extends Base { process(x, c) { c.output("m1"); } }`,
    reads: ".map((x) => all.length + x)",
    groups: ".parDo(new Heir())",
    in: { m1: "rgt" },
  },
  {
    of: "an object whose constructor hands this on in an arrow function",
    with: `
      const all = [];
      class Doer { constructor() { all.push(() => this.help()); } help() { return "m1"; } process(x, c) { c.output("m2"); } }`,
    reads: ".map((x) => all[0]() + x)",
    groups: ".parDo(new Doer())",
    in: { m1: "rgt", m2: "rgt" },
  },
  {
    of: "a method that a constructor calls somewhere else",
    with: `class Doer {
      constructor() { if (process.env.SOMEWHERE_ELSE) this.help(); }
      help() { return "m1"; }
      process(x, c) { c.output(x); }
    }`,
    groups: ".parDo(new Doer())",
    in: { m1: "rgt" },
  },
  {
    of: "what a constructor is given",
    with: `const all = []; class Doer { constructor(fn) { all.push(fn); } process(x, c) { c.output(x); } }`,
    reads: ".map((x) => all[0](x))",
    groups: `.parDo(new Doer((x) => "m1" + x))`,
    in: { m1: "rgt" },
  },
  {
    of: "parameters that are taken apart, with defaults",
    with: `
      const some = () => "m1";
      function first({ key = some(), ...rest } = {}, [one] = ["m2"]) { return key + one; }`,
    reads: ".map(first)",
    in: { m1: "r", m2: "r" },
  },
  {
    of: "generators and asynchronous functions",
    with: `const slow = async () => "m3";`,
    reads: `.flatMap(function* (x) { yield "m1" + x; })`,
    groups: `.parDo({ async process(x, c) { c.output("m2" + (await slow())); } })`,
    in: { m1: "r", m2: "g", m3: "g" },
  },
  {
    of: "functions of other modules, under other names",
    with: `import { first, renamed } from "./all.ts"; import * as more from "./more.ts";`,
    reads: ".map(first)",
    groups: ".map(renamed).map((x) => more.last(x))",
    files: {
      "all.ts": `export * from "./some.ts"; export { second as renamed } from "./some.ts";`,
      "some.ts": `export const first = (x) => "m1" + x; export function second(x) { return "m2" + x; }`,
      "more.ts": `export default class Unused { a() { return "m3"; } } export const last = (x) => "m4" + x;`,
    },
    in: { m1: "r", m2: "g", m3: "", m4: "g" },
  },
  {
    of: "one function or another",
    with: `
      const a = () => "m1"; const b = () => "m2"; const c = () => "m3";
      const fn = process.env.SOMEWHERE_ELSE ? a : (b ?? c);`,
    reads: ".map(fn)",
    in: { m1: "r", m2: "r", m3: "r" },
  },
  {
    of: "functions in objects, lists and maps",
    with: `
      const object = { a: (x) => "m1" + x, b: { c() { return "m2"; } } };
      const list = [() => "m3", ...[() => "m4"]];
      const map = new Map([["a", () => "m5"]]);
      const frozen = Object.freeze({ ...object, d: () => "m6" });`,
    reads: `.map(object.a).map(() => list[0]())`,
    groups: `.map(() => map.get("a")()).map(frozen.d)`,
    in: { m1: "rg", m2: "rg", m3: "r", m4: "r", m5: "g", m6: "g" },
  },
  {
    of: "what a getter gives",
    with: `const object = { get first() { return (x) => "m1" + x; } };`,
    reads: ".map(object.first)",
    in: { m1: "rgt" },
  },
  {
    of: "equal functions",
    reads: `.map((x) => "m1" + x)`,
    groups: `.map((x) => "m1" + x)`,
    in: { m1: "rg" },
  },
  {
    of: "recursion",
    with: `
      function down(n) { return n < 1 ? "m1" : up(n - 1); }
      function up(n) { return n < 1 ? "m2" : down(n - 1); }
      const own = function inner(n) { return n < 1 ? "m3" : inner(n - 1); };`,
    reads: ".map((x) => down(x))",
    groups: ".map(own)",
    in: { m1: "r", m2: "r", m3: "g" },
  },
  {
    of: "what a function of the author's returns, or is given",
    with: `
      const byField = (name) => (x) => "m1" + x[name];
      const through = (c, fn) => c.map(fn);
      const apply = (fn) => (c) => through(c, fn);`,
    reads: `.map(byField("a"))`,
    groups: `.apply(apply((x) => "m2" + x))`,
    in: { m1: "rgt", m2: "rgt" },
  },
  {
    of: "composites that stand alone",
    with: `const composite = (c) => c.map((x) => "m1" + x); const a = (x) => "m2" + x;`,
    reads: ".apply(composite).apply((c) => c.map(a))",
    in: { m1: "r", m2: "r" },
  },
  {
    of: "callbacks that others keep",
    with: `
      const late = () => "m1";
      setTimeout(() => late(), 0).unref();
      process.once("tidemark-never", function never() { return "m2"; });`,
    reads: ".map(late)",
    in: { m1: "rgt", m2: "rgt" },
  },
  {
    of: "names that stand for something else within a function",
    with: `function hour() { return "m1"; } function day() { return "m2"; }`,
    reads: ".map(() => hour() + day())",
    groups: ".map((x, y = day()) => { const hour = 1, day = 2; return [hour, day, x, y]; })",
    in: { m1: "r", m2: "rg" },
  },
  {
    of: "variables that change",
    with: `
      let fn = () => "m1"; const set = (to) => { fn = to; };
      let other = () => "m2"; other = () => "m3";
      let later; const assign = () => { later = () => "m4"; };`,
    reads: ".map(() => fn())",
    groups: ".map(() => { assign(); return later() + other(); })",
    in: { m1: "r", m2: "rgt", m3: "rgt", m4: "g" },
  },
  {
    of: "prototypes that are changed",
    with: `class Doer {} Doer.prototype.process = function () { return "m1"; };`,
    groups: ".parDo(new Doer())",
    in: { m1: "rgt" },
  },
  {
    of: "specs that are declared, and DoFns with state",
    with: `
      const out = pubsub.topic("more", { encode: (x) => "m1" + x });
      const definition = { state: { seen: valueState() }, process({ value }, { output }) { output("m2" + value); } };
      const once = statefulDoFn(definition);`,
    groups: ".map((x) => x).keyBy((x) => x).parDo(once, { name: 'once' }).map((x) => x)",
    reads: "; read.write(out); read",
    in: { m1: "r", m2: "once" },
  },
  {
    of: "transforms in a loop, and branches that are not taken",
    with: `const fns = [() => "m1", () => "m2"]; const idle = () => "m3"; const taken = () => "m4";`,
    reads:
      "; for (const fn of fns) read.map(fn); if (process.env.SOMEWHERE_ELSE) read.map(idle); else read.map(taken); read",
    in: { m1: "rgt", m2: "rgt", m3: "rgt", m4: "r" },
  },
  {
    of: "code that is made of text",
    with: `const make = (text) => eval(text);`,
    reads: `.map(() => make("1"))`,
    groups: `.map(() => "m1")`,
    in: { m1: "rgt" },
    wholeBecause: "it calls eval, which may name anything",
  },
  {
    of: "a module that can't be run a second time",
    with: `globalThis.runs = (globalThis.runs ?? 0) + 1; if (globalThis.runs === 2) throw new Error("not again");`,
    groups: `.map(() => "m1")`,
    in: { m1: "rgt" },
    wholeBecause: "its module, run a second time, threw not again",
  },
  {
    of: "other objects' methods of the same names",
    with: `
      const kept = [];
      const other = { map(fn) { kept.push(fn); return this; } };
      other.map(() => "m1");
      [read => read].map((fn) => fn);
      const both = (c) => [c, other].forEach((each) => each.map((x) => "m2"));`,
    reads: ".map(() => kept[0]())",
    groups: ".apply((c) => { both(c); return c; })",
    in: { m1: "rgt", m2: "rgt" },
  },
  {
    of: "another pipeline, which these bundles do not run",
    with: `const own = pipeline("other", (p) => { p.read(pubsub.topic("x")).map(() => "m1"); });`,
    reads: ".map(() => own.graph.nodes.length)",
    groups: `.map(() => "m2")`,
    in: { m1: "rgt", m2: "rg" },
  },
];

describe.concurrent("each stage keeps what it may call of", () => {
  for (const shape of shapes) {
    test(shape.of, async () => {
      const built = await ownTexts({ "main.ts": moduleOf(shape), ...shape.files });
      const where = Object.keys(shape.in).map((part) => [part, whereIs(part, built)]);
      expect(Object.fromEntries(where)).toEqual(shape.in);
      const hashes = [...built.texts.values()].map((text) => compile(pipelineOf(text)).hash);
      expect(new Set(hashes)).toEqual(new Set([built.plan.hash]));
      expect(built.wholeBecause).toBe(shape.wholeBecause);
    });
  }
});

test("packages, Google's clients too, stay as they are beside it", async () => {
  const shape = {
    of: "",
    with: `
      import { Firestore } from "@google-cloud/firestore";
      import { DateTime } from "luxon";
      import { z } from "zod";
      const __dirname = import.meta.dirname;
      const schema = z.object({ m1: z.string().transform((x) => "m2" + x) });
      let store;
      const look = (x) => { store ??= new Firestore(); return "m3" + x; };
      const time = (x) => "m4" + DateTime.fromMillis(x).toISO() + __dirname;`,
    reads: ".map((x) => schema.parse(x)).map(time)",
    groups: ".map(look)",
    in: {},
  };
  const built = await ownTexts({ "main.ts": moduleOf(shape) });
  const where = ["m1", "m2", "m3", "m4"].map((part) => whereIs(part, built));
  expect(where).toEqual(["rgt", "rgt", "g", "r"]);
});

test("a function that asks the pipeline for its graph keeps all of it", async () => {
  const shape = {
    of: "",
    reads: ".map(() => own.graph.nodes)",
    groups: `.map(() => "m1")`,
    in: {},
  };
  const text = moduleOf(shape).replace("export default", "export { own as default }; const own =");
  expect(whereIs("m1", await ownTexts({ "main.ts": text }))).toBe("rg");
});

test("an emptied function is what it was but for its code, and throws what comes again", async () => {
  const shape = {
    of: "",
    with: `
      const fn = async ({ a }, [b], c = 2) => 1;
      class Doer { get size() { return 1; } set size(to = 1) {} async *all(a, b) {} process(x, c) {} }
      const object = { set size(to) {}, process() {}, *all(...rest) {} };`,
    reads: ".map(fn).parDo(new Doer()).parDo(object)",
    in: {},
  };
  const { texts } = await ownTexts({ "main.ts": moduleOf(shape) });
  const { nodes } = pipelineOf(texts.get("tracker") ?? "").graph;
  const [map, doer, object] = nodes.flatMap((node) =>
    node.kind === "map" || node.kind === "parDo" ? [node.fn] : [],
  );
  const fn = map as (x: unknown) => Promise<unknown>;
  expect([fn.name, fn.length, fn.constructor.name]).toEqual(["fn", 2, "AsyncFunction"]);
  const keys = ["constructor", "size", "all", "process"];
  expect(Object.getOwnPropertyNames(Object.getPrototypeOf(doer))).toEqual(keys);
  expect(Object.keys(object as object)).toEqual(["size", "process", "all"]);
  const thrown = await fn(1).catch((error: unknown) => error);
  expect(isMeshError(thrown) && [thrown.code, thrown.disposition]).toEqual([
    "ERR_INVARIANT",
    "retry",
  ]);
});
