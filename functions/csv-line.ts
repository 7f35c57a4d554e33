/**
 * CSV lines of the file sink.
 *
 * Owns: the choice of columns (the fields of the first row). Does not own: quoting, which
 * csv-stringify does.
 */
import { stringify } from "csv-stringify/sync";

/** Returns the header line of a row that is an object; undefined for arrays and scalars. */
export function csvHeader(row: unknown): string | undefined {
  if (typeof row !== "object" || row === null || Array.isArray(row)) return undefined;
  return csvLine(Object.keys(row));
}

/** Returns one line, without its end. */
export function csvLine(row: unknown): string {
  const cells = Array.isArray(row)
    ? row
    : typeof row === "object" && row !== null
      ? Object.values(row)
      : [row];
  return stringify([cells]).replace(/\n$/, "");
}
