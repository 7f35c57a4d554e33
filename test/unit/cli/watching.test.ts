/**
 * The words of `status` and `sample`, without a mesh.
 */
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { findStage } from "../../../cli/find-stage.ts";
import { wrapLine } from "../../../cli/format.ts";
import { jobTable, listedJob } from "../../../cli/job-list.ts";
import { countOpenLetters } from "../../../cli/open-letters.ts";
import { statusJson } from "../../../cli/status-json.ts";
import { type StatusLook, statusReport } from "../../../cli/status-report.ts";
import { whyLines } from "../../../cli/why-text.ts";
import { type Job, newJob } from "../../../functions/job.ts";
import { statusOf } from "../../../functions/status.ts";
import type { Cause, Why } from "../../../functions/why.ts";
import { compile, count, fixedWindows, pipeline, pubsub } from "../../../sdk/index.ts";
import { isMeshError } from "../../../sdk/model/errors.ts";
import { MAX_TIMESTAMP, MIN_TIMESTAMP } from "../../../sdk/model/time.ts";
import { at } from "../../support/builders.ts";

const NOW_MS = Date.UTC(2026, 10, 22, 12);

const plan = compile(
  pipeline("words", (p) => {
    p.read(pubsub.topic<string>("words"))
      .map((word) => word, { name: "lower" })
      .windowInto(fixedWindows(1_000))
      .keyBy((word) => word)
      .combinePerKey(count(), { name: "total" })
      .keyBy(({ value }) => value)
      .combinePerKey(count(), { name: "total of totals" })
      .write(pubsub.topic("out"));
  }),
);
const [read = "", total = "", totals = ""] = plan.stages.map(({ id }) => id);

function messageOf(word: string): string {
  try {
    findStage(plan, word);
    return "";
  } catch (error) {
    return isMeshError(error) && error.code === "ERR_OPTION" ? error.message : String(error);
  }
}

test("a stage is meant by its id, a unique beginning of it, or a transform's name", () => {
  expect(findStage(plan, total).id).toBe(total);
  expect(findStage(plan, "total").id).toBe(total);
  expect(findStage(plan, "total-of").id).toBe(totals);
  expect(findStage(plan, "read").id).toBe(read);
  expect(findStage(plan, "lower").id).toBe(read);
});

test("what means several stages or none is an error with what was perhaps meant", () => {
  expect(messageOf("tot")).toContain(`"tot" may mean ${total} or ${totals} of pipeline words.`);
  expect(messageOf("lowr")).toContain('has no stage "lowr". Did you mean lower?');
  expect(messageOf("zzzzzzzzzz")).toContain(`There are: ${read}, ${total}, ${totals}.`);
});

test("a long line is broken between words, with what follows indented", () => {
  expect(wrapLine("  one two three", 80)).toEqual(["  one two three"]);
  expect(wrapLine("  one two three four", 11)).toEqual(["  one two", "    three", "    four"]);
  const words = "  a long line of many words that is broken again and again".split(" ");
  expect(wrapLine(words.join(" "), 20).join(" ").split(/ +/).filter(Boolean)).toEqual(
    words.filter(Boolean),
  );
});

const silent: Cause = {
  kind: "source",
  stage: read,
  time: MIN_TIMESTAMP,
  policy: { kind: "trailing", sampleMs: 60_000, idleAfterMs: undefined },
  silentMs: 20_000,
  hasEvents: false,
};

