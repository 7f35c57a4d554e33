/**
 * Subscription filters: the expressions that choose messages by their attributes.
 *
 * Owns: the grammar and its meaning. Does not own: acknowledging what doesn't match (broker/).
 *
 *   expression = term { "AND" term } | term { "OR" term }     never both without parentheses
 *   term       = [ "NOT" | "-" ] ( "(" expression ")" | basic )
 *   basic      = "attributes" ":" key
 *              | "attributes" "." key ( "=" | "!=" ) string
 *              | "hasPrefix" "(" "attributes" "." key "," string ")"
 *
 * F1. A comparison is false where the message lacks the key, `!=` too; NOT turns that around.
 *
 * @see https://docs.cloud.google.com/pubsub/docs/subscription-message-filter
 */
import { filterBytesMax } from "./limits.ts";
import { invalidArgument } from "./names.ts";

/** Attributes of a message. */
type Attributes = Readonly<Record<string, string>>;

/** Returns whether a message with these attributes is delivered. */
export type Filter = (attributes: Attributes) => boolean;

interface Token {
  readonly kind: "word" | "string" | "sign";
  readonly text: string;
}

const tokenPattern = /\s*(?:([A-Za-z0-9_][A-Za-z0-9_-]*)|"((?:[^"\\]|\\.)*)"|(!=|[():.,=-]))/y;

/**
 * Parses a filter; an empty one lets everything through.
 *
 * @throws StatusError INVALID_ARGUMENT if it is too long or not in the grammar
 */
export function parseFilter(source: string): Filter {
  if (source.trim() === "") return () => true;
  if (Buffer.byteLength(source) > filterBytesMax) {
    throw invalidArgument(
      `The filter is longer than ${filterBytesMax} bytes (${Buffer.byteLength(source)}).`,
    );
  }
  return new Parser(source).parse();
}

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  const text = source.trimEnd();
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < text.length) {
    const at = tokenPattern.lastIndex;
    const match = tokenPattern.exec(text);
    if (match === null) throw badFilter(source, `unexpected text at character ${at + 1}`);
    const [, word, string, sign] = match;
    if (word !== undefined) tokens.push({ kind: "word", text: word });
    else if (string !== undefined)
      tokens.push({ kind: "string", text: readEscapes(source, string) });
    else if (sign !== undefined) tokens.push({ kind: "sign", text: sign });
  }
  return tokens;
}

function readEscapes(source: string, literal: string): string {
  try {
    const text: unknown = JSON.parse(`"${literal}"`);
    return String(text);
  } catch {
    // JSON's escapes cover the usual ones; octal and hexadecimal ones are refused, not misread.
    throw badFilter(source, `string "${literal}" has an escape that is not supported`);
  }
}

function badFilter(source: string, why: string): Error {
  return invalidArgument(`Invalid filter: ${why} (filter=${source}).`);
}

class Parser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(source: string) {
    this.#source = source;
    this.#tokens = tokenize(source);
  }

  parse(): Filter {
    const filter = this.#expression();
    const left = this.#tokens[this.#next];
    if (left !== undefined) throw this.#unexpected(left);
    return filter;
  }

  #expression(): Filter {
    const first = this.#term();
    const operator = this.#tokens[this.#next]?.text;
    if (operator !== "AND" && operator !== "OR") return first;
    const terms = [first];
    while (this.#takeWord(operator)) terms.push(this.#term());
    const mixed = this.#tokens[this.#next];
    if (mixed?.text === "AND" || mixed?.text === "OR") {
      throw badFilter(this.#source, "AND and OR can only be combined with parentheses");
    }
    return operator === "AND"
      ? (attributes) => terms.every((term) => term(attributes))
      : (attributes) => terms.some((term) => term(attributes));
  }

  #term(): Filter {
    if (this.#takeWord("NOT") || this.#takeSign("-")) {
      const negated = this.#primary();
      return (attributes) => !negated(attributes);
    }
    return this.#primary();
  }

  #primary(): Filter {
    if (this.#takeSign("(")) {
      const inner = this.#expression();
      this.#needSign(")");
      return inner;
    }
    if (this.#takeWord("hasPrefix")) return this.#hasPrefix();
    this.#needWord("attributes");
    if (this.#takeSign(":")) {
      const key = this.#key();
      return (attributes) => Object.hasOwn(attributes, key);
    }
    this.#needSign(".");
    return this.#comparison(this.#key());
  }

  #comparison(key: string): Filter {
    const isEqual = this.#takeSign("=");
    if (!isEqual) this.#needSign("!=");
    const value = this.#string();
    return isEqual
      ? (attributes) => Object.hasOwn(attributes, key) && attributes[key] === value
      : (attributes) => Object.hasOwn(attributes, key) && attributes[key] !== value;
  }

  #hasPrefix(): Filter {
    this.#needSign("(");
    this.#needWord("attributes");
    this.#needSign(".");
    const key = this.#key();
    this.#needSign(",");
    const prefix = this.#string();
    this.#needSign(")");
    return (attributes) =>
      Object.hasOwn(attributes, key) && (attributes[key] ?? "").startsWith(prefix);
  }

  #key(): string {
    const token = this.#tokens[this.#next++];
    if (token === undefined || token.kind === "sign") throw this.#unexpected(token, "a key");
    return token.text;
  }

  #string(): string {
    const token = this.#tokens[this.#next++];
    if (token?.kind !== "string") throw this.#unexpected(token, "a quoted string");
    return token.text;
  }

  #takeWord(text: string): boolean {
    return this.#take("word", text);
  }

  #takeSign(text: string): boolean {
    return this.#take("sign", text);
  }

  #take(kind: Token["kind"], text: string): boolean {
    const token = this.#tokens[this.#next];
    if (token?.kind !== kind || token.text !== text) return false;
    this.#next++;
    return true;
  }

  #needWord(text: string): void {
    if (!this.#takeWord(text)) throw this.#unexpected(this.#tokens[this.#next], `"${text}"`);
  }

  #needSign(text: string): void {
    if (!this.#takeSign(text)) throw this.#unexpected(this.#tokens[this.#next], `"${text}"`);
  }

  #unexpected(token: Token | undefined, wanted = "the end"): Error {
    const found = token === undefined ? "the end" : `"${token.text}"`;
    return badFilter(this.#source, `expected ${wanted}, found ${found}`);
  }
}
