/**
 * Pages of List calls.
 *
 * Owns: order and page tokens. A token is the last name of the page before.
 */
import { pageSizeDefault } from "../limits.ts";

/** One page, and the token of the next; empty at the end. */
interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken: string;
}

/** Cuts a page out of named items, in the order of their names. */
export function pageOf<T>(
  items: Iterable<T>,
  nameOf: (item: T) => string,
  request: { readonly pageSize: number; readonly pageToken: string },
): Page<T> {
  const size = request.pageSize > 0 ? request.pageSize : pageSizeDefault;
  const rest = [...items]
    .filter((item) => nameOf(item) > request.pageToken)
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const page = rest.slice(0, size);
  const last = page.at(-1);
  return {
    items: page,
    nextPageToken: rest.length > size && last !== undefined ? nameOf(last) : "",
  };
}
