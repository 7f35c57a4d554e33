/**
 * Metrics of user code: what each kind holds, and what of it is committed.
 */
import { assertThat } from "../../../emulators/testing/index.ts";
import { metrics, sum } from "../../../sdk/index.ts";
import { equalityText } from "../../../sdk/testing/show.ts";
import type { CaseOutcome, ModelCase } from "./model-case.ts";

const counter = metrics.counter("model", "elements");
const distribution = metrics.distribution("model", "sizes");
const gauge = metrics.gauge("model", "newest");
const stringSet = metrics.stringSet("model", "kinds");

/** What one transform counted, by name; of a gauge the value alone. */
function countedBy(step: string, { status }: CaseOutcome, of: "attempted" | "committed"): object {
  const results = status.metrics.filter((metric) => metric.step === step);
  return Object.fromEntries(
    results.map(({ name, kind, [of]: value }) => [
      name,
      kind === "gauge" ? (value as { readonly value: number }).value : value,
    ]),
  );
}

function requireEqual(actual: object, expected: object): void {
  if (equalityText(actual) !== equalityText(expected)) throw new Error(JSON.stringify(actual));
}

/** Tries so far of the transform that fails at first. */
let tries = 0;

export const metricsCases: readonly ModelCase[] = [
  {
    name: "metrics: a counter, a distribution, a gauge and a string set, for each transform",
    build(p) {
      const counted = p
        .create([3, 1, 2])
        .map(
          (n) => {
            counter.add();
            distribution.update(n);
            gauge.set(7);
            stringSet.add(n % 2 === 0 ? "even" : "odd");
            return n;
          },
          { name: "count" },
        )
        .reshuffle();
      const again = counted.map(
        (n) => {
          counter.add(n);
          return n;
        },
        { name: "count again" },
      );
      assertThat(again.combineGlobally(sum())).containsInAnyOrder([6]);
    },
    check(outcome) {
      requireEqual(countedBy("count", outcome, "committed"), {
        elements: 3,
        sizes: { sum: 6, count: 3, min: 1, max: 3 },
        newest: 7,
        kinds: ["even", "odd"],
      });
      requireEqual(countedBy("count again", outcome, "committed"), { elements: 6 });
    },
  },
  {
    name: "metrics: committed ones count once, attempted ones hold tries that failed",
    build(p) {
      tries = 0;
      const failing = p
        .create([1])
        .reshuffle()
        .map(
          (n) => {
            counter.add();
            tries++;
            if (tries < 3) throw new Error("not yet");
            return n;
          },
          { name: "fail twice" },
        );
      assertThat(failing).containsInAnyOrder([1]);
    },
    check(outcome) {
      requireEqual(countedBy("fail twice", outcome, "committed"), { elements: 1 });
      requireEqual(countedBy("fail twice", outcome, "attempted"), { elements: 3 });
    },
  },
];
