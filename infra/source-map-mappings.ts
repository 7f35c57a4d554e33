/**
 * Source map mappings: the mappings of some of a map's sources alone.
 *
 * Owns: the coding of mappings. Does not own: which sources are kept (source-map-paths.ts).
 *
 * @see https://tc39.es/ecma426/#sec-mappings
 */

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = new Uint8Array(128);
for (const [value, digit] of [...DIGITS].entries()) VALUES[digit.charCodeAt(0)] = value;

const [COMMA, SEMICOLON] = [",".charCodeAt(0), ";".charCodeAt(0)];

/** What a number of a segment counts on from; the last written ones, or the last read. */
interface Position {
  column: number;
  source: number;
  line: number;
  originalColumn: number;
}

const start = (): Position => ({ column: 0, source: 0, line: 0, originalColumn: 0 });

/**
 * Returns the mappings of the sources that are kept, numbered anew and without names. What stands
 * between them belongs to no source.
 *
 * @param numberOf - the new number of a source; undefined: left out
 * @param before - text that was put before what the mappings are of
 */
export function mappingsOf(
  mappings: string,
  numberOf: (source: number) => number | undefined,
  before: string,
): string {
  const lines = before.split("\n");
  const read = { ...start(), column: lines.at(-1)?.length ?? 0 };
  const written = start();
  const fields: number[] = [];
  let text = ";".repeat(lines.length - 1);
  let isFirst = true;
  let isKept = false;
  const end = (): void => {
    if (fields.length > 0) {
      addTo(read, fields);
      const source = fields.length >= 4 ? numberOf(read.source) : undefined;
      if (source !== undefined || isKept) {
        text += (isFirst ? "" : ",") + segment(written, read, source);
        isFirst = false;
      }
      isKept = source !== undefined;
    }
    fields.length = 0;
  };
  let [value, shift] = [0, 0];
  for (let i = 0; i < mappings.length; i++) {
    const code = mappings.charCodeAt(i);
    if (code === COMMA) end();
    else if (code === SEMICOLON) {
      end();
      text += ";";
      isFirst = true;
      read.column = 0;
      written.column = 0;
    } else {
      const digit = VALUES[code] ?? 0;
      value |= (digit & 31) << shift;
      shift += 5;
      if ((digit & 32) !== 0) continue;
      fields.push((value & 1) === 1 ? -(value >> 1) : value >> 1);
      [value, shift] = [0, 0];
    }
  }
  end();
  return text;
}

function addTo(read: Position, fields: readonly number[]): void {
  const [column = 0, source = 0, line = 0, originalColumn = 0] = fields;
  read.column += column;
  read.source += source;
  read.line += line;
  read.originalColumn += originalColumn;
}

/** Returns a segment, and notes that it is written; undefined: from here on there is no source. */
function segment(written: Position, read: Position, source: number | undefined): string {
  const column = digitsOf(read.column - written.column);
  written.column = read.column;
  if (source === undefined) return column;
  const { line, originalColumn } = read;
  const rest = [
    source - written.source,
    line - written.line,
    originalColumn - written.originalColumn,
  ];
  Object.assign(written, { source, line, originalColumn });
  return column + rest.map(digitsOf).join("");
}

function digitsOf(number: number): string {
  let rest = number < 0 ? (-number << 1) | 1 : number << 1;
  let digits = "";
  do {
    const more = rest >>> 5;
    digits += DIGITS[(rest & 31) | (more > 0 ? 32 : 0)];
    rest = more;
  } while (rest > 0);
  return digits;
}
