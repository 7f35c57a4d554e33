/**
 * Condition: the part of CEL that bindings may be limited with.
 *
 * Owns: reading a condition, and whether it holds for a resource. Does not own: bindings
 * (policy.ts), nor what has a name (resources.ts).
 *
 *   condition = all { "||" all }        all = test { "&&" test }
 *   test = "(" condition ")" | "resource.name" "==" text | "resource.name.startsWith" "(" text ")"
 *
 * The rest of CEL is refused, so that no condition is taken for one that holds.
 */
import { MeshError } from "../../sdk/model/errors.ts";

/** Says whether a condition holds for a resource of this name; undefined has no name to look at. */
export type Condition = (name: string | undefined) => boolean;

const tokenPattern =
  /\s*(?:(\|\||&&|==|\(|\)|resource\.name\.startsWith|resource\.name)|"((?:[^"\\\n])*)"|'((?:[^'\\\n])*)')/y;

type Token =
  | { readonly kind: "symbol"; readonly text: string }
  | { readonly kind: "text"; readonly text: string };

/**
 * Reads a condition.
 *
 * @throws ERR_OPTION when it says more than can be evaluated here
 */
export function readCondition(source: string): Condition {
  const tokens = tokensOf(source);
  let at = 0;
  const next = (): Token | undefined => tokens[at++];
  const isNext = (text: string): boolean => isSymbol(tokens[at], text);
  const take = (text: string): void => {
    if (!isSymbol(next(), text)) throw unreadable(source);
  };
  const readText = (): string => {
    const token = next();
    if (token?.kind !== "text") throw unreadable(source);
    return token.text;
  };
  const readTest = (): Condition => {
    if (isNext("(")) {
      at++;
      const inner = readAny();
      take(")");
      return inner;
    }
    if (isNext("resource.name")) {
      at++;
      take("==");
      const wanted = readText();
      return (name) => name === wanted;
    }
    take("resource.name.startsWith");
    take("(");
    const prefix = readText();
    take(")");
    return (name) => name?.startsWith(prefix) === true;
  };
  const readAll = (): Condition => {
    const tests = [readTest()];
    while (isNext("&&")) {
      at++;
      tests.push(readTest());
    }
    return (name) => tests.every((test) => test(name));
  };
  const readAny = (): Condition => {
    const parts = [readAll()];
    while (isNext("||")) {
      at++;
      parts.push(readAll());
    }
    return (name) => parts.some((part) => part(name));
  };
  const condition = readAny();
  if (at < tokens.length) throw unreadable(source);
  return condition;
}

function isSymbol(token: Token | undefined, text: string): boolean {
  return token?.kind === "symbol" && token.text === text;
}

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  const end = source.trimEnd().length;
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < end) {
    const found = tokenPattern.exec(source);
    if (found === null) throw unreadable(source);
    const [, symbol, double, single] = found;
    if (symbol !== undefined) tokens.push({ kind: "symbol", text: symbol });
    else tokens.push({ kind: "text", text: double ?? single ?? "" });
  }
  return tokens;
}

function unreadable(source: string): MeshError {
  return new MeshError(
    "ERR_OPTION",
    `The condition ${JSON.stringify(source)} can't be evaluated here. Use resource.name == "…" and ` +
      'resource.name.startsWith("…"), with &&, || and brackets.',
  );
}
