import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { scaffold } from "../../../cli/init/scaffold.ts";
import { isMeshError } from "../../../sdk/model/errors.ts";
import { inRepository, Workplace } from "./support.ts";

const manifestOf = (path: string) =>
  JSON.parse(readFileSync(path, "utf8")) as Record<string, Record<string, string>>;

function codeOf(does: () => void): string | undefined {
  try {
    does();
  } catch (error) {
    if (isMeshError(error)) return error.code;
    throw error;
  }
  return undefined;
}

describe("tidemark init", () => {
  test("writes a project with the folder's name, and says how to go on", async () => {
    await using place = await Workplace.create();
    const { exitCode, stdout, stderr } = await place.tidemark("init", "shop-2");
    expect(stderr).toContain("not on npm's registry yet");
    expect(stdout).toContain("  cd shop-2\n  npm install\n  npm test\n  npm run dev\n");
    expect(exitCode).toBe(0);
    expect(readdirSync(place.path("shop-2"), { recursive: true }).sort()).toEqual([
      ".gitignore",
      "Pulumi.yaml",
      "README.md",
      "infra",
      "infra/index.ts",
      "package.json",
      "pipelines",
      "pipelines/page-views.test.ts",
      "pipelines/page-views.ts",
      "sample",
      "sample/page-views.ndjson",
      "tsconfig.json",
    ]);
    for (const [file, words] of [
      ["package.json", '"name": "shop-2"'],
      ["Pulumi.yaml", "name: shop-2\n"],
      ["README.md", "# shop-2\n"],
    ] as const) {
      const text = readFileSync(place.path(`shop-2/${file}`), "utf8");
      expect(text).toContain(words);
      expect(text).not.toContain("my-project");
    }
  });

  test("takes the folder it is in, also with an empty git repository, and another name", async () => {
    await using place = await Workplace.create();
    await mkdir(place.path(".git"));
    const { stdout, exitCode } = await place.tidemark("init", "--name", "shop");
    expect(stdout).toMatch(/^shop is begun: /);
    expect(exitCode).toBe(0);
    expect(manifestOf(place.path("package.json"))["name"]).toBe("shop");
  });

  test("a folder in which anything lies is left as it is", async () => {
    await using place = await Workplace.create({ "shop/a.txt": "mine", "shop/b.txt": "mine" });
    const { stderr, exitCode } = await place.tidemark("init", "shop");
    expect(stderr).toMatch(/error ERR_OPTION\n {2}\S+shop is not empty: a\.txt and 1 more\./);
    expect(exitCode).toBe(1);
    expect(readdirSync(place.path("shop"))).toEqual(["a.txt", "b.txt"]);
  });

  test("a file is no folder", async () => {
    await using place = await Workplace.create({ shop: "mine" });
    const { stderr, exitCode } = await place.tidemark("init", "shop");
    expect(stderr).toMatch(/ERR_OPTION\n {2}\S+shop is a file\. Give a folder\./);
    expect(exitCode).toBe(1);
    expect(readFileSync(place.path("shop"), "utf8")).toBe("mine");
  });

  test.for(["Shop", "2shop", "shop_", "my shop", "shop-", "a".repeat(51), "tidemark"])(
    "%s is no name of a project, and nothing is written",
    async (name) => {
      await using place = await Workplace.create();
      const folder = place.path("folder");
      const code = codeOf(() => scaffold({ folder, name, tarball: undefined }));
      expect(code).toBe("ERR_OPTION");
      expect(existsSync(folder)).toBe(false);
    },
  );

  test("holds the tarball of tidemark that it is given, and installs that", async () => {
    await using place = await Workplace.create({ "out/tidemark-0.1.0.tgz": "packed" });
    await place.tidemark("init", "a/shop", "--package", "out/tidemark-0.1.0.tgz");
    const { dependencies } = manifestOf(place.path("a/shop/package.json"));
    expect(dependencies?.["tidemark"]).toBe("file:tidemark-0.1.0.tgz");
    expect(readFileSync(place.path("a/shop/tidemark-0.1.0.tgz"), "utf8")).toBe("packed");
  });

  test("a tarball that is not there is a usage error", async () => {
    await using place = await Workplace.create();
    const { stderr, exitCode } = await place.tidemark("init", "shop", "--package", "no.tgz");
    expect(stderr).toContain("Give a .tgz that is there");
    expect(exitCode).toBe(2);
  });
});

describe("the template", () => {
  const own = manifestOf(inRepository("package.json"));
  const template = manifestOf(inRepository("cli/init/template/manifest.json"));

  test("names the versions that this package is tested with", () => {
    const here = { ...own["dependencies"], ...own["devDependencies"], tidemark: own["version"] };
    const named = { ...template["dependencies"], ...template["devDependencies"] };
    expect(Object.keys(named).length).toBeGreaterThan(3);
    expect(here).toMatchObject(named);
    expect(template["engines"]).toEqual(own["engines"]);
  });

  test("has the scripts that its README names", () => {
    const readme = readFileSync(inRepository("cli/init/template/README.md"), "utf8");
    const named = [...readme.matchAll(/\bnpm run (\w+)/g)].map(([, name = ""]) => name);
    expect(named.length).toBeGreaterThan(4);
    expect(named.filter((name) => !(name in (template["scripts"] ?? {})))).toEqual([]);
  });
});
