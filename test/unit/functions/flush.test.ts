/**
 * Flush: sinks that refuse, for good and for now: nothing is lost, and nothing stands still for ever
 * (A3, FL1, SE1).
 */
import { expect, test } from "vitest";
import { MemoryMesh } from "../../../emulators/memory/memory-mesh.ts";
import { drainJob } from "../../../functions/control/drain.ts";
import type { FileWriter, OutgoingMessage, World } from "../../../functions/ports.ts";
import { files, MeshError, type Pipeline, pipeline, pubsub } from "../../../sdk/index.ts";

const DEAD = "tm-pages-dead-letters";

/** Pages by way of a shuffle, or straight from the source, to a topic. */
function pages(isShuffled: boolean, to: "topic" | "file" = "topic"): Pipeline {
  return pipeline("pages", (p) => {
    const read = p.read(pubsub.topic<number>("in"));
    const all = isShuffled ? read.reshuffle() : read;
    if (to === "file") all.map(String).write(files.text("out/pages"));
    else all.write(pubsub.topic<number>("out"));
  });
}

/** What a sink answers: nothing, or the code of its refusal. */
type Verdict = (message: OutgoingMessage) => "ERR_SINK" | "ERR_UNAVAILABLE" | undefined;

class Judged {
  verdict: Verdict = () => undefined;
  /** Requests that were refused. */
  refusals = 0;
  readonly mesh: MemoryMesh;

  constructor(built: Pipeline, writer?: FileWriter) {
    const wrapWorld = (world: World): World => ({
      ...world,
      mailboxes: {
        publish: (messages) => {
          for (const message of messages) {
            const code = this.verdict(message);
            if (code === undefined) continue;
            this.refusals++;
            throw new MeshError(code, `Could not publish to ${message.topic}.`);
          }
          return world.mailboxes.publish(messages);
        },
      },
    });
    this.mesh = new MemoryMesh(built, { shards: 1, wrapWorld, ...(writer && { files: writer }) });
  }

  async give(values: readonly number[]): Promise<void> {
    await this.mesh.publish(
      "in",
      values.map((n) => ({ data: String(n) })),
    );
  }

  async run(byMs: number): Promise<void> {
    await this.mesh.run(this.mesh.clock.nowMs() + byMs);
  }

  /** Numbers that came out; one may come twice. */
  out(): number[] {
    const texts = this.mesh.messages("out").map(({ data }) => Buffer.from(data).toString());
    return [...new Set(texts.map(Number))].sort((a, b) => a - b);
  }

  dead(): { data: number; code: string; attempts: number }[] {
    return this.mesh.messages(DEAD).map(({ data }) => {
      const letter = JSON.parse(Buffer.from(data).toString());
      const text = Buffer.from(letter.element.data, "base64").toString();
      return { data: Number(text), code: letter.error.code, attempts: letter.attempts };
    });
  }

  async lettersCounted(): Promise<number> {
    const { stages } = await this.mesh.status();
    return stages.reduce((sum, { deadLetters }) => sum + deadLetters, 0);
  }
}

const topicIs =
  (topic: string, code: "ERR_SINK" | "ERR_UNAVAILABLE"): Verdict =>
  (message) =>
    message.topic === topic ? code : undefined;

