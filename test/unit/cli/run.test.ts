import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { compareDays, compareHours, computeFlights } from "../../../examples/flights-oracle.ts";
import { inRepository, lear, numbersPipeline, Workplace, wordsPipeline } from "./support.ts";

test("a bounded pipeline runs to DONE and shows its stages and documents", async () => {
  await using place = await Workplace.create({ "words.ts": wordsPipeline, "lear.txt": lear });
  const { exitCode, stdout, stderr } = await place.tidemark("run", "words.ts");
  expect(stderr).toBe("");
  expect(stdout).toMatch(/^words {2}DONE {2}3 elements in /);
  expect(stdout).toContain("Collection counts: 3 documents");
  expect(stdout).toMatch(/^blow +blow +3$/m);
  expect(exitCode).toBe(0);
});

test("without a terminal there is no escape sequence in the output", async () => {
  await using place = await Workplace.create({ "words.ts": wordsPipeline, "lear.txt": lear });
  const { stdout, stderr } = await place.tidemark("run", "words.ts");
  expect(stdout + stderr).not.toContain("\u001b");
});

test("--json prints one object with documents, stages and state, and nothing else", async () => {
  await using place = await Workplace.create({ "words.ts": wordsPipeline, "lear.txt": lear });
  const { stdout, stderr } = await place.tidemark("run", "words.ts", "--json");
  const result = JSON.parse(stdout);
  expect(stderr).toBe("");
  expect(result).toMatchObject({ pipeline: "words", state: "DONE", deadLetters: [], files: [] });
  expect(result.documents.counts).toEqual([
    { id: "blow", word: "blow", times: 3 },
    { id: "rage", word: "rage", times: 1 },
    { id: "winds", word: "winds", times: 1 },
  ]);
});

test("--collection shows that collection alone, whole", async () => {
  const lines = Array.from({ length: 30 }, (_, i) => `word${i}`).join("\n");
  await using place = await Workplace.create({ "words.ts": wordsPipeline, "lear.txt": lines });
  const short = await place.tidemark("run", "words.ts");
  expect(short.stdout).toContain("… and 22 more (--collection counts shows all)");
  const whole = await place.tidemark("run", "words.ts", "--collection", "counts");
  expect(whole.stdout.match(/^word\d+ /gm)).toHaveLength(30);
});

test("files that were written are listed", async () => {
  const source = wordsPipeline.replace(
    /\.write\([\s\S]*\}\)\);/,
    '.write(files.ndjson("out/counts"));',
  );
  await using place = await Workplace.create({ "words.ts": source, "lear.txt": lear });
  const { stdout, exitCode } = await place.tidemark("run", "words.ts", "--shards", "1");
  expect(stdout).toMatch(/^1 file written\nout\/counts-\S+\.ndjson {2}3 lines, \d+ B$/m);
  expect(exitCode).toBe(0);
});

test("messages of --publish are taken, an array or a value a line, and results shown by topic", async () => {
  await using place = await Workplace.create({
    "numbers.ts": numbersPipeline,
    "a.json": '[{"n":2},{"n":3}]',
    "b.ndjson": '{"n":4}\n\n{"data":{"n":5},"attributes":{"from":"test"}}\n',
  });
  const publish = ["--publish", "numbers=a.json", "--publish", "numbers=b.ndjson"];
  const { stdout, exitCode } = await place.tidemark("run", "numbers.ts", ...publish, "--json");
  const squares = JSON.parse(stdout).messages.squares as { data: { square: number } }[];
  expect(squares.map(({ data }) => data.square).sort((a, b) => a - b)).toEqual([4, 9, 16, 25]);
  expect(exitCode).toBe(0);
});

test("a read without an end is read for a minute, and then what is open fires", async () => {
  const source = `
    import { count, firestore, fixedWindows, generateSequence, pipeline } from "tidemark";
    export default pipeline("pulse", (p) => {
      p.read(generateSequence({ rate: { elements: 1, per: { seconds: 1 } } }))
        .keyBy(() => "all")
        .windowInto(fixedWindows({ seconds: 20 }))
        .combinePerKey(count())
        .write(firestore.collection("counts", { id: (_, { window }) => String(window.start) }));
    });`;
  await using place = await Workplace.create({ "pulse.ts": source });
  const { stdout, exitCode } = await place.tidemark("run", "pulse.ts", "--json");
  const { state, documents } = JSON.parse(stdout);
  expect(state).toBe("DONE");
  expect(documents.counts.slice(0, 2)).toMatchObject([{ value: 20 }, { value: 20 }]);
  expect(exitCode).toBe(0);
});

test("dead letters are shown with stage, code and message, and give exit code 1", async () => {
  await using place = await Workplace.create({
    "numbers.ts": numbersPipeline,
    "n.txt": '{"n":1}\n{"n":13}\nnot json\n',
  });
  const { stdout, exitCode } = await place.tidemark(
    "run",
    "numbers.ts",
    "--publish",
    "numbers=n.txt",
  );
  expect(stdout).toContain("2 dead letters");
  expect(stdout).toMatch(
    /ERR_USER_CODE in read-pubsub-numbers-\w+ \(tried 3 times\)\n {2}.*unlucky/,
  );
  expect(stdout).toMatch(/ERR_DECODE in read-pubsub-numbers-/);
  expect(stdout).toContain("Topic squares: 1 message");
  expect(exitCode).toBe(1);
});

test("2,000 flights give what a direct computation gives", async () => {
  const path = inRepository("node_modules/vega-datasets/data/flights-20k.json");
  const flights = JSON.parse(await readFile(path, "utf8")).slice(0, 2_000);
  await using place = await Workplace.create({ "flights.json": JSON.stringify(flights) });
  const file = inRepository("examples/flights.ts");
  const { stdout, exitCode } = await place.tidemark(
    ...["run", file, "--publish", "flights=flights.json", "--json"],
  );
  const { documents, messages } = JSON.parse(stdout);
  const expected = computeFlights(flights);
  const hours = new Map<string, Record<string, unknown>>(
    documents["airport-hours"].map((row: { id: string }) => [row.id, row]),
  );
  const days = new Map<string, { airport: string; delay: number }[]>(
    messages["worst-airports"].map(({ data }: { data: { day: string; worst: [] } }) => [
      data.day,
      data.worst,
    ]),
  );
  expect(compareHours(expected, hours)).toEqual([]);
  expect(compareDays(expected, days)).toEqual([]);
  expect(exitCode).toBe(0);
});
