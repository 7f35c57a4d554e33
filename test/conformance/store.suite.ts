/**
 * What the engine may expect of any Store (functions/ports.ts), told over every implementation.
 *
 * Owns: the promises. Does not own: what a Firestore must do (firestore.suite.ts).
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type {
  DeadLetterListed,
  DeadLetterQuery,
  DeadLetterRecord,
  HeadCommit,
  ShardRef,
  SinkDocument,
  Store,
} from "../../functions/ports.ts";
import { codeOf } from "../support/builders.ts";

/** A store under test, and a look at what sinks wrote. */
export interface StoreUnderTest {
  /** A store of another pipeline each time. */
  readonly newStore: (pipeline: string) => Store;
  readonly document: (collection: string, id: string) => Promise<unknown>;
  stop(): Promise<void>;
}

const shard: ShardRef = { stage: "group-1", shard: 3 };
const LOST = "ERR_STORE_CONTENTION";

function commitOf(version: number, more: Partial<HeadCommit> = {}): HeadCommit {
  return {
    shard,
    previousVersion: version === 1 ? undefined : version - 1,
    head: { version, progress: `{"v":${version}}`, body: `body ${version}` },
    partsToPut: [],
    partsToDelete: [],
    sinkDocuments: [],
    ...more,
  };
}

async function commitUpTo(store: Store, version: number): Promise<void> {
  for (let v = 1; v <= version; v++) await store.commitHead(commitOf(v));
}

function jobCommit(version: number, text = `job ${version}`): Parameters<Store["commitJob"]>[0] {
  return {
    previousVersion: version === 1 ? undefined : version - 1,
    job: { version, text },
    registersToPut: [],
    registersToDelete: [],
  };
}

async function outcomes(commits: readonly Promise<void>[]): Promise<string[]> {
  const codes = await Promise.all(commits.map((commit) => codeOf(() => commit)));
  return codes.map((code) => code ?? "won").sort();
}

/** Runs the suite over one implementation. */
export function storeSuite(name: string, start: () => Promise<StoreUnderTest>): void {
  describe(`Store: ${name}`, () => {
    let tested: StoreUnderTest;
    let serial = 0;
    const fresh = (): Store => tested.newStore(`p${Date.now().toString(36)}-${serial++}`);

    beforeAll(async () => {
      tested = await start();
    }, 60_000);
    afterAll(() => tested?.stop());

    headPromises(fresh);
    tokenPromises(fresh);
    documentPromises(fresh, (...at) => tested.document(...at));
    deadLetterPromises(fresh);
    registerAndJobPromises(fresh);
    snapshotPromises(fresh);
    controlPromises(fresh);
  });
}

function headPromises(fresh: () => Store): void {
  it("a shard that was never committed has no head", async () => {
    expect(await fresh().newestHead(shard)).toBeUndefined();
  });

  it("the newest head is the one committed last, also past ten and a hundred versions", async () => {
    const store = fresh();
    for (let v = 1; v <= 101; v++) {
      await store.commitHead(commitOf(v));
      if (v % 10 < 2) expect(await store.newestHead(shard)).toEqual(commitOf(v).head);
    }
  });

  it("shards whose names begin alike are apart", async () => {
    const store = fresh();
    const others = [
      { stage: "group-1", shard: 31 },
      { stage: "group-1", shard: 0 },
      { stage: "group-12", shard: 3 },
    ];
    for (const other of others) await store.commitHead({ ...commitOf(1), shard: other });
    expect(await store.newestHead(shard)).toBeUndefined();
    await store.commitHead(commitOf(1));
    await store.commitHead(commitOf(2));
    for (const other of others) expect((await store.newestHead(other))?.version).toBe(1);
  });

  it("parts are read in the order asked for, and are gone when deleted", async () => {
    const store = fresh();
    const partsToPut = ["s0.0", "s0.1", "o1.0"].map((id) => ({ id, text: `text of ${id} é😀` }));
    await store.commitHead(commitOf(1, { partsToPut }));
    expect(await store.readParts(shard, ["o1.0", "s0.0"])).toEqual([
      "text of o1.0 é😀",
      "text of s0.0 é😀",
    ]);
    await store.commitHead(commitOf(2, { partsToDelete: ["s0.0", "never-there"] }));
    expect(await codeOf(() => store.readParts(shard, ["s0.1", "s0.0"]))).toBe(LOST);
    expect(await store.readParts(shard, ["s0.1"])).toEqual(["text of s0.1 é😀"]);
  });
}

