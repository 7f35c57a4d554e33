/**
 * Files as splittable reads: however a file is cut, each line and each row is read exactly once.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import { csvRows, jsonRows, readRows } from "../../functions/connectors/table-rows.ts";
import { readLines } from "../../functions/connectors/text-lines.ts";
import {
  files,
  MAX_OFFSET,
  type OffsetRange,
  OffsetRangeTracker,
  type Source,
} from "../../sdk/index.ts";
import { lettersOf, writing } from "../support/reads.ts";

const folder = mkdtempSync(join(tmpdir(), "tidemark-reads-"));
afterAll(() => rmSync(folder, { recursive: true }));

let fileCount = 0;
function fileOf(content: string | Uint8Array): string {
  const path = join(folder, `f${fileCount++}`);
  writeFileSync(path, content);
  return path;
}

/** Reads a range in calls of at most `claimsMax` claims, each from where the one before ended. */
async function readInCalls(
  range: OffsetRange,
  claimsMax: number,
  call: (tracker: OffsetRangeTracker, take: (value: unknown) => void) => Promise<void>,
): Promise<unknown[]> {
  const values: unknown[] = [];
  for (let rest: OffsetRange | undefined = range; rest !== undefined; ) {
    const tracker = new OffsetRangeTracker(rest);
    rest = undefined;
    let claims = 0;
    const tryClaim = tracker.tryClaim.bind(tracker);
    tracker.tryClaim = (position) => {
      if (claims >= claimsMax) rest ??= tracker.trySplit(0)?.residual;
      const isClaimed = tryClaim(position);
      if (isClaimed) claims++;
      return isClaimed;
    };
    await call(tracker, (value) => values.push(value));
    tracker.checkDone();
  }
  return values;
}

const line = fc.string({ unit: fc.constantFrom("a", "é", "€", "𝄞", " ", ","), maxLength: 6 });
const text = fc
  .tuple(
    fc.array(fc.tuple(line, fc.constantFrom("\n", "\r\n")), { maxLength: 8 }),
    fc.constantFrom("", "x", "é𝄞"),
  )
  .map(([lines, last]) => ({
    content: lines.map((parts) => parts.join("")).join("") + last,
    answer: [...lines.map(([content]) => content), ...(last === "" ? [] : [last])],
  }));

// Thousands of reads of a file: slow where the disk is.
test("a text file that is cut at every offset gives each line once, in order", {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      text,
      fc.integer({ min: 1, max: 3 }),
      async ({ content, answer }, claimsMax) => {
        const path = fileOf(content);
        const bytes = Buffer.byteLength(content);
        const read = (range: OffsetRange): Promise<unknown[]> =>
          readInCalls(range, claimsMax, (tracker, take) => readLines(path, tracker, take));
        for (let at = 0; at <= bytes; at++) {
          const halves = [await read({ from: 0, to: at }), await read({ from: at, to: bytes })];
          expect(halves.flat(), `cut at ${at}`).toEqual(answer);
        }
      },
    ),
    { numRuns: 40 },
  );
});

test("a text file in parts of one byte each gives each line once, in order", async () => {
  const content = "eins\r\n\nzwei €\n𝄞\r\n\r\nlast";
  const path = fileOf(content);
  const lines: unknown[] = [];
  for (let at = 0; at < Buffer.byteLength(content); at++) {
    const range = { from: at, to: at + 1 };
    lines.push(...(await readInCalls(range, 1, (tracker, take) => readLines(path, tracker, take))));
  }
  expect(lines).toEqual(["eins", "", "zwei €", "𝄞", "", "last"]);
});

test("lines that are longer than a block are read whole", async () => {
  const long = ["x".repeat(1_500_000), "é".repeat(600_000), "y"];
  const path = fileOf(long.join("\n"));
  const bytes = Buffer.byteLength(long.join("\n"));
  for (const at of [0, 1, 1_000_000, 1_500_000, 1_500_001, 2_000_000, bytes]) {
    const lines: unknown[] = [];
    for (const range of [
      { from: 0, to: at },
      { from: at, to: bytes },
    ]) {
      lines.push(
        ...(await readInCalls(range, 9, (tracker, take) => readLines(path, tracker, take))),
      );
    }
    expect(lines.length, `cut at ${at}`).toBe(3);
    expect(lines, `cut at ${at}`).toEqual(long);
  }
});

const cell = fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", "é", " "), maxLength: 4 });

test.each([1, 2, 3, 100])(
  "tables give each row once, with at most %i a call, broken rows too",
  async (claimsMax) => {
    const rowsAndBreaks = fc.array(fc.tuple(cell, fc.boolean()), { maxLength: 7 });
    await fc.assert(
      fc.asyncProperty(rowsAndBreaks, async (rows) => {
        const csvCell = (content: string): string => `"${content.replaceAll('"', '""')}"`;
        const csv = fileOf(
          [
            "n,text",
            ...rows.map(([c, isBroken], n) => (isBroken ? `${n}` : `${n},${csvCell(c)}`)),
          ].join("\n"),
        );
        const json = fileOf(JSON.stringify(rows));
        const broken: unknown[] = [];
        const read = (make: () => ReturnType<typeof csvRows>): Promise<unknown[]> =>
          readInCalls({ from: 0, to: MAX_OFFSET }, claimsMax, (tracker, take) =>
            readRows(make(), tracker, { take, setAside: (record) => broken.push(record) }),
          );
        expect(await read(() => jsonRows(json))).toEqual(rows);
        expect(broken).toEqual([]);
        const good = rows.flatMap(([c, isBroken], n) => (isBroken ? [] : [{ n: `${n}`, text: c }]));
        expect(await read(() => csvRows(csv))).toEqual(good);
        const named = rows.flatMap(([, isBroken], n) => (isBroken ? [[`${n}`]] : []));
        expect(broken).toEqual(named);
      }),
      { numRuns: 30 },
    );
  },
);

test("any shards, chunks and file give each record once through a whole mesh", async () => {
  const contents = fc.array(fc.boolean(), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(
      contents,
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom("\n", "\r\n"),
      async (good, shards, chunkElementsMax, end) => {
        const path = fileOf(good.map((isGood, n) => (isGood ? `${n}` : `{${n}`)).join(end));
        const source: Source<unknown> = files.ndjson<number>(path, { timestamp: (n) => n });
        const mesh = new MemoryMesh(writing(source), { shards, engine: { chunkElementsMax } });
        await mesh.launch();
        await mesh.run();
        const written = [...mesh.store.documents("out").values()].map(({ value }) => value);
        const wanted = good.flatMap((isGood, n) => (isGood ? [n] : []));
        expect(written.sort((a, b) => Number(a) - Number(b))).toEqual(wanted);
        const letters = lettersOf(mesh).map(({ data = "" }) =>
          Buffer.from(data, "base64").toString(),
        );
        expect(letters).toEqual(good.flatMap((isGood, n) => (isGood ? [] : [`{${n}`])));
        expect((await mesh.job())?.state).toBe("DONE");
      },
    ),
    { numRuns: 25 },
  );
});