const causes: readonly [string, Cause, RegExp][] = [
  ["job", { kind: "job", state: "PAUSED" }, /the job is PAUSED\n.*No watermark moves/],
  ["source", silent, /no event since the launch 20 s ago.*no idle rule.*\n.*Publish, or give/],
  [
    "idle source",
    {
      ...silent,
      hasEvents: true,
      policy: { kind: "boundedOutOfOrderness", delayMs: 0, idleAfterMs: 5_000 },
    },
    /the last event came 20 s ago.*idle after 5.0 s.*\n.*wait: without a message it follows the clock, 5.0 s behind/,
  ],
  [
    "in flight",
    { kind: "in flight", from: `${total}/0`, to: `${totals}/1`, bundles: 2, time: at(NOW_MS) },
    /2 bundles from total-\w+\/0 to total-of-totals-\w+\/1 on the way.*\n.*look at the log of total-of-totals-\w+\./,
  ],
  [
    "register",
    {
      kind: "register",
      stage: read,
      instance: "x1",
      to: `${total}/0`,
      time: at(NOW_MS),
      ageMs: 3_000,
      isConfirmed: false,
      timeoutMs: 90_000,
    },
    /instance x1, 3.0 s old, perhaps not published.*\n.*dropped 1 min 30 s after/,
  ],
  [
    "a hold that waits for time",
    {
      kind: "hold",
      stage: total,
      shard: 2,
      time: at(NOW_MS),
      of: "panes",
      waits: [{ for: "time", atMs: NOW_MS + 4_000, isSynchronized: false }],
    },
    /shard total-\w+\/2 has panes to emit from .* on: it waits for 4.0 s more\n.*goes on by itself/,
  ],
  [
    "a shard that does not act",
    {
      kind: "hold",
      stage: total,
      shard: 2,
      time: at(NOW_MS),
      of: "state",
      waits: [{ for: "activation", toldMs: NOW_MS - 60_000 }],
    },
    /to be run; it was told so 1 min ago\n.*look at the log of total-\w+ for errors/,
  ],
];

test.each(causes)("the words of %s, and what to do", (_name, root, words) => {
  const stage = {
    stage: totals,
    output: MIN_TIMESTAMP,
    moves: false,
    causes: [root],
    roots: [root],
  };
  const text = whyLines({ stages: [stage], unfinished: [] }, NOW_MS).join("\n");
  expect(text).toContain("stands at the beginning (-∞)");
  expect(text.split("Where it begins")[1]).toMatch(words);
});

test("many causes are cut, with their number; none says so", () => {
  const many = Array.from({ length: 20 }, (_, i): Cause => ({ ...silent, stage: `s${i}` }));
  const stage = { stage: totals, output: MIN_TIMESTAMP, moves: false, causes: many, roots: [] };
  expect(whyLines({ stages: [stage], unfinished: [] }, NOW_MS).join("\n")).toContain("and 14 more");
  const nothing: Why = { stages: [], unfinished: [] };
  expect(whyLines(nothing, NOW_MS).join("\n")).toContain("nothing holds anything back");
  const { causes: unfinished } = { causes: [silent] };
  expect(whyLines({ stages: [], unfinished }, NOW_MS).join("\n")).toContain(
    "Before the job is DONE",
  );
});

test("open dead letters are told apart from those since the launch", async () => {
  const store = { countOpenDeadLetters: async (stage = "") => (stage === read ? 2 : 0) };
  const status = statusOf(plan, { heads: [], registers: [], job: undefined }, NOW_MS);
  const look = async (total: number): Promise<StatusLook> => {
    const open = await countOpenLetters(store, plan, total);
    return { status, open, plan: plan.hash, project: "p", why: undefined, nowMs: NOW_MS };
  };
  const text = stripVTControlCharacters(statusReport(await look(3), 120));
  expect(text).toMatch(/ dead +open/);
  expect(text).toContain(
    "3 open dead letters, 1 of stages that the plan has no more: tidemark dead-letters list words",
  );
  expect(statusJson(await look(3))).toMatchObject({
    deadLettersOpen: 3,
    stages: [{ deadLettersOpen: 2 }, { deadLettersOpen: 0 }, { deadLettersOpen: 0 }],
  });
  expect(statusReport(await look(0), 120)).not.toContain("open");
  expect((await look(0)).open.byStage.size).toBe(0);
});

test("the list of jobs tells how far the slowest stage is", () => {
  const job = (watermarks: Job["watermarks"]): Job => ({
    ...newJob("words", "abc", NOW_MS - 60_000),
    watermarks,
  });
  const listed = [
    job({}),
    job({ a: [MAX_TIMESTAMP, MAX_TIMESTAMP] }),
    job({ a: [at(NOW_MS), at(NOW_MS)], b: [at(NOW_MS), at(NOW_MS - 5_000)] }),
  ].map((each) => listedJob(each, NOW_MS));
  expect(listed.map(({ freshnessMs }) => freshnessMs)).toEqual([null, null, 5_000]);
  const table = jobTable(listed, NOW_MS, 80);
  for (const words of ["not known yet", "at its end", "5.0 s behind", "1 min ago"]) {
    expect(table).toContain(words);
  }
  expect(jobTable([], NOW_MS, 80)).toBe("No pipeline was launched in this database.");
});
