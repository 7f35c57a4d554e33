import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UNKNOWN } from "../../../../emulators/pulumi/values.ts";
import { operations, ToyStack } from "./toys.ts";

const toy = (name: string, inputs: Readonly<Record<string, unknown>> = {}) => ({
  name,
  inputs: { label: name, ...inputs },
});

let stack: ToyStack;
beforeEach(() => {
  stack = new ToyStack();
});
afterEach(() => stack.remove());

describe("the life of a stack", () => {
  test("a preview makes nothing, and knows no output before it is there", async () => {
    const outcome = await stack.preview([toy("a"), toy("b", { of: "$a" })]);
    expect(outcome.failures).toEqual([]);
    expect(operations(outcome)).toEqual(["create a", "create b"]);
    expect(stack.maker.calls).toEqual([]);
    expect(JSON.stringify(outcome.outputs["serials"])).toContain("known after");
    expect(JSON.stringify(outcome.outputs)).not.toContain(UNKNOWN);
  });

  test("create, same, update, delete of what is gone, destroy", async () => {
    const first = await stack.up([toy("a"), toy("b", { of: "$a" })]);
    expect(first.failures).toEqual([]);
    expect(operations(first)).toEqual(["create a", "create b"]);
    expect(stack.maker.toys.get("b")).toEqual({ label: "b", of: "n1" });
    expect(first.plainOutputs["serials"]).toEqual({ a: "n1", b: "n2" });

    const second = await stack.up([toy("a"), toy("b", { of: "$a" })]);
    expect(operations(second)).toEqual(["same a", "same b"]);
    expect(stack.maker.calls).toEqual([]);

    const third = await stack.up([toy("a", { colour: "red" }), toy("b", { of: "$a" })]);
    expect(operations(third)).toEqual(["update a", "same b"]);
    expect(third.steps.find(({ operation }) => operation === "update")?.changes).toEqual([
      "colour",
    ]);

    const fourth = await stack.up([toy("a", { colour: "red" })]);
    expect(operations(fourth)).toEqual(["same a", "delete b"]);

    const gone = await stack.destroy();
    expect(gone.failures).toEqual([]);
    expect(stack.maker.toys.size).toBe(0);
    expect(JSON.parse(readFileSync(stack.stateFile, "utf8"))).toMatchObject({
      resources: [],
      replaced: [],
    });
  });

  test("what depends on others is deleted before them", async () => {
    const chain = [toy("a"), toy("b", { of: "$a" }), { ...toy("c"), after: ["b"] }];
    await stack.up(chain);
    await stack.up([]);
    expect(stack.maker.calls).toEqual(["delete c", "delete b", "delete a"]);
  });
});

describe("replacing", () => {
  test("the new one is made before the old one is deleted", async () => {
    await stack.up([{ name: "a", inputs: { label: "one" } }]);
    const outcome = await stack.up([{ name: "a", inputs: { label: "two" } }]);
    expect(operations(outcome)).toEqual(["replace a", "delete a"]);
    expect(stack.maker.calls).toEqual(["create two", "delete one"]);
  });

  test("one that keeps its name is deleted first, and with it what it would take along", async () => {
    const declared = (shape: string) => [
      toy("a", { shape }),
      toy("b", { of: "$a" }),
      toy("c", { colour: "$a" }),
    ];
    await stack.up(declared("round"));
    const outcome = await stack.up(declared("square"));
    expect(outcome.failures).toEqual([]);
    expect(stack.maker.calls).toEqual([
      "delete b",
      "delete a",
      "create a",
      expect.anything(),
      expect.anything(),
    ]);
    expect(stack.maker.calls.slice(3).sort()).toEqual(["create b", "update c"]);
  });

  test("an old one that could not be deleted is deleted by the next run", async () => {
    await stack.up([{ name: "a", inputs: { label: "one", colour: "sticky" } }]);
    const failed = await stack.up([{ name: "a", inputs: { label: "two" } }]);
    expect(failed.failures.map(({ text }) => text)).toEqual(["It sticks."]);
    const again = await stack.up([{ name: "a", inputs: { label: "two" } }]);
    expect(operations(again)).toEqual(["same a"]);
    expect(stack.maker.calls).toEqual(["delete one"]);
  });
});

