/**
 * docs/capabilities.md: what it says is shown by cases and tests that are there; and what is refused,
 * is refused by its code and in words that say what to do.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { testStream } from "../../emulators/testing/index.ts";
import {
  compile,
  count,
  fixedWindows,
  flatten,
  kv,
  metrics,
  pipeline,
  pubsub,
  type Root,
  sessions,
  statefulDoFn,
} from "../../sdk/index.ts";
import { CASES_BY_FILE } from "../conformance/model/cases.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Tags of Beam's JUnit categories. */
const CATEGORIES = [
  ...["NeedsRunner", "ValidatesRunner", "UsesAttemptedMetrics", "UsesCommittedMetrics"],
  ...["UsesCounterMetrics", "UsesDistributionMetrics", "UsesGaugeMetrics", "UsesStringSetMetrics"],
  ...["UsesBoundedTrieMetrics", "UsesSystemMetrics", "UsesMetricsPusher", "UsesFailureMessage"],
  ...["UsesBoundedSplittableParDo", "UsesUnboundedSplittableParDo"],
  ...["UsesSplittableParDoWithWindowedSideInputs", "UsesBundleFinalizer"],
  ...["UsesCrossLanguageTransforms", "UsesJavaExpansionService", "UsesPythonExpansionService"],
  ...["UsesCustomWindowMerging", "UsesExternalService", "UsesImpulse", "UsesKeyInParDo", "UsesKms"],
  ...["UsesLoopingTimer", "UsesMapState", "UsesMultimapState", "UsesSetState"],
  ...["UsesOrderedListState", "UsesOnWindowExpiration", "UsesParDoLifecycle"],
  ...["UsesPerKeyOrderInBundle", "UsesPerKeyOrderedDelivery", "UsesProcessingTimeTimers"],
  ...["UsesRequiresTimeSortedInput", "UsesSchema", "UsesSdkHarnessEnvironment", "UsesSideInputs"],
  ...["UsesSideInputsInTimer", "UsesSideInputsWithDifferentCoders", "UsesStatefulParDo"],
  ...["UsesStrictTimerOrdering", "UsesTestStream", "UsesTestStreamWithMultipleStages"],
  ...["UsesTestStreamWithOutputTimestamp", "UsesTestStreamWithProcessingTime", "UsesTimerMap"],
  ...["UsesTimersInParDo", "UsesTriggeredSideInputs", "UsesUnboundedPCollections"],
  ...["FlattenWithHeterogeneousCoders", "LargeKeys"],
] as const;

/** One row of the page. */
interface Row {
  readonly capability: string;
  readonly here: string;
  readonly shownBy: readonly { readonly file: string; readonly name: string }[];
  readonly note: string;
}

const rows: readonly Row[] = readFileSync(join(root, "docs/capabilities.md"), "utf8")
  .split("\n")
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .filter((cells) => cells.length === 6 && !/^(capability|-+)$/.test(cells[1] ?? ""))
  .map(([, capability = "", here = "", shown = "", note = ""]) => {
    const named = [...shown.matchAll(/\[[^\]]+\]\(([^)]+)\) "([^"]+)"/g)];
    const shownBy = named.map(([, path = "", name = ""]) => ({ file: join("docs", path), name }));
    return { capability, here, shownBy, note };
  });

const casesFolder = "test/conformance/model";

/** Whether a test file has a test of that name, or a file of cases a case. */
function isThere(file: string, name: string): boolean {
  if (dirname(file) === casesFolder) {
    const cases = CASES_BY_FILE[file.slice(casesFolder.length + 1)] ?? [];
    return cases.some((each) => each.name === name);
  }
  return (
    existsSync(join(root, file)) && readFileSync(join(root, file), "utf8").includes(`"${name}"`)
  );
}

describe("docs/capabilities.md", () => {
  test("has rows, each with one of three answers", () => {
    expect(rows.length).toBeGreaterThan(70);
    const answers = new Set(rows.map(({ here }) => here));
    expect([...answers].toSorted()).toEqual(["does not apply", "refused", "yes"]);
  });

  test("names for each row a case or a test that is there, or says why there is none", () => {
    const wrong = rows.flatMap(({ capability, here, shownBy, note }) => {
      if (here === "does not apply") return note === "" ? [`${capability}: says no reason`] : [];
      if (shownBy.length === 0) return [`${capability}: names no case`];
      const missing = shownBy.filter(({ file, name }) => !isThere(file, name));
      return missing.map(({ file, name }) => `${capability}: no "${name}" in ${file}`);
    });
    expect(wrong).toEqual([]);
  });

  test("says of a row that it is refused where a unit test refuses it, else that it runs", () => {
    const wrong = rows.filter(
      ({ here, shownBy }) =>
        here !== "does not apply" &&
        shownBy.some(({ file }) => (dirname(file) === casesFolder) !== (here === "yes")),
    );
    expect(wrong.map(({ capability }) => capability)).toEqual([]);
  });

  test("names every case", () => {
    const named = new Set(
      rows.flatMap(({ shownBy }) => shownBy.map(({ file, name }) => `${file} ${name}`)),
    );
    const unnamed = Object.entries(CASES_BY_FILE).flatMap(([file, cases]) =>
      cases.map(({ name }) => `${casesFolder}/${file} ${name}`).filter((each) => !named.has(each)),
    );
    expect(unnamed).toEqual([]);
  });

  test("has a row for every category of ValidatesRunner, and for no other", () => {
    const named = rows.flatMap(({ capability }) => /^`(\w+)`$/.exec(capability)?.[1] ?? []);
    const categories = named.filter((name) => /^Uses|Runner$|^Flatten|^Large/.test(name));
    expect(categories.toSorted()).toEqual(CATEGORIES.toSorted());
  });
});

