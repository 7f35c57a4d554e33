import { expect, test } from "vitest";
import { inRepository, lear, Workplace, wordsPipeline } from "./support.ts";

test("plan names each function, why it is cut there and where dead letters go", async () => {
  await using place = await Workplace.create({ "words.ts": wordsPipeline, "lear.txt": lear });
  const { exitCode, stdout, stderr } = await place.tidemark("plan", "words.ts");
  expect(stderr).toBe("");
  expect(stdout).toContain("Pipeline words: 2 functions");
  expect(stdout).toContain("Elements with equal keys must meet");
  expect(stdout).toContain("tm-words-dead-letters");
  expect(exitCode).toBe(0);
});

test("plan --json prints the plan and nothing else; --shards sets its shards", async () => {
  await using place = await Workplace.create();
  const file = inRepository("examples/flights.ts");
  const { exitCode, stdout } = await place.tidemark("plan", file, "--json", "--shards", "7");
  const plan = JSON.parse(stdout);
  expect(plan.pipeline).toBe("flights");
  expect(plan.stages.map((stage: { shards: number }) => stage.shards)).toEqual([0, 7, 7, 7]);
  expect(exitCode).toBe(0);
});

test("a file may use TypeScript that has to be compiled, import others, and know where it lies", async () => {
  await using place = await Workplace.create({
    "deep/enums.ts": `
      import { existsSync } from "node:fs";
      import { files, pipeline } from "tidemark";
      import { name } from "./name.ts";
      enum Colour { Red, Green }
      if (!existsSync(new URL("./name.ts", import.meta.url))) throw new Error("not here");
      export default pipeline(name, (p) => { p.create([Colour.Red]).write(files.text("out")); });`,
    "deep/name.ts": 'export const name: string = "enums";',
  });
  const { exitCode, stdout, stderr } = await place.tidemark("plan", "deep/enums.ts");
  expect(stderr).toBe("");
  expect(stdout).toContain("Pipeline enums: 1 function");
  expect(exitCode).toBe(0);
});
