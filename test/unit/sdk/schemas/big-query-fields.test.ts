/**
 * Columns of a BigQuery table, out of schemas of three libraries.
 */
import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { bigQueryFields } from "../../../../sdk/index.ts";
import { meshErrorOf } from "../errors.ts";

describe("bigQueryFields", () => {
  test("zod: each type, optional and nullable fields, lists and records", () => {
    const schema = z.object({
      id: z.string(),
      n: z.int(),
      price: z.number().optional(),
      ok: z.boolean().nullable(),
      at: z.iso.datetime(),
      day: z.iso.date(),
      tags: z.array(z.string()),
      items: z.array(z.object({ sku: z.string(), count: z.int() })),
      place: z.object({ lat: z.number() }).nullable(),
      either: z.union([z.string(), z.number()]),
      grid: z.array(z.array(z.number())),
      extra: z.record(z.string(), z.number()),
    });
    expect(bigQueryFields(schema)).toEqual([
      { name: "id", type: "STRING", mode: "REQUIRED" },
      { name: "n", type: "INT64", mode: "REQUIRED" },
      { name: "price", type: "FLOAT64", mode: "NULLABLE" },
      { name: "ok", type: "BOOL", mode: "NULLABLE" },
      { name: "at", type: "TIMESTAMP", mode: "REQUIRED" },
      { name: "day", type: "DATE", mode: "REQUIRED" },
      { name: "tags", type: "STRING", mode: "REPEATED" },
      {
        name: "items",
        type: "RECORD",
        fields: [
          { name: "sku", type: "STRING", mode: "REQUIRED" },
          { name: "count", type: "INT64", mode: "REQUIRED" },
        ],
        mode: "REPEATED",
      },
      {
        name: "place",
        type: "RECORD",
        fields: [{ name: "lat", type: "FLOAT64", mode: "REQUIRED" }],
        mode: "NULLABLE",
      },
      { name: "either", type: "JSON", mode: "REQUIRED" },
      { name: "grid", type: "JSON", mode: "REQUIRED" },
      { name: "extra", type: "JSON", mode: "REQUIRED" },
    ]);
  });

  test("arktype", () => {
    const schema = type({ id: "string", "n?": "number.integer", tags: "string[]" });
    expect(bigQueryFields(schema)).toEqual([
      { name: "id", type: "STRING", mode: "REQUIRED" },
      { name: "tags", type: "STRING", mode: "REPEATED" },
      { name: "n", type: "INT64", mode: "NULLABLE" },
    ]);
  });

  test("what is refused, and why", () => {
    const fields = (schema: unknown): unknown => bigQueryFields(schema as never);
    const noFields = meshErrorOf(() => fields(v.object({ id: v.string() })));
    expect(noFields).toMatchObject({ code: "ERR_UNSUPPORTED" });
    expect(noFields.message).toContain("valibot does not tell the fields");
    expect(meshErrorOf(() => fields(z.string())).message).toContain("rows are objects");
    const bad = meshErrorOf(() => fields(z.object({ "a b": z.string() })));
    expect(bad).toMatchObject({ code: "ERR_OPTION" });
    expect(bad.message).toContain('"a b" can\'t be the name of a column');
    const bigint = meshErrorOf(() => fields(z.object({ n: z.bigint() })));
    expect(bigint).toMatchObject({ code: "ERR_UNSUPPORTED" });
  });
});
