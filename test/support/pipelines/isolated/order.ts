/** What the stages of `orders.ts` share: what an order is, and how its price is told. */

export interface Order {
  readonly id: string;
  readonly shop: string;
  readonly currency: string;
  readonly cents: number;
  readonly at: string;
}

/** Only the reading stage calls it. */
export function toOrder(text: string): Order {
  const [id = "", shop = "", currency = "", cents = "", at = ""] = text.split(" ");
  return { id, shop, currency, cents: Number(cents), at };
}

/** Two stages call it. */
export const toUnits = (cents: number): string => (cents / 100).toFixed(2);
