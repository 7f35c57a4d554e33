/**
 * Names of a module's text: two identifiers have one binding exactly if TypeScript's checker, which is
 * not ours, finds one symbol for both (AN1).
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Identifier, parse } from "acorn";
import { transformSync } from "esbuild";
import ts from "typescript";
import { expect, test } from "vitest";
import { bindingsOf } from "../../infra/author-names.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Symbols of the module's own variables, by where an identifier begins. */
function symbolsOf(text: string): Map<number, ts.Symbol> {
  const options = { allowJs: true, noLib: true, noResolve: true, target: ts.ScriptTarget.ESNext };
  const source = ts.createSourceFile("main.js", text, ts.ScriptTarget.ESNext, true);
  const host = {
    ...ts.createCompilerHost(options),
    getSourceFile: (name: string) => (name === "main.js" ? source : undefined),
  };
  const checker = ts.createProgram(["main.js"], options, host).getTypeChecker();
  const symbols = new Map<number, ts.Symbol>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const symbol = ts.isShorthandPropertyAssignment(node.parent)
        ? checker.getShorthandAssignmentValueSymbol(node.parent)
        : checker.getSymbolAtLocation(node);
      if (symbol !== undefined) symbols.set(node.getStart(source), symbol);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return symbols;
}

/** Pairs of identifiers, by their places, about which the two don't agree. */
function differences(text: string): string[] {
  const program = parse(text, { ecmaVersion: "latest", sourceType: "module" });
  const bindings = bindingsOf(program);
  const symbols = symbolsOf(text);
  const symbolOf = new Map<object, ts.Symbol>();
  const bindingOf = new Map<ts.Symbol, object>();
  const found: string[] = [];
  for (const [{ start, name }, binding] of bindings as ReadonlyMap<Identifier, object>) {
    const symbol = symbols.get(start);
    if (symbol === undefined) {
      if (name !== "arguments") found.push(`${name} at ${start}: no symbol`);
      continue;
    }
    const other = symbolOf.get(binding) ?? symbol;
    const known = bindingOf.get(symbol) ?? binding;
    symbolOf.set(binding, other);
    bindingOf.set(symbol, known);
    if (other !== symbol || known !== binding) found.push(`${name} at ${start}`);
  }
  const bound = new Set([...bindings.keys()].map(({ start }) => start));
  for (const [at, symbol] of symbols) {
    if (!bound.has(at) && bindingOf.has(symbol)) found.push(`${symbol.name} at ${at}: no binding`);
  }
  return found;
}

const shapes = `
  import first, { second as other, third } from "x"; import * as all from "y";
  export { other as renamed }; export default first; export * from "z";
  var a = 1, [b, { c, d: [e = a] = [], ...f }] = all, { third: g = third } = {};
  function outer(a, { b = a, [c]: h } = { b }, ...rest) {
    var b2 = a; if (b2) { var deep = 1; let a = deep; const c = () => a; function block() { return c; } block(); }
    for (let i = 0, a = i; i < a; i++) { let i = a; other(i); }
    for (const a of a2()) all.a(a); for (var k in rest) k; for (c of rest) c;
    function a2() { return deep + h; }
    try { throw a } catch ({ a, message: m = a }) { let b2 = m; a, b2; } try {} catch { m2: for (;;) { break m2; } }
    switch (a) { case a: let z = 1; z; break; default: z; }
    return { a, b, c: c, [d]: e, get f() { return f; }, g(g) { return g + outer; } };
  }
  const defaults = (x = g, y = () => x) => { const g = 1; return [g, x, y]; };
  const named = function inner(n) { return n ? inner(n - 1) : named; };
  class Base { static #count = Base.length; #own; static { var a = this; let own = a; own; } [a] = a; m(a) { return this.#own + a + Base; } }
  const Heir = class Inner extends Base { x = Inner; static y = () => Inner; constructor() { super(); new.target; } };
  label: while (a) { const label = 2; if (label) continue label; }
  const { x: renamed, ...others } = { x: a, y: globalThis }; [a, b] = [b, a]; ({ a, c: c.d } = others);
  const tagged = other\`\${a}\`; const opt = a?.b?.[c]?.(d); typeof nowhere; late(); function late() {}
  const gen = function* (a) { yield* a; }; const asy = async ({ a }) => { await a; for await (const b of a) b; };
  export const exported = 1; export function declared() { return exported; } export class Shown extends declared {}
`;

test("every form of declaration and of use", () => {
  expect(differences(shapes)).toEqual([]);
});

test("the repository's own modules", () => {
  const folders = [
    "sdk",
    "sdk/transforms",
    "functions",
    "functions/stateful",
    "infra",
    "cli",
    "emulators",
  ];
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
      .map((name) => join(folder, name)),
  );
  expect(files.length).toBeGreaterThan(100);
  const found = files.flatMap((file) => {
    const { code } = transformSync(readFileSync(join(root, file), "utf8"), {
      loader: "ts",
      target: "node22",
    });
    return differences(code).map((words) => `${file}: ${words}`);
  });
  expect(found).toEqual([]);
});
