/** Query 9, WINNING_BIDS: the bid that wins each auction, if any does. */
export { winningBids } from "./winning-bids.ts";
