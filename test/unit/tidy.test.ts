/**
 * Tidy: rules about the tree itself, not about what the code does.
 *
 * Owns: what a machine can check of CONTRIBUTING.md and the docs. Does not own: what Biome, tsc and
 * knip check. Each test fails with the list of what breaks its rule.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import * as firestore from "../../emulators/firestore/limits.ts";
import * as pubsub from "../../emulators/pubsub/limits.ts";
import * as tasks from "../../emulators/tasks/limits.ts";
import * as engine from "../../functions/options.ts";
import { dispositions } from "../../sdk/model/errors.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const self = "test/unit/tidy.test.ts";

/** A longer source file fails; a longer one than the second figure is named in the output. */
const SOURCE_LINES_MAX = 400;
const SOURCE_LINES_LONG = 300;
/** Suites are lists of sentences, and may be longer. */
const TEST_LINES_MAX = 500;

const files: readonly string[] = listFiles();
const texts = new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));

const code = files.filter((file) => file.endsWith(".ts"));
const sources = code.filter((file) =>
  /^(sdk|functions|infra|emulators|cli|examples|bench|packaging)\//.test(file),
);
const tests = code.filter((file) => file.startsWith("test/") && file !== self);
const pages = files.filter((file) => file.endsWith(".md"));

/** Files that git knows or would add, so that a new file is checked before its first commit. */
function listFiles(): string[] {
  let listed: string[];
  try {
    const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    listed = execFileSync("git", args, { cwd: root, encoding: "utf8" }).split("\0");
  } catch {
    listed = walk(""); // No git, or not a clone.
  }
  return listed.filter((file) => file !== "" && isFile(file) && !/\.(png|jpg|svg)$/.test(file));
}

function isFile(file: string): boolean {
  return existsSync(join(root, file)) && statSync(join(root, file)).isFile();
}

function walk(folder: string): string[] {
  const ignored = /^(node_modules|\.git|\.build|\.tidemark|docs\/api|out)$/;
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (!entry.isDirectory()) return [path];
    return ignored.test(path) ? [] : walk(path);
  });
}

function textOf(file: string): string {
  return texts.get(file) ?? "";
}

function linesOf(file: string): number {
  return textOf(file).trimEnd().split("\n").length;
}

/** `file:line: the line` for each line of a file that matches. */
function hits(file: string, pattern: RegExp): string[] {
  return textOf(file)
    .split("\n")
    .flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : []));
}