/** Compiles a pipeline of this, with something that is written. */
function compiled(build: (p: Root) => void): () => unknown {
  return () => compile(pipeline("refused", build));
}

const out = pubsub.topic<unknown>("out");
const unbounded = (p: Root) => p.read(testStream<number>().addElements(1));

describe("what is refused", () => {
  test("panes that take back what earlier ones said: ERR_UNSUPPORTED", () => {
    const accumulation = "accumulatingAndRetracting" as "accumulating";
    expect(
      compiled((p) => p.create([1]).windowInto(fixedWindows(10), { accumulation }).write(out)),
    ).toThrow(
      expect.objectContaining({
        code: "ERR_UNSUPPORTED",
        message: expect.stringMatching(/no pane takes back .* Use "accumulating"/),
      }),
    );
  });

  test("state in windows that merge: ERR_UNSUPPORTED", () => {
    const keeping = statefulDoFn<{ key: string; value: number }, number>()({ process() {} });
    expect(
      compiled((p) =>
        p
          .create([kv("a", 1)])
          .windowInto(sessions(10))
          .parDo(keeping, { name: "keep" })
          .write(out),
      ),
    ).toThrow(
      expect.objectContaining({
        code: "ERR_UNSUPPORTED",
        message: expect.stringMatching(/"keep" .*windows still merge.*Group by key first/),
      }),
    );
  });

  const reading = (main: "windows" | "global", side: "windows" | "sessions") =>
    compiled((p) => {
      const numbers = p.create([1]);
      const view = numbers
        .windowInto(side === "windows" ? fixedWindows(10) : sessions(10))
        .asList();
      const input = main === "global" ? numbers : numbers.windowInto(fixedWindows(10));
      input.parDo<number, { view: typeof view }>(
        { process: (_, { sideInput }) => void sideInput("view") },
        { sideInputs: { view } },
      );
    });

  test("a side input in windows that merge: ERR_UNSUPPORTED", () => {
    expect(reading("windows", "sessions")).toThrow(
      expect.objectContaining({
        code: "ERR_UNSUPPORTED",
        message: expect.stringMatching(/side input "view" is in windows that merge.*fixedWindows/),
      }),
    );
  });

  test("a side input in windows of a main input in the global window: ERR_PIPELINE", () => {
    expect(reading("global", "windows")).toThrow(
      expect.objectContaining({
        code: "ERR_PIPELINE",
        message: expect.stringMatching(/global window, but the side input "view" is not/),
      }),
    );
  });

  test("a grouping of unbounded input in the global window that would never fire: ERR_PIPELINE", () => {
    expect(
      compiled((p) =>
        unbounded(p)
          .keyBy((n) => n)
          .groupByKey({ name: "group" })
          .write(out),
      ),
    ).toThrow(
      expect.objectContaining({
        code: "ERR_PIPELINE",
        message: expect.stringMatching(/"group" .*would never emit.*windowInto/),
      }),
    );
  });

  test("a flatten of inputs that are windowed differently: ERR_PIPELINE", () => {
    expect(
      compiled((p) => {
        const numbers = p.create([1]);
        flatten(numbers.windowInto(fixedWindows(5)), numbers.windowInto(fixedWindows(6))).write(
          out,
        );
      }),
    ).toThrow(
      expect.objectContaining({
        code: "ERR_PIPELINE",
        message: expect.stringMatching(/windowed differently.*"sizeMs":5.*"sizeMs":6/),
      }),
    );
  });

  test("combineGlobally with a default where there can be none: ERR_PIPELINE", () => {
    expect(
      compiled((p) =>
        p.create([1]).windowInto(fixedWindows(5)).combineGlobally(count()).write(out),
      ),
    ).toThrow(
      expect.objectContaining({
        code: "ERR_PIPELINE",
        message: expect.stringContaining("withoutDefaults"),
      }),
    );
  });

  test("metrics of other kinds: there are none", () => {
    const kinds = Object.keys(metrics).toSorted();
    expect(kinds).toEqual(["counter", "distribution", "gauge", "stringSet"]);
  });
});
