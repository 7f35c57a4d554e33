/** Schemas of files: each line, row or item is checked before its time is read. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { files, type Source } from "../../../../sdk/index.ts";
import { elementsOf } from "../../../support/elements.ts";

const schema = z.object({ id: z.string(), at: z.coerce.number() });

let folder: string;
const path = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-schema-"));
  await writeFile(path("a.ndjson"), '{"id":"a","at":"5"}\n{"id":7}\n');
  await writeFile(path("a.csv"), "id,at\na,5\nb,soon\n");
  await writeFile(path("a.json"), '[{"id":"a","at":5},{"id":"b","at":"soon"}]');
  await writeFile(path("a.txt"), "a\n\n");
});
afterAll(() => rm(folder, { recursive: true }));

const timestamp = ({ at }: { readonly at: number }): number => at;

test.each<[string, string, () => Source<unknown>]>([
  ["ndjson", "A line", () => files.ndjson(path("a.ndjson"), { schema, timestamp })],
  ["csv", "A row", () => files.csv(path("a.csv"), { schema, timestamp })],
  ["json", "An item", () => files.json(path("a.json"), { schema, timestamp })],
])("%s", async (_, noun, source) => {
  const { out, dead } = await elementsOf((p) => p.read(source()));
  expect(out).toMatchObject([{ element: { id: "a", at: 5 }, timestamp: 5 }]);
  expect(dead).toMatchObject([{ error: { code: "ERR_SCHEMA" } }]);
  expect(dead[0]?.error.message).toContain(`${noun} does not match its schema (zod): `);
  expect(dead[0]?.error.message).toContain(folder);
});

test("text", async () => {
  const words = z.string().min(1).toUpperCase();
  const { sorted, dead } = await elementsOf((p) =>
    p.read(files.text(path("a.txt"), { schema: words })),
  );
  expect(sorted).toEqual(["A"]);
  expect(dead).toMatchObject([{ error: { code: "ERR_SCHEMA" } }]);
});
