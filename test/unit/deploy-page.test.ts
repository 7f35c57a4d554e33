/**
 * docs/deploy.md and the configuration's table: what they name is there, and nothing is left out.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { codeBlocks } from "../support/doc-snippets.ts";
import { inRepository } from "./cli/support.ts";

const textOf = (path: string): string => readFileSync(inRepository(path), "utf8");
const page = textOf("docs/deploy.md");
const commands = codeBlocks("docs/deploy.md", "sh").flatMap((block) => block.split("\n"));

/** Keys that infra/config.ts reads. */
const keys = [...textOf("infra/config.ts").matchAll(/\bread\.\w+\(\s*"(\w+)",?/g)]
  .map(([, key = ""]) => key)
  .filter((key, at, all) => all.indexOf(key) === at);

test("docs/topology.md has a row for each key of the configuration, and for no other", () => {
  const [, table = ""] = textOf("docs/topology.md").split("## Configuration");
  const rows = [...table.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, names = ""]) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, key = ""]) => key),
  );
  expect(keys.length).toBeGreaterThan(20);
  expect(rows.sort()).toEqual([...keys].sort());
});

test("the guide sets only keys that there are", () => {
  const named = [...page.matchAll(/tidemark:(\w+)/g)].map(([, key = ""]) => key);
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((key) => !keys.includes(key))).toEqual([]);
});

test("each kind of resource that is declared has a role for who deploys it", () => {
  const declared = new Set(
    readdirSync(inRepository("infra"))
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) => [...textOf(`infra/${file}`).matchAll(/@pulumi\/gcp\/(\w+)\//g)])
      .map(([, module = ""]) => module),
  );
  const rows = [...page.matchAll(/^\| `roles\/[\w.]+` \| .+ \| (.+) \|$/gm)];
  const covered = rows.flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, module = ""]) => module),
  );
  expect(declared.size).toBeGreaterThan(8);
  expect([...new Set(covered)].sort()).toEqual([...declared].sort());
});

test("its commands of tidemark and npm are there", () => {
  const tidemark = commands.flatMap((line) => [...line.matchAll(/^(?:npx )?tidemark ([a-z-]+)/g)]);
  const missing = tidemark.filter(
    ([, command]) => !existsSync(inRepository(`cli/commands/${command}.ts`)),
  );
  expect(tidemark.length).toBeGreaterThan(3);
  expect(missing.map(([words]) => words)).toEqual([]);
  const { scripts } = JSON.parse(textOf("cli/init/template/manifest.json")) as Scripts;
  const { scripts: own } = JSON.parse(textOf("package.json")) as Scripts;
  const run = [...page.matchAll(/\bnpm run (\w+)/g)].map(([, name = ""]) => name);
  expect(run.filter((name) => !(name in scripts) && !(name in own))).toEqual([]);
});

test("the workflow is YAML, and deploys only what is tested and on main", () => {
  const [text = "", ...more] = codeBlocks("docs/deploy.md", "yaml");
  expect(more).toEqual([]);
  // The parser that Pulumi's own SDK brings.
  const ofPulumi = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi"));
  const { load } = ofPulumi("js-yaml") as { load(text: string): unknown };
  expect(load(text)).toMatchObject({
    permissions: { contents: "read" },
    jobs: {
      deploy: {
        needs: "test",
        if: "github.ref == 'refs/heads/main'",
        concurrency: { "cancel-in-progress": false },
        permissions: { "id-token": "write" },
      },
    },
  });
});

interface Scripts {
  readonly scripts: Readonly<Record<string, string>>;
}
