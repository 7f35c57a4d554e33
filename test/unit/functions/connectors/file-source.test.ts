/**
 * Files as sources: what each format gives, what is missing, what is set aside.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { MemoryMesh } from "../../../../emulators/memory/memory-mesh.ts";
import { files, type Source } from "../../../../sdk/index.ts";
import { codeOf } from "../../../support/builders.ts";
import { lettersOf, writing } from "../../../support/reads.ts";

const folder = mkdtempSync(join(tmpdir(), "tidemark-files-"));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function read(source: Source<unknown>, shards = 4): Promise<MemoryMesh> {
  const mesh = new MemoryMesh(writing(source), { shards, engine: { retryBackoffMs: 0 } });
  await mesh.launch();
  await mesh.run();
  return mesh;
}

const valuesOf = (mesh: MemoryMesh): unknown[] =>
  [...mesh.store.documents("out").values()].map(({ value }) => value);

test("text gives lines, NDJSON values without blank lines, JSON items", async () => {
  const text = await read(files.text(fileOf("a.txt", "one\r\n two\nthree")));
  expect(valuesOf(text)).toEqual(["one", " two", "three"]);
  const ndjson = await read(files.ndjson(fileOf("a.ndjson", '"x"\n \n\n1\r\n')));
  expect(valuesOf(ndjson)).toEqual(["x", 1]);
  const json = await read(files.json(fileOf("a.json", '["x", 1]')));
  expect(valuesOf(json)).toEqual(["x", 1]);
});

test("an empty file gives nothing, and the job ends", async () => {
  for (const source of [files.text, files.ndjson, files.csv]) {
    const mesh = await read(source(fileOf("empty", "")));
    expect(valuesOf(mesh)).toEqual([]);
    expect((await mesh.job())?.state).toBe("DONE");
  }
});

test("a large file of lines is read by all shards, and nothing twice", async () => {
  const lines = Array.from({ length: 40_000 }, (_, i) => `${i}${"-".repeat(120)}`);
  const mesh = await read(files.text(fileOf("large.txt", lines.join("\n"))));
  const { heads } = await mesh.store.snapshot();
  const taken = heads.map(({ progress }) => JSON.parse(progress).metrics.elementsIn as number);
  expect(taken).toHaveLength(4);
  for (const count of taken) expect(count).toBeGreaterThan(8_000);
  expect(taken.reduce((a, b) => a + b)).toBe(lines.length);
  expect(mesh.store.documents("out").size).toBe(lines.length);
});

test.each([
  ["a file that is not there", files.text("not-there.txt")],
  ["JSON that is none", files.json(fileOf("broken.json", "{"))],
  ["JSON that is no array", files.json(fileOf("object.json", "{}"))],
])("%s ends the run with ERR_SOURCE_MISSING", async (_, source) => {
  expect(await codeOf(() => read(source))).toBe("ERR_SOURCE_MISSING");
});

test("what can't be read of a file is set aside as it stands there, the rest is read", async () => {
  const path = fileOf("b.ndjson", '1\n{oops\n"soon"\n2');
  const mesh = await read(
    files.ndjson<number | string>(path, { timestamp: (n) => (n === "soon" ? NaN : Number(n)) }),
  );
  expect(valuesOf(mesh)).toEqual([1, 2]);
  const letters = lettersOf(mesh);
  const records = letters.map(({ data = "" }) => Buffer.from(data, "base64").toString());
  expect(records).toEqual(["{oops", '"soon"']);
  expect(letters.map(({ error }) => error.code)).toEqual(["ERR_DECODE", "ERR_TIMESTAMP"]);
  expect(letters[0]?.error.message).toContain("b.ndjson");
});

test("CSV rows become objects; one with a column too few is set aside", async () => {
  const path = fileOf("a.csv", '\uFEFFname,n\r\n"a, b",1\r\nc\r\n\r\n"d\ne",2\r\n');
  const mesh = await read(files.csv(path));
  expect(valuesOf(mesh)).toEqual([
    { name: "a, b", n: "1" },
    { name: "d\ne", n: "2" },
  ]);
  const [letter, ...others] = lettersOf(mesh);
  expect(others).toEqual([]);
  expect(Buffer.from(letter?.data ?? "", "base64").toString()).toBe('["c"]');
  expect(letter?.error.message).toContain("columns length is 2");
});
