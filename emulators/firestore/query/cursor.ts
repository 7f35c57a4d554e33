/**
 * Where a query's results start and end.
 *
 * Owns: cursors. Does not own: the orders that their values belong to (order.ts).
 */
import { invalidArgument } from "../errors.ts";
import { namePath } from "../field-path.ts";
import type { Value, WireCursor } from "../wire.ts";
import { compareKeys, type Order, type Row } from "./order.ts";

/** A position among the results, by the values of the leading orders. */
export interface Cursor {
  readonly values: readonly Value[];
  /** Whether a row with exactly these values lies inside. */
  readonly inclusive: boolean;
}

/** Returns a query's cursor, checked. @throws INVALID_ARGUMENT */
export function cursorOf(
  cursor: WireCursor | null | undefined,
  orders: readonly Order[],
  isStart: boolean,
): Cursor | undefined {
  const values = cursor?.values ?? [];
  if (!cursor || values.length === 0) return undefined;
  if (values.length > orders.length) throw invalidArgument("Cursor has too many values.");
  values.forEach((value, index) => {
    if (orders[index]?.text === namePath && value.valueType !== "referenceValue") {
      throw invalidArgument("A cursor's value for __name__ must be a reference.");
    }
  });
  // "before" puts a start in front of equal rows, and an end too.
  return { values, inclusive: (cursor.before ?? false) === isStart };
}

/** Returns whether a row does not lie in front of the start. */
export function isAfterStart(
  row: Row,
  start: Cursor | undefined,
  orders: readonly Order[],
): boolean {
  if (start === undefined) return true;
  const order = compareKeys(row.keys, start.values, orders);
  return order > 0 || (order === 0 && start.inclusive);
}

/** Returns whether a row does not lie behind the end. */
export function isBeforeEnd(row: Row, end: Cursor | undefined, orders: readonly Order[]): boolean {
  if (end === undefined) return true;
  const order = compareKeys(row.keys, end.values, orders);
  return order < 0 || (order === 0 && end.inclusive);
}
