/**
 * Bad input: what can't be processed becomes one dead letter that says why, and all the rest counts.
 */
import { afterAll, expect, it } from "vitest";
import { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import {
  firestore,
  fixedWindows,
  type PCollection,
  pipeline,
  pubsub,
  sum,
} from "../../sdk/index.ts";
import { BAD, checkLetters, checkSums, type Letter, MESSAGES } from "../support/bad-readings.ts";
import readings from "../support/pipelines/readings.ts";
import { runInMemory } from "../support/run-memory.ts";
import { bundle, removeBundles, withMesh } from "../support/run-mesh.ts";

const TIMEOUT_MS = 120_000;
const DEAD_LETTERS = "tm-readings-dead-letters";

afterAll(removeBundles);

it.each([
  { shards: 4, bundleElementsMax: 1_000 },
  { shards: 1, bundleElementsMax: 1 },
])(
  "in memory each bad message becomes one dead letter with %o",
  async (cut) => {
    const { shards, bundleElementsMax } = cut;
    const mesh = new MemoryMesh(readings, { shards, engine: { bundleElementsMax } });
    await mesh.launch();
    await mesh.publish(
      "readings",
      MESSAGES.map((data) => ({ data })),
    );
    await mesh.run();
    await mesh.drain();
    await mesh.run();
    const status = await mesh.status();
    expect(status.state).toBe("DONE");
    const letters = mesh.messages(DEAD_LETTERS);
    checkLetters(letters.map(({ data }) => JSON.parse(Buffer.from(data).toString()) as Letter));
    checkSums(mesh.store.documents("sensor-hours"));
    const dead = status.stages.reduce((sum, { deadLetters }) => sum + deadLetters, 0);
    expect(dead).toBe(BAD.length);
    await mesh.stop();
  },
  TIMEOUT_MS,
);

interface Row {
  readonly name: string;
  readonly amount: { readonly cents: number };
}

const BROKEN_ROW = { name: "a" } as Row;
const ROWS: readonly Row[] = [
  { name: "a", amount: { cents: 1 } },
  BROKEN_ROW,
  { name: "a", amount: { cents: 2 } },
  { name: "b", amount: { cents: 4 } },
];

/** A sum that fails for one element; it is lifted before the shuffle. */
function writeSums(rows: PCollection<Row>): void {
  rows
    .keyBy(({ name }) => name)
    .windowInto(fixedWindows({ hours: 1 }))
    .combinePerKey({ sum: sum(({ amount }) => amount.cents) }, { name: "sums" })
    .map(({ key: name, value }) => ({ name, ...value }))
    .write(firestore.collection("sums", { id: ({ name }) => name }));
}

it.each([
  ["behind a topic", pipeline("sums", (p) => writeSums(p.read(pubsub.topic<Row>("rows"))))],
  ["of a batch", pipeline("sums", (p) => writeSums(p.create(ROWS)))],
])(
  "a combiner that throws for one element %s makes one dead letter",
  async (_, sums) => {
    const isStream = sums.graph.nodes.some(({ bounded }) => !bounded);
    const run = await runInMemory(sums, { input: isStream ? { rows: ROWS } : {} });
    expect(Object.fromEntries(run.documents("sums"))).toEqual({
      a: { name: "a", sum: 3 },
      b: { name: "b", sum: 4 },
    });
    const letters = run.messages<Letter>("tm-sums-dead-letters");
    expect(letters.map(({ error }) => error.code)).toEqual(["ERR_USER_CODE"]);
    expect(letters[0]?.error.message).toContain("sums");
    expect(letters[0]?.element).toEqual(isStream ? BROKEN_ROW : expect.anything());
  },
  TIMEOUT_MS,
);

it(
  "an event time of create that can't be read makes one dead letter",
  async () => {
    const dated = pipeline("dated", (p) => {
      p.create(["2026-01-01", "yesterday", "2026-01-02"], { timestamp: (text) => Date.parse(text) })
        .map((day) => ({ day }))
        .write(firestore.collection("days", { id: ({ day }) => day }));
    });
    const run = await runInMemory(dated);
    expect([...run.documents("days").keys()].sort()).toEqual(["2026-01-01", "2026-01-02"]);
    const letters = run.messages<Letter>("tm-dated-dead-letters");
    expect(letters.map(({ error }) => error.code)).toEqual(["ERR_TIMESTAMP"]);
  },
  TIMEOUT_MS,
);

it(
  "on the embedded world each bad message becomes one dead letter",
  async () => {
    const bundled = await bundle("test/support/pipelines/readings.ts", readings);
    await withMesh(bundled, async (run) => {
      const collector = await run.collect(DEAD_LETTERS);
      await run.publish("readings", MESSAGES);
      await run.ingested(MESSAGES.length, 60_000);
      await run.drain(60_000);
      const letters = await collector.take(BAD.length, 10_000);
      checkLetters(letters.map(({ text }) => JSON.parse(text) as Letter));
      for (const { attributes } of letters) expect(attributes["tidemark-code"]).toMatch(/^ERR_/);
      checkSums(await run.documents("sensor-hours"));
    });
  },
  TIMEOUT_MS,
);
