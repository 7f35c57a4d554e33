import { expect, test } from "vitest";
import { breakEven, dataflowMonth } from "../../../cli/cost/dataflow.ts";
import type { Workload } from "../../../cli/cost/workload.ts";
import { LIST_PRICES } from "../../../infra/prices.ts";
import { inRepository, lear, Workplace, wordsPipeline } from "./support.ts";

const flights = inRepository("examples/flights.ts");

const idle: Workload = {
  eventsPerMonth: 0,
  activeHours: 730,
  eventBytes: 600,
  freshnessMs: 10_000,
  vcpus: 1,
  memoryGib: 0.5,
};

interface CostJson {
  readonly total: number;
  readonly totalAfterFree: number;
  readonly dataflow: number;
  readonly breakEvenEventsPerMonth: number;
  readonly sampleEvents: number | null;
  readonly functions: Readonly<Record<string, { readonly firestore: number }>>;
}

async function costOf(place: Workplace, ...args: readonly string[]): Promise<CostJson> {
  const { stdout, stderr } = await place.tidemark("cost", flights, ...args, "--json");
  expect(stderr).toBe("");
  return JSON.parse(stdout) as CostJson;
}

test("cost shows each function by service, Dataflow beside it, and the break-even", async () => {
  await using place = await Workplace.create();
  const { exitCode, stdout } = await place.tidemark(
    "cost",
    flights,
    "--events-per-month",
    "1000000",
  );
  expect(stdout).toContain("flights  1,000,000 events a month, 0.4/s, a tick each 10 s");
  for (const word of ["airport-hours", "tracker", "Firestore", "less the free tiers"]) {
    expect(stdout).toContain(word);
  }
  expect(stdout).toMatch(/Dataflow, streaming on one n1-standard-2 .*: \$121\.\d\d/);
  expect(stdout).toMatch(/Break-even: [\d,]+ events a month/);
  expect(stdout).toContain("is assumed");
  expect(exitCode).toBe(0);
});

test("at the break-even both cost the same; bursts and rarer ticks are cheaper", async () => {
  await using place = await Workplace.create();
  const million = await costOf(place, "--events-per-month", "1000000");
  expect(million.totalAfterFree).toBeLessThan(million.total);
  const even = await costOf(place, "--events-per-month", `${million.breakEvenEventsPerMonth}`);
  expect(even.total / even.dataflow).toBeCloseTo(1, 1);
  const rare = await costOf(place, "--events-per-month", "1000000", "--freshness", "1min");
  expect(rare.total).toBeLessThan(million.total);
  const burst = await costOf(place, "--events-per-month", "1000000", "--active-hours", "30");
  expect(burst.total).toBeLessThan(million.total);
});

test("a sample is measured, and prices of one's own are taken", async () => {
  const one = { date: "2001/01/01 00:01", origin: "JFK", delay: 3 };
  const sample = Array.from({ length: 50 }, () => one);
  await using place = await Workplace.create({
    "sample.json": JSON.stringify(sample),
    "prices.json":
      '{ "firestorePer100kWrites": 0, "firestorePer100kReads": 0, "firestorePer100kDeletes": 0 }',
  });
  const args = ["--events-per-month", "1000000", "--publish", "flights=sample.json"];
  const measured = await costOf(place, ...args);
  expect(measured.sampleEvents).toBe(50);
  const own = await costOf(place, ...args, "--prices", "prices.json");
  expect(Object.values(own.functions).map(({ firestore }) => firestore)).toEqual([0, 0, 0, 0, 0]);
  expect(own.total).toBeLessThan(measured.total);
});

const mistakes: readonly { readonly args: readonly string[]; says: string; code: number }[] = [
  { args: ["--events-per-month", "many"], says: "Give a whole number", code: 2 },
  { args: [], says: "--events-per-month", code: 2 },
  { args: ["--events-per-month", "5", "--freshness", "soon"], says: "Give 500ms, 10s", code: 2 },
  { args: ["--events-per-month", "5", "--active-hours", "800"], says: "730 hours", code: 2 },
  {
    args: ["--events-per-month", "5", "--prices", "none.json"],
    says: "--prices none.json",
    code: 1,
  },
  {
    args: ["--events-per-month", "5", "--prices", "p.json"],
    says: 'no price "pubsubPerTB". Did you mean pubsubPerTiB?',
    code: 1,
  },
];

test("a mistake in the command line is told in words", async () => {
  await using place = await Workplace.create({ "p.json": '{"pubsubPerTB": 1}' });
  const outcomes = await Promise.all(
    mistakes.map(async ({ args, says, code }) => {
      return { ...(await place.tidemark("cost", flights, ...args)), says, code };
    }),
  );
  for (const { exitCode, stderr, says, code } of outcomes) {
    expect(stderr).toContain(says);
    expect(exitCode).toBe(code);
  }
});

test("a pipeline with an end has no month", async () => {
  await using place = await Workplace.create({ "words.ts": wordsPipeline, "lear.txt": lear });
  const { exitCode, stderr } = await place.tidemark("cost", "words.ts", "--events-per-month", "5");
  expect(stderr).toContain("Pipeline words reads no topic");
  expect(exitCode).toBe(1);
});

test("an idle streaming job on Dataflow costs its one worker and disk, by its list", () => {
  // 730 h × (2 × $0.069 + 7.5 × $0.003557 + 30 × $0.000054)
  expect(dataflowMonth(idle, LIST_PRICES)).toBeCloseTo(121.4, 1);
});

test("there is no break-even with what costs nothing, and one where lines cross", () => {
  expect(breakEven(idle, LIST_PRICES, () => 0)).toBeUndefined();
  const crossing = breakEven(idle, LIST_PRICES, (events) => events / 1_000) ?? 0;
  expect(crossing / 1_000).toBeCloseTo(
    dataflowMonth({ ...idle, eventsPerMonth: crossing }, LIST_PRICES),
    0,
  );
});