function tokenPromises(fresh: () => Store): void {
  it("of several first commits at once exactly one wins", async () => {
    const store = fresh();
    const commits = [1, 2, 3].map(() => store.commitHead(commitOf(1)));
    expect(await outcomes(commits)).toEqual([LOST, LOST, "won"]);
  });

  it("of several commits on one head exactly one wins, and the head is the winner's", async () => {
    const store = fresh();
    await commitUpTo(store, 4);
    const bodies = ["a", "b", "c"];
    const won: string[] = [];
    const commits = bodies.map(async (body) => {
      await store.commitHead(commitOf(5, { head: { version: 5, progress: "{}", body } }));
      won.push(body);
    });
    expect(await outcomes(commits)).toEqual([LOST, LOST, "won"]);
    expect((await store.newestHead(shard))?.body).toBe(won[0]);
  });

  it("a stale writer loses, however many versions have come since, and changes nothing", async () => {
    const store = fresh();
    await commitUpTo(store, 12);
    for (const stale of [1, 2, 5, 12]) {
      const partsToPut = [{ id: "stale", text: "x" }];
      expect(await codeOf(() => store.commitHead(commitOf(stale, { partsToPut })))).toBe(LOST);
    }
    expect(await store.newestHead(shard)).toEqual(commitOf(12).head);
    expect(await codeOf(() => store.readParts(shard, ["stale"]))).toBe(LOST);
  });

  it("a commit that was applied is refused when it is sent again", async () => {
    const store = fresh();
    await commitUpTo(store, 2);
    expect(await codeOf(() => store.commitHead(commitOf(2)))).toBe(LOST);
  });
}

function documentPromises(fresh: () => Store, read: StoreUnderTest["document"]): void {
  const collection = `sink-${Date.now().toString(36)}`;
  const document = (id: string, n: number): SinkDocument => ({ collection, id, fields: { n } });

  it("documents of a sink are written with the head or not at all", async () => {
    const store = fresh();
    await store.commitHead(commitOf(1, { sinkDocuments: [document("a", 1), document("b", 1)] }));
    expect(await read(collection, "a")).toEqual({ n: 1 });
    const lost = commitOf(1, { sinkDocuments: [document("a", 2), document("c", 2)] });
    expect(await codeOf(() => store.commitHead(lost))).toBe(LOST);
    expect(await read(collection, "a")).toEqual({ n: 1 });
    expect(await read(collection, "c")).toBeUndefined();
  });

  it("the same id replaces a document, of two in one commit the later one stays", async () => {
    const store = fresh();
    await store.writeDocuments([document("d", 1), document("d", 2)]);
    expect(await read(collection, "d")).toEqual({ n: 2 });
    await store.commitHead(commitOf(1, { sinkDocuments: [document("d", 3)] }));
    expect(await read(collection, "d")).toEqual({ n: 3 });
  });
}

function letter(n: number, more: Partial<DeadLetterRecord> = {}): DeadLetterRecord {
  const [stage, code, state] = ["group-1", "ERR_USER_CODE", "open"] as const;
  const texts = { summary: `summary ${n} é😀`, detail: `detail ${n}` };
  return { id: `l-${n}`, stage, code, atMs: 1_000 * n, state, replays: 0, ...texts, ...more };
}

function listed({ detail: _, ...rest }: DeadLetterRecord): DeadLetterListed {
  return rest;
}

