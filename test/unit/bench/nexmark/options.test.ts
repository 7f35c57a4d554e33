/** The command line of `npm run nexmark`. What can't be understood is one ERR_OPTION. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { readOptions } from "../../../../bench/nexmark/options.ts";
import { nexmarkQueries, queryOf } from "../../../../bench/nexmark/queries/all.ts";

const main = fileURLToPath(new URL("../../../../bench/nexmark/main.ts", import.meta.url));

describe("options", () => {
  test("without any, all queries run as a stream in the memory world", () => {
    expect(readOptions([])).toEqual({
      queries: nexmarkQueries,
      events: undefined,
      world: "memory",
      mode: "streaming",
      isJson: false,
    });
  });

  test("each can be given", () => {
    const args = "--query 12 --events 500 --world embedded --mode batch --json".split(" ");
    expect(readOptions(args)).toEqual({
      queries: [queryOf(12)],
      events: 500,
      world: "embedded",
      mode: "batch",
      isJson: true,
    });
  });

  test("help is printed and asks for no run", () => {
    const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    try {
      expect(readOptions(["--help"])).toBeUndefined();
      expect(write.mock.calls.join("")).toContain("--world <world>");
    } finally {
      write.mockRestore();
    }
  });

  test.each([
    ["--query 13", "There is no Nexmark query 13"],
    ["--query x", "--query"],
    ["--query", "--query"],
    ["--events 0", "at least 1"],
    ["--events 1.5", "whole number"],
    ["--world cloud", "memory, embedded"],
    ["--mode fast", "batch, streaming"],
    ["--querry 1", "--querry"],
    ["7", "too many arguments"],
  ])("%s is an ERR_OPTION that says %s", (line, words) => {
    const read = () => readOptions(line.split(" "));
    expect(read).toThrow(expect.objectContaining({ code: "ERR_OPTION" }));
    expect(read).toThrow(words);
  });
});

describe("the program", () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });

  test("ends with 2 and one line about an option that it doesn't take", () => {
    const { status, stdout, stderr } = run("--mode", "fast");
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/^error ERR_OPTION: .*batch, streaming.*\n$/);
  });

  test("prints a JSON line for a query", () => {
    const { status, stdout } = run("--query", "2", "--events", "10000", "--json");
    expect(status).toBe(0);
    expect(stdout.split("\n").length).toBe(2);
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(report).toMatchObject({ query: 2, world: "memory", mode: "streaming", events: 10_000 });
    const { seconds, eventsPerSecond } = report;
    const ratio = (Number(eventsPerSecond) * Number(seconds)) / 10_000;
    expect(Math.abs(ratio - 1)).toBeLessThan(0.1);
  });

  test("prints a table otherwise", () => {
    const { status, stdout } = run("--query", "2", "--events", "100000", "--mode", "batch");
    expect(status).toBe(0);
    expect(stdout).toMatch(/events/);
    expect(stdout).toMatch(/^ +2 {2}SELECTION +100,000 +351 /m);
  });
});
