/**
 * Compatibility: which stage goes on with which state, and in what words the rest is refused.
 */
import { describe, expect, test } from "vitest";
import {
  comparePlans,
  requireCompatible,
  type UpdateOptions,
} from "../../../../sdk/compile/compatibility.ts";
import {
  type CombineFn,
  compile,
  count,
  files,
  fixedWindows,
  kv,
  type MeshPlan,
  type PCollection,
  pipeline,
  pubsub,
  sum,
} from "../../../../sdk/index.ts";

interface Shape {
  readonly name?: string;
  readonly sizeMs?: number;
  readonly fn?: CombineFn<number, unknown, unknown>;
  readonly topic?: string;
  readonly shards?: number;
  readonly also?: (numbers: PCollection<number>) => void;
}

function planOf({
  name = "Totals",
  sizeMs = 10,
  fn = sum(),
  topic = "in",
  shards = 4,
  also,
}: Shape = {}): MeshPlan {
  const build = (p: Parameters<Parameters<typeof pipeline>[1]>[0]): void => {
    const numbers = p.read(pubsub.topic<number>(topic), { name: "Numbers" });
    numbers
      .map((n) => kv(n % 3, n))
      .windowInto(fixedWindows(sizeMs))
      .combinePerKey(fn, { name })
      .map(String)
      .write(files.text("out"));
    also?.(numbers);
  };
  return compile(pipeline("compared", build), { shards });
}

const ROOTS = ["Numbers", "Totals"];

function verdicts(old: MeshPlan, next: MeshPlan, options?: UpdateOptions): Record<string, string> {
  return Object.fromEntries(
    comparePlans(old, next, options)
      .stages.filter(({ old: from, new: to }) => !(from ?? to)?.name.includes("reshuffle"))
      .map(({ verdict, old: from, new: to }) => [`${from?.name ?? ""}→${to?.name ?? ""}`, verdict]),
  );
}

function refusal(old: MeshPlan, next: MeshPlan, options?: UpdateOptions): string {
  try {
    requireCompatible(old, comparePlans(old, next, options));
    return "";
  } catch (error) {
    return String(error);
  }
}

describe("what becomes of a stage", () => {
  test("is nothing where only code changed", () => {
    expect(verdicts(planOf(), planOf())).toEqual({
      "Numbers→Numbers": "same",
      "Totals→Totals": "same",
    });
  });

  test("is a move where the shards changed; a stage without shards is not touched", () => {
    expect(verdicts(planOf(), planOf({ shards: 6 }))).toEqual({
      "Numbers→Numbers": "same",
      "Totals→Totals": "resharded",
    });
  });

  test("is a rename only where one is given (CO1)", () => {
    const next = planOf({ name: "Sums" });
    expect(verdicts(planOf(), next, { renames: { Totals: "Sums" } })).toEqual({
      "Numbers→Numbers": "same",
      "Totals→Sums": "renamed",
    });
    const words = refusal(planOf(), next);
    expect(words).toContain('It looks renamed. If it is: --rename "Totals=Sums".');
  });

  test("is given up only by name (CO2)", () => {
    const next = planOf({ name: "Counts", fn: count() });
    expect(verdicts(planOf(), next)["Totals→"]).toBe("incompatible");
    expect(refusal(planOf(), next)).not.toContain("looks renamed");
    expect(verdicts(planOf(), next, { drops: ["Totals"] })).toEqual({
      "Numbers→Numbers": "same",
      "Totals→": "removed",
      "→Counts": "new",
    });
  });

  test("starts afresh where its state is given up and its name stays", () => {
    expect(verdicts(planOf(), planOf({ sizeMs: 20 }), { drops: ["Totals"] })).toEqual({
      "Numbers→Numbers": "same",
      "Totals→": "removed",
      "→Totals": "new",
    });
  });

  test("of two suggestions none is called obvious", () => {
    const both = planOf({
      name: "One",
      also: (numbers) =>
        numbers
          .map((n) => kv(n % 3, n))
          .windowInto(fixedWindows(10))
          .combinePerKey(sum(), { name: "Two" })
          .map(String)
          .write(files.text("also")),
    });
    expect(refusal(planOf(), both)).toContain(
      'If it was renamed, it is one of: --rename "Totals=One", --rename "Totals=Two".',
    );
  });
});

describe("a refusal names what was and what is", () => {
  test.each([
    ["windows", { sizeMs: 20 }, "windowing.0.windowFn.sizeMs was 10 and is 20."],
    ["combine", { fn: { ...sum(), name: "total" } }, 'combine was "sum" and is "total".'],
    ["topic", { topic: "other" }, 'topic was "in" and is "other".'],
  ] satisfies [string, Shape, string][])("of the %s", (_name, shape, words) => {
    expect(refusal(planOf(), planOf(shape))).toContain(words);
  });

  test("and the ways out, and changes nothing for one that fits", () => {
    const words = refusal(planOf(), planOf({ sizeMs: 20 }));
    expect(words).toContain("nothing was changed");
    expect(words).toContain('--drop "Totals"');
    expect(words).toContain("drain the job first");
    expect(refusal(planOf(), planOf({ shards: 1 }))).toBe("");
  });
});

test.each([
  [{ renames: { Total: "Totals" } }, 'Did you mean "Totals"?'],
  [{ renames: { Totals: "nothing like it" } }, `There are: ${ROOTS.join(", ")}`],
  [{ drops: ["totals"] }, 'Did you mean "Totals"?'],
] satisfies [UpdateOptions, string][])(
  "%j names no stage, and says which there are",
  (options, words) => {
    expect(() => comparePlans(planOf(), planOf(), options)).toThrow(words);
  },
);
