/** Averages of prices as queries 4 and 6 give them: in whole cents, half a cent up. */

/** Returns the average price of one row or more. */
export function roundedMean(rows: readonly { readonly price: number }[]): number {
  return Math.round(rows.reduce((sum, { price }) => sum + price, 0) / rows.length);
}
