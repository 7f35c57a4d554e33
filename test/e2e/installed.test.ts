/**
 * The package as users have it: built, packed and installed, and a project that `tidemark init` begins.
 *
 * Node runs no TypeScript below node_modules, so that only here all of the package's own files are
 * JavaScript.
 */
import { readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import { Firestore } from "@google-cloud/firestore";
import { PubSub } from "@google-cloud/pubsub";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLocalStack } from "../../emulators/pulumi/local-stack.ts";
import { DevProcess } from "../support/dev-process.ts";
import { InstalledPackage, type RunMore } from "../support/installed-package.ts";
import { inRepository } from "../unit/cli/support.ts";

let installed: InstalledPackage;
let shop: string;

beforeAll(async () => {
  installed = await InstalledPackage.create();
  shop = `${installed.folder}/shop`;
  // What is cached for this package goes with it.
  process.env["HOME"] = installed.folder;
}, 120_000);
afterAll(() => installed?.[Symbol.asyncDispose]());

describe("the package", () => {
  test("is JavaScript with declarations; only the template is TypeScript", async () => {
    const files = await installed.files();
    const sources = files.filter((file) => /(?<!\.d)\.ts$/.test(file));
    expect(sources.filter((file) => !file.startsWith("cli/init/template/"))).toEqual([]);
    expect(sources.length).toBeGreaterThan(2);
    const modules = files.filter((file) => file.endsWith(".js"));
    const undeclared = modules.filter((file) => !files.includes(file.replace(/\.js$/, ".d.ts")));
    expect(undeclared).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(["package.json", "README.md", "LICENSE"]));
  });

  test("has what its exports and its command name", async () => {
    const files = await installed.files();
    const { exports, bin } = installed.manifest;
    const named = [...Object.values(exports).flatMap((each) => Object.values(each))];
    const missing = [...named, ...Object.values(bin)].filter(
      (file) => !files.includes(file.replace("./", "")),
    );
    expect(missing).toEqual([]);
    expect(Object.keys(exports).sort()).toEqual(
      [".", "./emulators", "./functions", "./infra", "./testing"].sort(),
    );
  });

  test("has the files that it finds by their paths", async () => {
    const files = await installed.files();
    const named: string[] = [];
    for (const file of files.filter((each) => each.endsWith(".js"))) {
      const text = await readFile(installed.path(file), "utf8");
      // Paths from the package's root, or from the file itself.
      const paths = text.matchAll(/(?:\bown\(|\bfile: |\bownFile\()"([\w./-]+)\.ts"/g);
      for (const [, path = ""] of paths) {
        named.push(path.startsWith("./") ? join(dirname(file), path) : path);
      }
    }
    expect(named.length).toBeGreaterThan(6);
    const missing = named.filter((path) => !files.some((file) => file.endsWith(`${path}.js`)));
    expect(missing).toEqual([]);
  });

  test("depends on what it imports, and on nothing else", async () => {
    const imported = new Set<string>();
    for (const file of await installed.files()) {
      if (!/\.(js|d\.ts)$/.test(file)) continue;
      const text = await readFile(installed.path(file), "utf8");
      const forms =
        /(?:from|^import|import\(|require\(|resolve\()\s*"((?:@[\w-]+\/)?[a-z][\w.-]*)[^"]*"/gm;
      for (const [, name = ""] of text.matchAll(forms)) imported.add(name);
    }
    const packages = [...imported].filter((name) => !isBuiltin(name) && name !== "node");
    expect(packages.sort()).toEqual(Object.keys(installed.manifest.dependencies).sort());
  });

  test.for([".", "./emulators", "./functions", "./infra", "./testing"])(
    "can be imported as tidemark with %s",
    { timeout: 30_000 },
    async (path) => {
      const text = `console.log(Object.keys(await import("tidemark${path.slice(1)}")).length)`;
      const args = ["--input-type=module", "-e", text];
      expect(Number(await installed.run(process.execPath, args))).toBeGreaterThan(0);
    },
  );
});

describe("a project that tidemark init begins", { timeout: 60_000 }, () => {
  const script = (name: string): Promise<string> =>
    installed.run("npm", ["run", "--silent", name], { folder: shop });

  const tidemark = (args: readonly string[], more?: RunMore): Promise<string> =>
    installed.run(`${installed.folder}/node_modules/.bin/tidemark`, args, more);

  beforeAll(async () => {
    const said = await tidemark(["init", "shop", "--package", installed.tarball]);
    expect(said).toContain("cd shop\n  npm install\n");
  });

  test("names the package that it was begun with", async () => {
    const manifest = JSON.parse(await readFile(`${shop}/package.json`, "utf8"));
    expect(manifest.name).toBe("shop");
    expect(manifest.dependencies.tidemark).toMatch(/^file:tidemark-[\d.]+\.tgz$/);
  });

  test("passes its own tests", async () => {
    expect(await script("test")).toMatch(/pass 2\n.*fail 0\n/);
  });

  test("type-checks against the declarations", async () => {
    expect(await script("check")).toBe("");
  });

  test("shows its plan, and what a month costs", async () => {
    expect(await script("plan")).toContain("Pipeline page-views: 2 functions");
    expect(await script("cost")).toContain("Break-even");
  });

  test("runs over its sample", async () => {
    expect(await script("try")).toContain("Collection page-minutes: 5 documents");
  });

  test("is all declared by its Pulumi program, and its job runs", {
    timeout: 150_000,
  }, async () => {
    const stack = await startLocalStack({
      project: "shop-project",
      program: shop,
      stack: "dev",
      config: { "tidemark:protect": "false" },
    });
    try {
      const { failures, plainOutputs, steps } = await stack.up();
      expect(failures).toEqual([]);
      const guide = await readFile(inRepository("docs/deploy.md"), "utf8");
      expect(guide).toContain(`${steps.length} for the pipeline of \`tidemark init\``);
      expect(plainOutputs).toMatchObject({
        topics: { "page-views": ["page-views"] },
        jobs: { "page-views": "RUNNING" },
      });
      const commands = plainOutputs["commands"] as readonly string[];
      const looks = commands.filter((command) => !command.startsWith("tidemark drain "));
      expect(looks.length).toBeGreaterThan(1);
      for (const command of looks) {
        const [, ...args] = command.replaceAll('"', "").split(" ");
        await tidemark(args, { folder: shop, env: stack.variables });
      }
    } finally {
      await stack.stop();
    }
  });

  test("counts on a mesh of functions, and drains", { timeout: 150_000 }, async () => {
    const file = "pipelines/page-views.ts";
    const dev = new DevProcess(shop, [file, "--json"], installed.path("cli/main.js"));
    try {
      const { variables } = await dev.next("started");
      const env = variables as Record<string, string>;
      Object.assign(process.env, env);
      await publish(await readFile(`${shop}/sample/page-views.ndjson`, "utf8"));
      await tidemark(["drain", "page-views", "--take-backlog", "1"], { folder: shop, env });
      expect(await viewsOf(`%2F-${Date.parse("2026-01-01T12:00:00Z")}`)).toBe(2);
    } finally {
      dev.child.kill("SIGINT");
      expect(await dev.ended).toBe(0);
    }
  });
});

async function publish(lines: string): Promise<void> {
  const pubsub = new PubSub();
  try {
    const topic = pubsub.topic("page-views");
    for (const line of lines.trim().split("\n")) {
      await topic.publishMessage({ data: Buffer.from(line) });
    }
  } finally {
    await pubsub.close();
  }
}

async function viewsOf(id: string): Promise<unknown> {
  const firestore = new Firestore();
  try {
    const found = await firestore.collection("page-minutes").doc(id).get();
    return found.get("views");
  } finally {
    await firestore.terminate();
  }
}