function deadLetterPromises(fresh: () => Store): void {
  it("dead letters are written with the head or not at all, and the same id replaces", async () => {
    const store = fresh();
    await store.commitHead(commitOf(1, { deadLetters: [letter(1), letter(2)] }));
    const lost = commitOf(1, { deadLetters: [letter(1, { replays: 1 }), letter(3)] });
    expect(await codeOf(() => store.commitHead(lost))).toBe(LOST);
    expect(await store.readDeadLetters(["l-2", "l-3", "l-1"])).toEqual([letter(2), letter(1)]);
    const taken = letter(1, { state: "replayed", replays: 1, replayedAtMs: 9, isLate: true });
    await store.commitHead(commitOf(2, { deadLetters: [taken] }));
    expect(await store.readDeadLetters(["l-1"])).toEqual([taken]);
    await store.putDeadLetters([letter(4)]);
    expect(await store.readDeadLetters(["l-1", "l-4"])).toEqual([taken, letter(4)]);
    expect(await store.readDeadLetters([])).toEqual([]);
  });

  it("a late write opens no letter that was taken, nor takes one back that came back since", async () => {
    const store = fresh();
    const again = letter(2, { replays: 2 });
    const taken = letter(1, { state: "replayed", replays: 1, replayedAtMs: 9 });
    await store.putDeadLetters([letter(1), again]);
    await store.putDeadLetters([taken]);
    await store.putDeadLetters([letter(1), letter(1, { replays: 1 }), letter(2), letter(3)]);
    const ids = ["l-1", "l-2", "l-3"];
    expect(await store.readDeadLetters(ids)).toEqual([taken, again, letter(3)]);
    const late = letter(2, { state: "replayed", replays: 1, replayedAtMs: 9 });
    await store.putDeadLetters([late]);
    expect(await store.readDeadLetters(["l-2"])).toEqual([late]);
  });

  it("a list has the newest first, page by page, those of one moment by id", async () => {
    const store = fresh();
    const letters = [1, 2, 3, 4, 5].map((n) => letter(n, { atMs: n === 3 ? 4_000 : n * 1_000 }));
    await store.putDeadLetters(letters);
    const newestFirst = [5, 4, 3, 2, 1].map((n) => listed(letters[n - 1] ?? letter(n)));
    expect(await store.listDeadLetters({ limit: 9 })).toEqual(newestFirst);
    const first = await store.listDeadLetters({ limit: 2 });
    expect(first).toEqual(newestFirst.slice(0, 2));
    const [, last] = first;
    const second = await store.listDeadLetters({ limit: 2, ...(last && { after: last }) });
    expect(second).toEqual(newestFirst.slice(2, 4));
  });

  it("a list has those of a stage, a code, a state and a time alone", async () => {
    const store = fresh();
    await store.putDeadLetters([
      letter(1, { stage: "other-2" }),
      letter(2, { code: "ERR_DECODE" }),
      letter(3, { state: "replayed", replays: 1 }),
      letter(4),
    ]);
    const ids = async (query: Omit<DeadLetterQuery, "limit">): Promise<string[]> =>
      (await store.listDeadLetters({ ...query, limit: 9 })).map(({ id }) => id);
    expect(await ids({ stage: "other-2" })).toEqual(["l-1"]);
    expect(await ids({ code: "ERR_DECODE" })).toEqual(["l-2"]);
    expect(await ids({ state: "replayed" })).toEqual(["l-3"]);
    expect(await ids({ state: "open", sinceMs: 2_000 })).toEqual(["l-4", "l-2"]);
    expect(await ids({ sinceMs: 2_000, untilMs: 4_000 })).toEqual(["l-3", "l-2"]);
    expect(await ids({ stage: "none" })).toEqual([]);
  });

  it("open letters are counted, of a stage and of all", async () => {
    const store = fresh();
    expect(await store.countOpenDeadLetters()).toBe(0);
    await store.putDeadLetters([
      letter(1, { stage: "other-2" }),
      letter(2),
      letter(3, { state: "replayed", replays: 1 }),
      letter(4),
    ]);
    await store.deleteDeadLetters(["l-4"]);
    expect(await store.countOpenDeadLetters()).toBe(2);
    expect(await store.countOpenDeadLetters("group-1")).toBe(1);
    expect(await store.countOpenDeadLetters("none")).toBe(0);
  });

  it("of many, those that match are found behind those that don't", async () => {
    const store = fresh();
    const many = Array.from({ length: 250 }, (_, n) => letter(n + 10));
    await store.putDeadLetters([
      letter(1, { stage: "rare" }),
      letter(2, { stage: "rare" }),
      ...many,
    ]);
    const found = await store.listDeadLetters({ stage: "rare", limit: 2 });
    expect(found.map(({ id }) => id)).toEqual(["l-2", "l-1"]);
  });

  it("a letter that is removed is gone, and removing it again is no error", async () => {
    const store = fresh();
    await store.putDeadLetters([letter(1), letter(2)]);
    await store.deleteDeadLetters(["l-1", "never-there"]);
    await store.deleteDeadLetters(["l-1"]);
    expect(await store.listDeadLetters({ limit: 9 })).toEqual([listed(letter(2))]);
  });
}