describe("failures", () => {
  test("what was made before a failure is kept, and the next run goes on from there", async () => {
    const declared = (colour: string) => [
      toy("a"),
      { ...toy("b", { colour }), after: ["a"] },
      { ...toy("c"), after: ["b"] },
    ];
    const failed = await stack.up(declared("broken"));
    expect(failed.failures).toEqual([
      { urn: "urn:pulumi:test::toys::toy:index:Toy::b", text: "It broke." },
    ]);
    expect(stack.maker.calls).toEqual(["create a", "create b"]);
    const next = await stack.up(declared("blue"));
    expect(operations(next)).toEqual(["same a", "create b", "create c"]);
  });

  test("a program that throws deletes nothing", async () => {
    await stack.up([toy("a")]);
    const failed = await stack.up([], { env: { TOYS: "[]", TOYS_THROW: "No idea." } });
    expect(failed.failures).toHaveLength(1);
    expect(failed.failures[0]?.text).toContain("No idea.");
    expect(stack.maker.toys.has("a")).toBe(true);
  });

  test("two resources with one URN are refused", async () => {
    const outcome = await stack.preview([toy("a"), toy("a")]);
    expect(outcome.failures.map(({ text }) => text)).toEqual([
      'Duplicate resource URN "urn:pulumi:test::toys::toy:index:Toy::a"; try giving it a unique name.',
    ]);
  });

  test("an input that is misspelt is refused with its path", async () => {
    const outcome = await stack.preview([toy("a", { color: "red" })]);
    expect(outcome.failures.map(({ text }) => text)).toEqual(["color: no such input"]);
  });

  test("a type of no provider is refused", async () => {
    const outcome = await stack.preview([{ name: "a", type: "aws:s3/bucket:Bucket" }]);
    expect(outcome.failures[0]?.text).toContain("No provider is here for the type aws:s3/");
  });

  test("an alias of something that is there is refused, and any other means nothing", async () => {
    const renamed = [{ ...toy("b"), options: { aliases: [{ name: "a" }] } }];
    const first = await stack.preview(renamed);
    expect(first.failures).toEqual([]);
    await stack.up([toy("a")]);
    const outcome = await stack.preview(renamed);
    expect(outcome.failures[0]?.text).toContain("doesn't know these options: aliases");
  });

  test("an option that is not known here is refused", async () => {
    const outcome = await stack.preview([{ ...toy("a"), options: { import: "a" } }]);
    expect(outcome.failures[0]?.text).toContain("doesn't know these options: import");
  });
});

describe("resource options", () => {
  test("a protected resource is neither deleted nor replaced", async () => {
    const kept = { ...toy("a"), options: { protect: true } };
    await stack.up([kept]);
    const gone = await stack.up([]);
    expect(gone.failures[0]?.text).toContain("as it is currently marked for protection");
    expect((await stack.destroy()).failures).toHaveLength(1);
    const replaced = await stack.up([{ ...kept, inputs: { label: "a", shape: "square" } }]);
    expect(replaced.failures[0]?.text).toContain("unable to replace resource");
    expect(stack.maker.calls).toEqual([]);
    await stack.up([toy("a")]);
    expect((await stack.destroy()).failures).toEqual([]);
  });

  test("changes that are to be ignored are, and others can be made to replace", async () => {
    const declared = (colour: string, options: object) => [{ ...toy("a", { colour }), options }];
    await stack.up(declared("red", {}));
    const ignored = await stack.up(declared("blue", { ignoreChanges: ["colour"] }));
    expect(operations(ignored)).toEqual(["same a"]);
    const replaced = await stack.up(declared("blue", { replaceOnChanges: ["colour"] }));
    expect(operations(replaced)).toEqual(["replace a"]);
  });

  test("what is retained stays in the world", async () => {
    await stack.up([{ ...toy("a"), options: { retainOnDelete: true } }]);
    await stack.up([]);
    expect(stack.maker.toys.has("a")).toBe(true);
  });
});

describe("values", () => {
  test("secrets stay secret on their way through a resource", async () => {
    const outcome = await stack.up([toy("a", { code: "!sesame" })]);
    expect(stack.maker.toys.get("a")).toEqual({ label: "a", code: "sesame" });
    expect(outcome.outputs["password"]).toBe("[secret]");
    expect(outcome.plainOutputs["password"]).toBe("swordfish");
    const again = await stack.up([toy("a", { code: "!sesame" })]);
    expect(operations(again)).toEqual(["same a"]);
  });

  test("configuration has its defaults in Pulumi.yaml", async () => {
    const plain = await stack.preview([]);
    expect(plain.outputs).toMatchObject({ size: "small", maker: "nobody" });
    const set = await stack.preview([], { config: { "toys:size": "big" } });
    expect(set.outputs).toMatchObject({ size: "big", maker: "nobody" });
  });

  test("a program may ask the provider, and hears where there is no such question", async () => {
    await stack.preview([], { env: { TOYS_ASK: "toy:index:ask" } });
    expect(stack.messages.join("\n")).toContain('asked: {"answer":"x"}');
    const wrong = await stack.preview([], { env: { TOYS_ASK: "toy:index:tell" } });
    expect(wrong.failures[0]?.text).toContain("There is no function toy:index:tell.");
  });
});
