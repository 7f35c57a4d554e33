/**
 * Similar: "did you mean", as the SDK says it too.
 */
export { orWords, similarTo } from "../sdk/model/similar.ts";