function registerAndJobPromises(fresh: () => Store): void {
  it("a register is put, replaced and, once removed, not brought back", async () => {
    const store = fresh();
    await store.putRegister({ id: "i-0", text: "one" });
    await store.replaceRegister({ id: "i-0", text: "two" });
    expect((await store.snapshot()).registers).toEqual([{ id: "i-0", text: "two" }]);
    await store.commitJob({ ...jobCommit(1), registersToDelete: ["i-0"] });
    await store.replaceRegister({ id: "i-0", text: "three" });
    expect((await store.snapshot()).registers).toEqual([]);
  });

  it("of several commits of the job one wins, and a stale one loses", async () => {
    const store = fresh();
    expect(await store.readJob()).toBeUndefined();
    const first = ["a", "b"].map((text) => store.commitJob(jobCommit(1, text)));
    expect(await outcomes(first)).toEqual([LOST, "won"]);
    const second = ["a", "b"].map((text) => store.commitJob(jobCommit(2, text)));
    expect(await outcomes(second)).toEqual([LOST, "won"]);
    for (let v = 3; v <= 12; v++) await store.commitJob(jobCommit(v));
    for (const stale of [1, 2, 12]) {
      expect(await codeOf(() => store.commitJob(jobCommit(stale)))).toBe(LOST);
    }
    expect(await store.readJob()).toEqual(jobCommit(12).job);
  });

  it("of state that was deleted nothing comes back, not even by who knows the head", async () => {
    const store = fresh();
    const text = "part";
    await store.commitJob(jobCommit(1));
    await commitUpTo(store, 2);
    await store.commitHead(commitOf(3, { partsToPut: [{ id: "a", text }] }));
    await store.putRegister({ id: "i-0", text: "r" });
    const other = { stage: "group-1", shard: 7 };
    await store.deleteState([shard, other]);
    expect(await store.newestHead(shard)).toBeUndefined();
    expect(await codeOf(() => store.readParts(shard, ["a"]))).toBe(LOST);
    expect(await store.snapshot()).toEqual({ heads: [], registers: [], job: jobCommit(1).job });
    expect(await codeOf(() => store.commitHead(commitOf(4)))).toBe(LOST);
    expect(await codeOf(() => store.commitHead(commitOf(1)))).toBe(LOST);
    expect(await codeOf(() => store.commitHead(commitOf(1, { shard: other })))).toBe(LOST);
    await store.deleteState([shard]);
  });

  it("more state is deleted than one batch takes", async () => {
    const store = fresh();
    const ids = Array.from({ length: 450 }, (_, i) => `i-${i}`);
    await Promise.all(ids.map((id) => store.putRegister({ id, text: "r" })));
    await store.deleteState([]);
    expect((await store.snapshot()).registers).toEqual([]);
  });

  it("a deployment is found by its plan, and the newest of one plan stands", async () => {
    const store = fresh();
    expect(await store.readDeployment("a1")).toBeUndefined();
    await store.putDeployment("a1", "one");
    await store.putDeployment("b2", "other");
    await store.putDeployment("a1", "two");
    expect(await store.readDeployment("a1")).toBe("two");
    expect(await store.readDeployment("b2")).toBe("other");
  });

  it("registers change with the job or not at all", async () => {
    const store = fresh();
    const registersToPut = [{ id: "r-0", text: "r" }];
    await store.commitJob({ ...jobCommit(1), registersToPut });
    const lost = { ...jobCommit(1), registersToDelete: ["r-0"] };
    expect(await codeOf(() => store.commitJob(lost))).toBe(LOST);
    expect((await store.snapshot()).registers).toEqual(registersToPut);
  });
}

