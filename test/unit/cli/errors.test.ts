import { describe, expect, test } from "vitest";
import { lear, numbersPipeline, Workplace, wordsPipeline } from "./support.ts";

const pipelineOf = (name: string): string =>
  `pipeline("${name}", (p) => { p.create([1]).write(files.text('out')); })`;

describe("the author's file", () => {
  test("a missing file is named, with the nearest one there is, and without a stack", async () => {
    await using place = await Workplace.create({ "flights.ts": "", "other.ts": "" });
    const { exitCode, stderr, stdout } = await place.tidemark("plan", "flihgts.ts");
    expect(stderr).toContain(
      "error ERR_PIPELINE_FILE\n  There is no file flihgts.ts. Did you mean flights.ts?",
    );
    expect(stderr).not.toContain("    at ");
    expect(stdout).toBe("");
    expect(exitCode).toBe(1);
  });

  test("a file without its extension is found again", async () => {
    await using place = await Workplace.create({ "sub/flights.ts": "" });
    const { stderr } = await place.tidemark("plan", "sub/flights");
    expect(stderr).toContain("Did you mean sub/flights.ts?");
  });

  test("a folder is no file, and what lies in it is offered", async () => {
    await using place = await Workplace.create({ "sub/flights.ts": "" });
    const { stderr, exitCode } = await place.tidemark("plan", "sub");
    expect(stderr).toContain("sub is a folder. Did you mean sub/flights.ts?");
    expect(exitCode).toBe(1);
  });

  test("a syntax error is told with file, line and the line's text", async () => {
    await using place = await Workplace.create({ "bad.ts": "const a = 1;\nconst b = ;\n" });
    const { stderr, exitCode } = await place.tidemark("plan", "bad.ts");
    expect(stderr).toMatch(
      /ERR_PIPELINE_FILE\n {2}\S+bad\.ts:2:11: Unexpected ";"\n {6}const b = ;/,
    );
    expect(exitCode).toBe(1);
  });

  test("a file that throws while it loads is told with the line that threw", async () => {
    const throwing =
      'const n: number = 1;\n\nfunction f(): never {\n  throw new TypeError("no luck");\n}\nf();\n';
    await using place = await Workplace.create({ "bad.ts": throwing });
    const { stderr, exitCode } = await place.tidemark("plan", "bad.ts");
    expect(stderr).toMatch(/bad\.ts:4:9: the file throws while it loads\.\n {2}TypeError: no luck/);
    expect(exitCode).toBe(1);
  });

  test("a package that is not installed is told with the line of its import", async () => {
    await using place = await Workplace.create({
      "bad.ts": 'import "tidemark";\nimport "no-such-package";\n',
    });
    const { stderr, exitCode } = await place.tidemark("plan", "bad.ts");
    expect(stderr).toMatch(/bad\.ts:2:8: Could not resolve "no-such-package"/);
    expect(exitCode).toBe(1);
  });

  test("an error of the pipeline itself is told with its place in the file", async () => {
    const source =
      'import { pipeline } from "tidemark";\n\nexport default pipeline("No Name", () => {});\n';
    await using place = await Workplace.create({ "bad.ts": source });
    const { stderr, exitCode } = await place.tidemark("plan", "bad.ts");
    expect(stderr).toMatch(/error ERR_PIPELINE\n {2}\S+bad\.ts:3:16: "No Name" can't be the name/);
    expect(exitCode).toBe(1);
  });

  test("--verbose adds the stack, and the cause", async () => {
    await using place = await Workplace.create({ "bad.ts": 'throw new Error("no luck");' });
    const { stderr } = await place.tidemark("--verbose", "plan", "bad.ts");
    expect(stderr).toContain("caused by Error: no luck");
    expect(stderr).toMatch(/ {4}at .*bad\.ts:1:7/);
  });

  test.each([
    ["nothing", "export const a = 1;", "no default export"],
    ["a function", `export default () => ${pipelineOf("a")};`, "did you forget to call it?"],
    ["one by name only", `export const a = ${pipelineOf("a")};`, "export default a;"],
    [
      "several by name",
      `export const a = ${pipelineOf("a")};\nexport const b = ${pipelineOf("b")};`,
      "exports several pipelines (a, b) and none as default",
    ],
    ["several as default", `export default [${pipelineOf("a")}];`, "several pipelines as default"],
  ])("a file that exports %s is refused, with what to write", async (_, source, words) => {
    const file = `import { files, pipeline } from "tidemark";\n${source}\n`;
    await using place = await Workplace.create({ "bad.ts": file });
    const { stderr, exitCode } = await place.tidemark("plan", "bad.ts");
    expect(stderr).toContain("ERR_PIPELINE_FILE");
    expect(stderr).toContain(words);
    expect(exitCode).toBe(1);
  });

  test("a file that the pipeline reads and that is missing ends the run", async () => {
    await using place = await Workplace.create({ "words.ts": wordsPipeline });
    const { stderr, exitCode } = await place.tidemark("run", "words.ts");
    expect(stderr).toContain("error ERR_SOURCE_MISSING\n  No file at lear.txt.");
    expect(exitCode).toBe(1);
  });
});

describe("--publish", () => {
  const files = { "numbers.ts": numbersPipeline, "n.json": "{}", "n.ndjson": '{"n":1}\n{n}\n' };

  test.each([
    ["a topic without messages says how to give them", [], "--publish numbers=messages.ndjson"],
    [
      "a topic that nobody reads is refused",
      ["--publish", "nubmers=n.ndjson"],
      "does not read the topic nubmers; it reads numbers. Did you mean numbers?",
    ],
    ["a missing file is named", ["--publish", "numbers=x.json"], "there is no file x.json"],
    [
      "a .json file must hold an array",
      ["--publish", "numbers=n.json"],
      "n.json holds no JSON array",
    ],
    [
      "a line that is not JSON is named",
      ["--publish", "numbers=n.ndjson"],
      "n.ndjson:2 is not JSON",
    ],
  ])("%s", async (_, args, words) => {
    await using place = await Workplace.create(files);
    const { stderr, exitCode } = await place.tidemark("run", "numbers.ts", ...args);
    expect(stderr).toContain("error ERR_OPTION");
    expect(stderr).toContain(words);
    expect(exitCode).toBe(1);
  });

  test("a bounded pipeline reads no topic at all", async () => {
    await using place = await Workplace.create({ "words.ts": wordsPipeline, "lear.txt": lear });
    const { stderr, exitCode } = await place.tidemark("run", "words.ts", "--publish", "a=lear.txt");
    expect(stderr).toContain("it reads no topic at all");
    expect(exitCode).toBe(1);
  });
});

describe("the command line", () => {
  test.each([
    ["an unknown command is answered with the near one", ["pln"], "Did you mean plan?"],
    [
      "an unknown option is answered with the near one",
      ["plan", "x.ts", "--jsn"],
      "Did you mean --json?",
    ],
    [
      "shards must be a number",
      ["plan", "x.ts", "--shards", "many"],
      "Give a whole number from 1 to 1024.",
    ],
    [
      "shards have a limit",
      ["plan", "x.ts", "--shards", "1025"],
      "Give a whole number from 1 to 1024.",
    ],
    ["a port must be one", ["dev", "x.ts", "--port-pubsub", "70000"], "from 1 to 65535"],
    [
      "--publish needs a topic and a file",
      ["run", "x.ts", "--publish", "numbers"],
      "Give TOPIC=FILE",
    ],
    [
      "a world must be one of two",
      ["dev", "x.ts", "--emulators", "mine"],
      "Allowed choices are embedded, google",
    ],
    ["a file is needed", ["plan"], "missing required argument 'file'"],
    ["a command is needed", [], "Usage: tidemark"],
  ])("%s, with exit code 2", async (_, args, words) => {
    await using place = await Workplace.create();
    const { stderr, stdout, exitCode } = await place.tidemark(...args);
    expect(stderr).toContain(words);
    expect(stdout).toBe("");
    expect(exitCode).toBe(2);
  });

  test("--help and --version are no errors", async () => {
    await using place = await Workplace.create();
    const help = await place.tidemark("--help");
    expect(help.stdout).toContain("Exit codes:");
    expect(help.exitCode).toBe(0);
    const runHelp = await place.tidemark("run", "--help");
    expect(runHelp.stdout).toContain("Exit code 1 if any element became a dead letter.");
    const version = await place.tidemark("--version");
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(version.exitCode).toBe(0);
  });
});