for (const isShuffled of [true, false]) {
  const where = isShuffled ? "behind a shuffle" : "at the source";
  test(`a sink topic that is gone holds nothing up, and nothing is lost: ${where}`, async () => {
    const judged = new Judged(pages(isShuffled));
    await judged.mesh.launch();
    judged.verdict = topicIs("out", "ERR_SINK");
    await judged.give([1, 2, 3]);
    await judged.run(10_000);
    const dead = judged.dead();
    expect(dead.map(({ data }) => data).sort()).toEqual([1, 2, 3]);
    expect(dead[0]).toMatchObject({ code: "ERR_SINK", attempts: 3 });
    const kept = await judged.mesh.store.listDeadLetters({ limit: 9 });
    expect(kept.map(({ code }) => code)).toEqual(["ERR_SINK", "ERR_SINK", "ERR_SINK"]);
    judged.verdict = () => undefined;
    await judged.give([4]);
    await judged.run(10_000);
    expect(judged.out()).toEqual([4]);
    await judged.mesh.drain();
    await judged.mesh.run();
    expect((await judged.mesh.status()).state).toBe("DONE");
    if (isShuffled) expect(await judged.lettersCounted()).toBe(3);
    await judged.mesh.stop();
  });

  test(`of many messages only the one that is refused is set aside: ${where}`, async () => {
    const judged = new Judged(pages(isShuffled));
    await judged.mesh.launch();
    judged.verdict = ({ topic, data }) =>
      topic === "out" && Buffer.from(data).toString() === "77" ? "ERR_SINK" : undefined;
    const values = Array.from({ length: 200 }, (_, n) => n);
    await judged.give(values);
    await judged.run(60_000);
    expect(judged.out()).toEqual(values.filter((n) => n !== 77));
    expect(judged.dead().map(({ data }) => data)).toEqual([77]);
    await judged.mesh.stop();
  });
}

test("of a topic that is gone few questions are asked, however many messages wait", async () => {
  const judged = new Judged(pages(true));
  await judged.mesh.launch();
  judged.verdict = topicIs("out", "ERR_SINK");
  await judged.give(Array.from({ length: 500 }, (_, n) => n));
  await judged.run(5_000);
  expect(judged.dead()).toHaveLength(500);
  const { stages } = await judged.mesh.status();
  const activations = stages.reduce((sum, { activations: n }) => sum + n, 0);
  // All together, all of the topic, and one alone; three times.
  expect(judged.refusals).toBeLessThanOrEqual(9 * activations);
  await judged.mesh.stop();
});

test("what a source's group writes of refused outputs is among its operations", async () => {
  const judged = new Judged(pages(false));
  const { mesh } = judged;
  await mesh.launch();
  judged.verdict = topicIs("out", "ERR_SINK");
  await judged.give([1, 2]);
  await judged.run(10_000);
  judged.verdict = () => undefined;
  await judged.give([3]); // Its register tells of the letters.
  await judged.run(10_000);
  const { operations } = await mesh.status();
  const { store } = mesh.counts();
  expect(judged.dead()).toHaveLength(2);
  expect([operations.commits, operations.documentsWritten]).toEqual([
    store.commits,
    store.documentWrites,
  ]);
  await mesh.stop();
});

test("large outputs that are refused become dead letters, one commit after the other", async () => {
  const large = pipeline("pages", (p) => {
    const read = p.read(pubsub.topic<number>("in")).reshuffle();
    const texts = read.map((n) => String(n).repeat(400_000));
    texts.write(pubsub.topic<string>("out"));
  });
  const judged = new Judged(large);
  await judged.mesh.launch();
  judged.verdict = topicIs("out", "ERR_SINK");
  await judged.give([1, 2, 3, 4, 5, 6, 7]);
  await judged.run(60_000);
  expect(judged.mesh.messages(DEAD)).toHaveLength(7);
  await judged.mesh.stop();
});

test("a refusal that may pass keeps the shard waiting for as long as it lasts", async () => {
  const judged = new Judged(pages(true));
  await judged.mesh.launch();
  judged.verdict = topicIs("out", "ERR_UNAVAILABLE");
  await judged.give([1, 2]);
  await judged.run(1_200_000);
  expect([judged.out(), judged.dead()]).toEqual([[], []]);
  judged.verdict = () => undefined;
  await judged.run(10_000);
  expect([judged.out(), judged.dead()]).toEqual([[1, 2], []]);
  await judged.mesh.stop();
});

