/** docs/transforms.md names every transform and combiner there is. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PCollection } from "../../../../sdk/pcollection.ts";

const textOf = (path: string): string =>
  readFileSync(new URL(`../../../../${path}`, import.meta.url), "utf8");

const page = textOf("docs/transforms.md");

function unnamed(names: readonly string[]): string[] {
  expect(names.length).toBeGreaterThan(10);
  return names.filter((name) => !page.includes(`\`${name}\``));
}

test("what sdk/index.ts exports of transforms/ and schemas/ stands in the page", () => {
  const exported = textOf("sdk/index.ts").matchAll(
    /^export \{([^}]*)\} from "\.\/(?:transforms|schemas)\//gm,
  );
  const names = [...exported].flatMap(([, list = ""]) =>
    list
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "" && !name.startsWith("type ")),
  );
  expect(unnamed(names)).toEqual([]);
});

test("so does every method of a PCollection", () => {
  const internal = new Set(["constructor", "within", "name"]);
  const methods = Object.getOwnPropertyNames(PCollection.prototype);
  expect(unnamed(methods.filter((name) => !internal.has(name)))).toEqual([]);
});
