/** The real flights that the npm package vega-datasets ships: 20,000, in the order of time. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Returns the first `count` flights. */
export function readFlights(count: number): readonly unknown[] {
  const build = dirname(createRequire(import.meta.url).resolve("vega-datasets"));
  const path = join(build, "../data/flights-20k.json");
  return (JSON.parse(readFileSync(path, "utf8")) as unknown[]).slice(0, count);
}