test("a drain gives it up at its deadline, and ends with its dead letters counted", async () => {
  const judged = new Judged(pages(true));
  const { mesh } = judged;
  await mesh.launch();
  judged.verdict = topicIs("out", "ERR_UNAVAILABLE");
  await judged.give([1, 2]);
  await judged.run(10_000);
  const draining = drainJob(mesh.control, { timeoutMs: 60_000 });
  await judged.run(50_000);
  await draining;
  expect([(await mesh.job())?.state, judged.dead()]).toEqual(["DRAINING", []]);
  await judged.run(60_000);
  expect((await mesh.job())?.state).toBe("DONE");
  expect(
    judged
      .dead()
      .map(({ data }) => data)
      .sort(),
  ).toEqual([1, 2]);
  expect(await judged.lettersCounted()).toBe(2);
  await mesh.stop();
});

test("a drain with a deadline is not DONE before its sinks have all (R4)", async () => {
  const judged = new Judged(pages(true));
  const { mesh } = judged;
  await mesh.launch();
  await judged.give([1, 2]);
  await judged.run(10_000);
  judged.verdict = topicIs("out", "ERR_UNAVAILABLE");
  await judged.give([3]);
  await judged.run(60_000);
  const draining = drainJob(mesh.control, { timeoutMs: 3_600_000 });
  await judged.run(120_000);
  await draining;
  expect((await mesh.job())?.state).toBe("DRAINING");
  judged.verdict = () => undefined;
  await judged.run(60_000);
  expect([(await mesh.job())?.state, judged.out()]).toEqual(["DONE", [1, 2, 3]]);
  await mesh.stop();
});

test("where the dead letters can't be sent either, nothing is given up (SE1)", async () => {
  const judged = new Judged(pages(true));
  await judged.mesh.launch();
  judged.verdict = ({ topic }) => (topic === "out" || topic === DEAD ? "ERR_SINK" : undefined);
  await judged.give([1, 2]);
  await judged.run(60_000);
  expect([judged.out(), judged.dead()]).toEqual([[], []]);
  judged.verdict = topicIs("out", "ERR_SINK");
  await judged.run(60_000);
  expect(
    judged
      .dead()
      .map(({ data }) => data)
      .sort(),
  ).toEqual([1, 2]);
  await judged.mesh.stop();
});

test("a file that can't be written becomes a dead letter with its text", async () => {
  const judged = new Judged(pages(true, "file"), {
    write: async (path) => {
      throw new MeshError("ERR_SINK", `Could not write ${path}: EACCES`);
    },
  });
  const { mesh } = judged;
  await mesh.launch();
  await judged.give([1, 2]);
  await judged.run(10_000);
  await mesh.drain();
  await mesh.run();
  expect((await mesh.status()).state).toBe("DONE");
  const elements = mesh
    .messages(DEAD)
    .map(({ data }) => JSON.parse(Buffer.from(data).toString()).element);
  const lines = elements.flatMap(({ kind, text }) => [kind, ...String(text).trim().split("\n")]);
  expect(lines.filter((line) => line !== "file").sort()).toEqual(["1", "2"]);
  await mesh.stop();
});

test("a head whose letters could not be committed still has its outbox (A3)", async () => {
  const judged = new Judged(pages(true));
  const { mesh } = judged;
  await mesh.launch();
  judged.verdict = topicIs("out", "ERR_SINK");
  const { commitHead } = mesh.store;
  let refusals = 0;
  mesh.store.commitHead = (commit) => {
    const isLetters = commit.head.body.includes(DEAD);
    if (!isLetters || refusals++ > 20) return commitHead.call(mesh.store, commit);
    return Promise.reject(new MeshError("ERR_UNAVAILABLE", "Firestore is away."));
  };
  await judged.give([1]);
  await judged.run(60_000);
  expect(refusals).toBeGreaterThan(20);
  expect(judged.dead().map(({ data }) => data)).toEqual([1]);
  await mesh.stop();
});
