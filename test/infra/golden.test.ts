/**
 * The examples' resources, each by type and name: `golden/` has the lists.
 *
 * Word count reads and writes files of this machine, so that it has none: config.test.ts shows how it
 * is refused.
 */
import { expect, test } from "vitest";
import { declared, declarePipeline, earthquakes, flights } from "./support.ts";

const examples = { flights, earthquakes };

test.each(Object.entries(examples))("%s", async (name, pipeline) => {
  const made = await declared(() => declarePipeline(pipeline));
  const lines = made.map((each) => `${each.type} ${each.name}`).sort();
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(`golden/${name}.txt`);
});
