/**
 * The canonical form of results: equal texts if and only if the same rows are there, whatever their
 * order and that of their fields.
 */

/** Returns one JSON text for each row, sorted. Rows that come twice stay twice. */
export function canonical(rows: Iterable<object>): readonly string[] {
  return Array.from(rows, encode).sort();
}

function encode(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(encode).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${encode(field)}`).join(",")}}`;
}