function snapshotPromises(fresh: () => Store): void {
  it("a snapshot has every shard's newest head, every register and the job", async () => {
    const store = fresh();
    expect(await store.snapshot()).toEqual({ heads: [], registers: [], job: undefined });
    await commitUpTo(store, 3);
    await store.commitJob(jobCommit(1));
    expect(await store.snapshot()).toEqual({
      heads: [{ shard, version: 3, progress: '{"v":3}' }],
      registers: [],
      job: jobCommit(1).job,
    });
  });

  it("while commits go on, a snapshot never shows a shard twice or not at all", async () => {
    const store = fresh();
    const shards = [0, 1, 2, 3].map((n) => ({ stage: "busy", shard: n }));
    for (const ref of shards) await store.commitHead({ ...commitOf(1), shard: ref });
    let isOver = false;
    const writing = Promise.all(
      shards.map(async (ref) => {
        for (let v = 2; v <= 60; v++) await store.commitHead({ ...commitOf(v), shard: ref });
      }),
    ).finally(() => {
      isOver = true;
    });
    const before = new Map<number, number>();
    while (!isOver) {
      const { heads } = await store.snapshot();
      expect(heads.map((head) => head.shard.shard).sort()).toEqual([0, 1, 2, 3]);
      for (const { shard: ref, version, progress } of heads) {
        expect(progress).toBe(`{"v":${version}}`);
        expect(version).toBeGreaterThanOrEqual(before.get(ref.shard) ?? 1);
        before.set(ref.shard, version);
      }
    }
    await writing;
  });
}

function controlPromises(fresh: () => Store): void {
  const head = { version: 2e9 + 1, progress: '{"g":2}', body: "moved" };

  it("a shard whose state was deleted is put back under another version, again and again", async () => {
    const store = fresh();
    await commitUpTo(store, 3);
    await store.deleteState([shard]);
    const parts = [{ id: "s0.0", text: "part é😀" }];
    for (let times = 0; times < 2; times++) {
      await store.putShard(shard, head, parts);
      expect(await store.newestHead(shard)).toEqual(head);
      expect(await store.readParts(shard, ["s0.0"])).toEqual(["part é😀"]);
    }
    expect((await store.snapshot()).heads).toEqual([
      { shard, version: head.version, progress: head.progress },
    ]);
    const next = { ...head, version: head.version + 1 };
    await store.commitHead({ ...commitOf(2), previousVersion: head.version, head: next });
    expect(await store.newestHead(shard)).toEqual(next);
  });

  it("who knows a shard from before it was put, or not at all, never commits it", async () => {
    const store = fresh();
    await commitUpTo(store, 3);
    await store.deleteState([shard]);
    await store.putShard(shard, head, []);
    const never = { stage: "group-1", shard: 8 };
    await store.putShard(never, head, []);
    for (const stale of [1, 3, 4]) {
      expect(await codeOf(() => store.commitHead(commitOf(stale)))).toBe(LOST);
    }
    expect(await codeOf(() => store.commitHead(commitOf(1, { shard: never })))).toBe(LOST);
    expect(await store.newestHead(shard)).toEqual(head);
  });

  it("a snapshot's parts are read in their order, and listed once its first part is there", async () => {
    const store = fresh();
    expect(await store.readSnapshotParts("none")).toEqual([]);
    const texts = Array.from({ length: 12 }, (_, i) => `text ${i} é😀`);
    for (let part = 11; part > 0; part--) await store.putSnapshotPart("b", part, texts[part] ?? "");
    expect(await store.listSnapshots()).toEqual([]);
    await store.putSnapshotPart("b", 0, "old");
    await store.putSnapshotPart("b", 0, texts[0] ?? "");
    await store.putSnapshotPart("a", 0, "other");
    expect(await store.readSnapshotParts("b")).toEqual(texts);
    expect(await store.listSnapshots()).toEqual([
      { id: "a", text: "other" },
      { id: "b", text: texts[0] },
    ]);
  });

  it("a snapshot is deleted as a whole, and no other with it", async () => {
    const store = fresh();
    for (let part = 0; part < 11; part++) await store.putSnapshotPart("s-1", part, "x");
    await store.putSnapshotPart("s-11", 0, "stays");
    for (let times = 0; times < 2; times++) await store.deleteSnapshot("s-1");
    expect(await store.readSnapshotParts("s-1")).toEqual([]);
    expect(await store.readSnapshotParts("s-11")).toEqual(["stays"]);
    expect((await store.listSnapshots()).map(({ id }) => id)).toEqual(["s-11"]);
  });

  it("a part of a snapshot may be as large as a document", async () => {
    const store = fresh();
    const text = "x".repeat(900_000);
    for (let part = 0; part < 10; part++) await store.putSnapshotPart("large", part, text);
    expect((await store.readSnapshotParts("large")).map((each) => each.length)).toEqual(
      Array.from({ length: 10 }, () => 900_000),
    );
  });
}