describe("files", () => {
  test("no source file is longer than 400 lines, and no test than 500", () => {
    const long = sources.filter((file) => linesOf(file) > SOURCE_LINES_LONG);
    if (long.length > 0) console.info(`Over ${SOURCE_LINES_LONG} lines: ${long.join(", ")}`);
    const tooLong = [
      ...sources.filter((file) => linesOf(file) > SOURCE_LINES_MAX),
      ...tests.filter((file) => linesOf(file) > TEST_LINES_MAX),
    ].map((file) => `${file}: ${linesOf(file)} lines`);
    expect(tooLong).toEqual([]);
  });

  test("every source file begins with a header comment", () => {
    expect(sources.filter((file) => !/^(#!.*\n)?\/\*\*/.test(textOf(file)))).toEqual([]);
  });

  test("a TODO carries the number of an issue", () => {
    const loose = [...sources, ...tests].flatMap((file) => hits(file, /\bTODO\b(?!\(#\d+\))/));
    expect(loose).toEqual([]);
  });

  test("no file names a path of one machine or the host of a registry", () => {
    const paths = /(^|["'`\s=(:])(\/(home|root|Users|work|tmp|private)\/|[A-Z]:\\\\)/;
    const hosts =
      /registry\.npmjs|registry\.yarnpkg|npm\.pkg\.github|artifactory|verdaccio|"resolved": "http/;
    const named = files
      .filter((file) => file !== self)
      .flatMap((file) => [...hits(file, paths), ...hits(file, hosts)]);
    expect(named).toEqual([]);
  });
});

describe("tests", () => {
  test("no test is run alone", () => {
    const alone = /\b(it|test|describe|suite)(\.\w+)*\.only\b/;
    expect(tests.flatMap((file) => hits(file, alone))).toEqual([]);
  });

  test("a skipped test says why in its title", () => {
    const skipping = /\b(it|test|describe|suite)(\.\w+)*\.(skip|skipIf|runIf|todo|fails)\(/;
    const silent = tests.flatMap((file) => {
      const lines = textOf(file).split("\n");
      return lines.flatMap((line, i) => {
        const title = lines.slice(i, i + 3).join(" ");
        const isSilent = skipping.test(line) && !/reason|skipped|because/i.test(title);
        return isSilent ? [`${file}:${i + 1}: ${line.trim()}`] : [];
      });
    });
    expect(silent).toEqual([]);
  });
});

describe("errors", () => {
  const codes = Object.keys(dispositions);
  const page = textOf("docs/errors.md");

  const thrown = new Set(
    sources.flatMap((file) =>
      [...textOf(file).matchAll(/new MeshError\(\s*"(ERR_\w+)"/g)].map(([, name = ""]) => name),
    ),
  );

  test("docs/errors.md has a heading for each code and no other, with what happens next", () => {
    const sections = new Map(
      page.split(/^## /m).map((section) => [section.split("\n")[0] ?? "", section]),
    );
    const headings = [...sections.keys()].filter((heading) => heading.startsWith("ERR_"));
    expect(headings.sort()).toEqual([...codes].sort());
    const undisposed = Object.entries(dispositions)
      .filter(([name, next]) => !sections.get(name)?.includes(`**${next}**`))
      .map(([name, next]) => `${name}: its section must say **${next}**`);
    expect(undisposed).toEqual([]);
  });

  test("every code is thrown somewhere", () => {
    expect(codes.filter((name) => !thrown.has(name))).toEqual([]);
  });

  test("every code that is thrown is named in a test", () => {
    const named = tests.map(textOf).join("\n");
    expect([...thrown].filter((name) => !named.includes(name))).toEqual([]);
  });
});

/** What the files of a folder may import; the first rule that fits a file counts. */
const importRules: readonly {
  readonly files: RegExp;
  readonly folders: RegExp;
  readonly packages: RegExp;
}[] = [
  {
    files: /^sdk\/transforms\/combiners\//,
    folders: /^sdk\//,
    packages: /^@datadog\/sketches-js$/,
  },
  // Types alone: the package holds no code.
  { files: /^sdk\/schemas\//, folders: /^sdk\//, packages: /^@standard-schema\/spec$/ },
  { files: /^sdk\/windowing\//, folders: /^sdk\//, packages: /^luxon$/ },
  { files: /^sdk\//, folders: /^sdk\//, packages: /^$/ },
  {
    files: /^functions\/gcp\//,
    folders: /^(sdk|functions)\//,
    packages: /^(node:|@google-cloud\/|@grpc\/|jose(\/|$))/,
  },
  {
    files: /^functions\//,
    folders: /^(sdk\/|functions\/(?!gcp\/))/,
    packages: /^(node:|csv-parse|csv-stringify)/,
  },
  {
    files: /^infra\//,
    folders: /^(sdk|functions|infra)\//,
    packages: /^(node:|acorn$|esbuild$|@pulumi\/pulumi$|@pulumi\/gcp\/)/,
  },
  {
    files: /^emulators\/pulumi\//,
    folders: /^(sdk|functions|emulators)\//,
    packages: /^(node:|@google-cloud\/|@grpc\/|@pulumi\/pulumi\/proto\/)/,
  },
  {
    files: /^emulators\//,
    folders: /^(sdk|functions|emulators)\//,
    packages: /^(node:|@google-cloud\/|@grpc\/|undici$)/,
  },
  {
    files: /^cli\/init\/template\//,
    folders: /^cli\/init\/template\//,
    packages: /^(tidemark$|tidemark\/|@pulumi\/pulumi$|node:)/,
  },
  { files: /^packaging\//, folders: /^packaging\//, packages: /^node:/ },
  { files: /^examples\//, folders: /^examples\//, packages: /^(tidemark$|node:)/ },
  {
    files: /^cli\//,
    folders: /^(sdk|functions|infra|emulators|examples|cli)\//,
    packages: /^(?!vitest|fast-check|tidemark)/,
  },
  {
    files: /^bench\//,
    folders: /^(sdk|functions|infra|emulators|examples|bench)\//,
    packages: /^(?!vitest|fast-check)/,
  },
  { files: /^test\//, folders: /^/, packages: /^/ },
];

interface Import {
  readonly from: string;
  /** A path from the root, or the name of a package. */
  readonly to: string;
  readonly isPackage: boolean;
}

function importsOf(file: string): Import[] {
  const forms =
    /^\s*(?:import|export)\s[^;"'`]*?from\s*"([^"]+)"|^\s*import\s*"([^"]+)"|\bimport\("([^"]+)"\)/gm;
  return [...textOf(file).matchAll(forms)].map(([, a, b, c]) => {
    const target = a ?? b ?? c ?? "";
    if (!target.startsWith(".")) return { from: file, to: target, isPackage: true };
    return { from: file, to: posix.join(dirname(file), target), isPackage: false };
  });
}

function isAllowed({ from, to, isPackage }: Import): boolean {
  const rule = importRules.find((r) => r.files.test(from));
  if (rule === undefined) return false;
  return isPackage ? rule.packages.test(to) : rule.folders.test(to);
}

describe("imports", () => {
  const graph = code.filter((file) => file.includes("/")).flatMap(importsOf);

  test("the graph that is checked is the whole one", () => {
    expect(new Set(graph.map(({ from }) => from)).size).toBeGreaterThan(100);
    expect(graph.filter(({ isPackage }) => !isPackage).length).toBeGreaterThan(500);
    const inside = graph.filter(({ from, isPackage }) => !from.startsWith("test/") && !isPackage);
    expect(
      inside.filter(({ to }) => !texts.has(to)).map(({ from, to }) => `${from}: ${to}`),
    ).toEqual([]);
  });

  test("imports run one way: sdk, functions, then emulators or infra, then cli", () => {
    const wrong = graph.filter((edge) => !isAllowed(edge));
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  test("each rule refuses what it is there for", () => {
    const planted: readonly Import[] = [
      { from: "sdk/a.ts", to: "functions/ports.ts", isPackage: false },
      { from: "sdk/a.ts", to: "node:fs", isPackage: true },
      { from: "sdk/a.ts", to: "@datadog/sketches-js", isPackage: true },
      { from: "sdk/schemas/a.ts", to: "zod", isPackage: true },
      { from: "functions/a.ts", to: "functions/gcp/world.ts", isPackage: false },
      { from: "functions/a.ts", to: "@google-cloud/pubsub", isPackage: true },
      { from: "functions/connectors/a.ts", to: "emulators/index.ts", isPackage: false },
      { from: "functions/gcp/a.ts", to: "emulators/index.ts", isPackage: false },
      { from: "infra/a.ts", to: "cli/main.ts", isPackage: false },
      { from: "emulators/a.ts", to: "cli/main.ts", isPackage: false },
      { from: "emulators/a.ts", to: "infra/code-bundle.ts", isPackage: false },
      { from: "examples/a.ts", to: "sdk/index.ts", isPackage: false },
      { from: "cli/a.ts", to: "test/support/builders.ts", isPackage: false },
      { from: "bench/a.ts", to: "cli/main.ts", isPackage: false },
    ];
    expect(planted.filter(isAllowed)).toEqual([]);
  });
});

describe("docs", () => {
  test("every relative link leads to a file, and to a heading of it", () => {
    const links = pages.flatMap((page) =>
      [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => ({ page, link })),
    );
    expect(links.length).toBeGreaterThan(50);
    const broken = links.filter(({ page, link }) => !isLinkGood(page, link));
    expect(broken.map(({ page, link }) => `${page}: ${link}`)).toEqual([]);
  });

  test("no figure is left to be filled in", () => {
    expect(pages.flatMap((page) => hits(page, /\{\{[\w-]+\}\}/))).toEqual([]);
  });

  test("every outer limit stands in docs/limits.md with its value", () => {
    const limits = [pubsub, firestore, tasks, engine].flatMap((constants) =>
      Object.entries<unknown>(constants).filter(([, value]) => typeof value === "number"),
    );
    expect(limits.length).toBeGreaterThan(60);
    const page = textOf("docs/limits.md");
    const rows = limits.map(
      ([name, value]) => `| \`${name}\` | ${Number(value).toLocaleString("en-US")} |`,
    );
    expect(rows.filter((row) => !page.includes(row))).toEqual([]);
  });

  test("every default of the engine stands in docs/limits.md with its value", () => {
    const page = textOf("docs/limits.md");
    const rows = Object.entries(engine.DEFAULT_OPTIONS).map(
      ([name, value]) => `| \`${name}\` | ${value.toLocaleString("en-US")} |`,
    );
    expect(rows.filter((row) => !page.includes(row))).toEqual([]);
  });

  test("every invariant that docs/architecture.md lists stands in the header of its file", () => {
    const rows = [
      ...textOf("docs/architecture.md").matchAll(/^\| ([A-Z]+\d) \| .* \| \[(\S+)\]\(\S+\) \|$/gm),
    ];
    expect(rows.length).toBeGreaterThan(40);
    const missing = rows.filter(([, id, file = ""]) => !textOf(file).includes(`\n * ${id}. `));
    expect(missing.map(([, id, file]) => `${id} in ${file}`)).toEqual([]);
  });
});

describe("dependencies", () => {
  const { dependencies, devDependencies } = JSON.parse(textOf("package.json")) as Readonly<
    Record<"dependencies" | "devDependencies", Readonly<Record<string, string>>>
  >;
  const wanted = { ...dependencies, ...devDependencies };

  test("each is pinned to one version", () => {
    const loose = Object.entries(wanted).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));
    expect(loose).toEqual([]);
  });

  test("docs/dependencies.md gives a reason for each, and for nothing else", () => {
    const rows = [...textOf("docs/dependencies.md").matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)];
    expect(rows.map(([, name]) => name).sort()).toEqual(Object.keys(wanted).sort());
    expect(rows.filter(([, , reason = ""]) => !/^.{20,}\.$/.test(reason.trim()))).toEqual([]);
  });
});

/** A page without its code, in which nothing is a link or a heading. */
function proseOf(page: string): string {
  return textOf(page)
    .replace(/^```[\s\S]*?^```/gm, "")
    .replace(/`[^`\n]*`/g, (name) => name.replace(/[[\]()]/g, ""));
}

function isLinkGood(page: string, link: string): boolean {
  if (/^(https?:|mailto:)/.test(link)) return true;
  const [path = "", heading] = link.split("#");
  const target = path === "" ? page : posix.join(dirname(page), path);
  if (!existsSync(join(root, target))) return false;
  return heading === undefined || slugsOf(target).has(heading);
}

/** The anchors of a page's headings, as GitHub makes them. */
function slugsOf(page: string): Set<string> {
  return new Set(
    [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .trim()
        .replace(/\s/g, "-"),
    ),
  );
}
