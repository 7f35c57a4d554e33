/** Schemas: elements that match go on, others are set aside with what is wrong in them. */
import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  type CombineFn,
  files,
  isMeshError,
  kv,
  pubsub,
  type Schema,
  schemaCoder,
  validate,
} from "../../../../sdk/index.ts";
import { checkBy } from "../../../../sdk/schemas/schema.ts";
import { elementsOf, SMALL_BUNDLES } from "../../../support/elements.ts";
import { meshErrorOf } from "../errors.ts";

interface Order {
  readonly id: string;
  readonly lines: readonly { readonly cents: number }[];
}

const libraries: [string, Schema<Order>][] = [
  ["zod", z.object({ id: z.string(), lines: z.array(z.object({ cents: z.number() })) })],
  ["valibot", v.object({ id: v.string(), lines: v.array(v.object({ cents: v.number() })) })],
  ["arktype", type({ id: "string", lines: type({ cents: "number" }).array() })],
];

const good: Order = { id: "a", lines: [{ cents: 1 }, { cents: 2 }] };
const bad = { id: "b", lines: [{ cents: 1 }, { cents: "two" }] };

describe.each(libraries)("%s", (vendor, schema) => {
  test("what matches goes on; what does not is a dead letter that names transform and path", async () => {
    const { sorted, dead } = await elementsOf(
      (p) => p.create<unknown>([good, bad, null]).apply("Orders", validate(schema)),
      SMALL_BUNDLES,
    );
    expect(sorted).toEqual([good]);
    expect(dead.map(({ element }) => element)).toEqual(expect.arrayContaining([bad, null]));
    const { error } = dead.find(({ element }) => element !== null) ?? {};
    expect(error?.code).toBe("ERR_SCHEMA");
    expect(error?.message).toContain(
      `Orders/validate/map: an element does not match its schema (${vendor}): lines[1].cents: `,
    );
  });

  test("a topic gives elements that match, at times that are read of them", async () => {
    const { out, dead } = await elementsOf(
      (p) =>
        p.read(pubsub.topic("orders", { schema, timestamp: ({ lines }) => lines[0]?.cents ?? 0 })),
      { input: { orders: [good, bad] } },
    );
    expect(out).toMatchObject([{ element: good, timestamp: 1 }]);
    expect(dead).toMatchObject([{ error: { code: "ERR_SCHEMA" } }]);
    expect(JSON.parse(atob(dead[0]?.data ?? ""))).toEqual(bad);
    expect(dead[0]?.error.message).toMatch(/^read pubsub orders .*: Message \S+ does not match/);
  });
});

test("of nothing there is nothing", async () => {
  const { out } = await elementsOf((p) => p.create<unknown>([]).apply(validate(z.string())));
  expect(out).toEqual([]);
});

test("what a schema makes of an element is the element", async () => {
  const schema = z.object({ at: z.coerce.date(), tag: z.string().default("none") });
  const { sorted } = await elementsOf((p) =>
    p.create<unknown>([{ at: "2001-01-01", more: 1 }]).apply(validate(schema)),
  );
  expect(sorted).toEqual([{ at: new Date("2001-01-01"), tag: "none" }]);
});

describe("the words of an error", () => {
  const messageOf = (schema: Schema<unknown>, value: unknown): string =>
    meshErrorOf(() => checkBy(schema)(value, "It")).message;
  const failing = (issues: readonly object[]): Schema<unknown> => ({
    "~standard": { version: 1, vendor: "own", validate: () => ({ issues }) as never },
  });

  test("paths read as code does, with keys of any kind", () => {
    const issues = [
      { message: "first.", path: ["a", 0, { key: "b c" }] },
      { message: "second", path: [{ key: 1 }, "é"] },
      { message: "third" },
    ];
    expect(messageOf(failing(issues), 1)).toBe(
      'It does not match its schema (own): a[0]["b c"]: first; [1].é: second; third.',
    );
  });

  test("of many issues the first five are named", () => {
    const issues = Array.from({ length: 8 }, (_, i) => ({ message: `no ${i}` }));
    expect(messageOf(failing(issues), 1)).toBe(
      "It does not match its schema (own): no 0; no 1; no 2; no 3; no 4; and 3 more.",
    );
  });
});

describe("asynchronous schemas", () => {
  const always = v.pipeAsync(
    v.string(),
    v.checkAsync(async () => true),
  );
  const sometimes = z.string().refine(async () => false);

  test("one that always waits is refused where it is given", () => {
    const uses = [
      () => validate(always),
      () => schemaCoder("s", always),
      () => pubsub.topic("t", { schema: always }),
      () => files.ndjson("f", { schema: always }),
    ];
    for (const use of uses) {
      const error = meshErrorOf(use);
      expect(error.code).toBe("ERR_UNSUPPORTED");
      expect(error.message).toContain("the valibot schema is asynchronous");
    }
  });

  test("one that waits for some values makes dead letters of these", async () => {
    const { sorted, dead } = await elementsOf((p) =>
      p.create<unknown>([1, "a"]).apply(validate(sometimes)),
    );
    expect(sorted).toEqual([]);
    expect(dead.map(({ error }) => error.code)).toEqual(["ERR_SCHEMA", "ERR_SCHEMA"]);
    const waits = dead.find(({ element }) => element === "a");
    expect(waits?.error.message).toContain("is asynchronous");
  });

  test("one that can't take undefined at all is taken as it is", () => {
    const strict: Schema<number> = {
      "~standard": {
        version: 1,
        vendor: "own",
        validate: (value) => ({ value: (value as string).length }),
      },
    };
    expect(checkBy(strict)("abc", "It")).toBe(3);
  });
});

test("a topic takes decode or schema, not both", () => {
  const error = meshErrorOf(() => pubsub.topic("t", { schema: z.number(), decode: () => 1 }));
  expect(error.code).toBe("ERR_OPTION");
  expect(error.message).toContain("either decode or schema");
});

test("schemaCoder checks what it decodes, dates and bigints too", async () => {
  const coder = schemaCoder("basket", z.object({ at: z.date(), n: z.bigint() }));
  const value = { at: new Date(5), n: 7n };
  expect(coder.name).toBe("basket");
  expect(coder.decode(JSON.parse(JSON.stringify(coder.encode(value))))).toEqual(value);
  const error = meshErrorOf(() => coder.decode({ at: 5, n: 7 }));
  expect(error.code).toBe("ERR_SCHEMA");
  expect(error.message).toMatch(/^The coder "basket": what it decodes does not match/);

  const counting: CombineFn<unknown, { n: number }, number> = {
    name: "counting",
    createAccumulator: () => ({ n: 0 }),
    addInput: ({ n }) => ({ n: n + 1 }),
    mergeAccumulators: (a, b) => ({ n: a.n + b.n }),
    extractOutput: ({ n }) => n,
    accumulatorCoder: schemaCoder("counting", z.object({ n: z.int() })),
  };
  const { sorted } = await elementsOf(
    (p) => p.create([kv("a", 1), kv("a", 2)]).combinePerKey(counting),
    SMALL_BUNDLES,
  );
  expect(sorted).toEqual([kv("a", 2)]);
  expect(isMeshError(error)).toBe(true);
});
