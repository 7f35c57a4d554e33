/**
 * Dead letters: one for each element whatever comes twice, and no document larger than it may be.
 */
import { describe, expect, test } from "vitest";
import { MemoryMesh } from "../../../emulators/memory/memory-mesh.ts";
import { ShardActivations } from "../../../functions/activation.ts";
import { type DeadLetter, deadLetterMessage } from "../../../functions/dead-letter.ts";
import { itemOfOutput, itemPayload } from "../../../functions/dead-letters/payload.ts";
import {
  detailOf,
  recordBytes,
  recordOf,
  summaryOf,
} from "../../../functions/dead-letters/record.ts";
import type { Envelope } from "../../../functions/envelope.ts";
import { Fence } from "../../../functions/fence.ts";
import { DOCUMENT_BYTES_MAX } from "../../../functions/options.ts";
import { ticksOf } from "../../../functions/stage-handler.ts";
import {
  type CombineFn,
  firestore,
  fixedWindows,
  MeshError,
  type Pipeline,
  pipeline,
  pubsub,
} from "../../../sdk/index.ts";
import { NO_FIRING } from "../../../sdk/model/pane.ts";
import { GLOBAL_WINDOW } from "../../../sdk/model/window.ts";
import { at, columnsOf, optionsOf, programFor, unitWorld } from "../../support/builders.ts";

/** A sum that can't add a number below zero to another. */
const picky: CombineFn<number, number, number> = {
  name: "picky",
  createAccumulator: () => 0,
  addInput: (_, n) => n,
  mergeAccumulators: (a, b) => {
    if (b < 0) throw new RangeError("below zero");
    return a + b;
  },
  extractOutput: (n) => n,
};

const out = firestore.collection<{ key: unknown; value: unknown }>("out", {
  id: ({ key }) => String(key),
  fields: ({ value }) => ({ value }),
});

test("a message that comes again through another instance makes no second letter", async () => {
  const streamed = pipeline("again", (p) => {
    p.read(pubsub.topic<number>("numbers"))
      .windowInto(fixedWindows({ hours: 1 }))
      .keyBy(() => "all")
      .combinePerKey(picky)
      .write(out);
  });
  const ingest = /^read/;
  const mesh: MemoryMesh = new MemoryMesh(streamed, {
    shards: 1,
    wrapDeliver: (deliver, stage) => async (message) => {
      await deliver(message);
      if (!ingest.test(stage)) return;
      mesh.restart(stage);
      await deliver(message);
    },
  });
  await mesh.launch();
  for (const n of [1, -2, 3]) {
    await mesh.publish("numbers", [{ data: String(n) }]);
    await mesh.run(mesh.clock.nowMs() + 5_000);
  }
  const letters = await mesh.store.listDeadLetters({ limit: 9 });
  expect(letters.map(({ summary }) => JSON.parse(summary).message)).toEqual([
    expect.stringContaining("below zero"),
  ]);
  expect(mesh.messages("tm-again-dead-letters")).toHaveLength(1);
});

describe("an instance that has found a poison element and then loses the race", () => {
  const batch: Pipeline = pipeline("race", (p) => {
    p.create<number>([])
      .keyBy(() => "all")
      .combinePerKey(picky)
      .write(out);
  });

  test("sets aside nothing that the winner has taken", async () => {
    const unit = unitWorld();
    const program = programFor(batch, "shuffle");
    const { id: stage } = program.stage;
    let sequence = 0;
    const message = (n: number): (() => Envelope) => {
      const envelope: Envelope = {
        plan: program.plan.hash,
        producer: "read/0",
        sequence: sequence++,
        stage,
        shard: 0,
        minTime: at(0),
        count: 1,
        body: { kind: "elements", windows: [columnsOf("g", [["all", n, 0]])] },
      };
      return () => structuredClone(envelope);
    };
    const instance = (store = unit.store): ShardActivations => {
      const world = { ...unit.world, store };
      const options = optionsOf();
      const ticks = ticksOf(program.plan, world, options);
      const fence = new Fence(program.plan, world.store, world.clock);
      const context = { program, world, options, source: undefined, ticks, fence };
      return new ShardActivations({ stage, shard: 0 }, context);
    };
    await instance().activate([message(1)]);
    const [poison, other] = [message(-2), message(3)];
    const slow = Object.assign(Object.create(unit.store) as typeof unit.store, {
      isFirst: true,
      newestHead: unit.store.newestHead.bind(unit.store),
      readParts: unit.store.readParts.bind(unit.store),
      async commitHead(commit: Parameters<typeof unit.store.commitHead>[0]): Promise<void> {
        if (this.isFirst) await instance().activate([poison]);
        this.isFirst = false;
        await unit.store.commitHead(commit);
      },
    });
    await instance(slow).activate([poison, other]);
    expect(await unit.store.listDeadLetters({ limit: 9 })).toHaveLength(1);
  });
});

function letter(more: Partial<DeadLetter>): DeadLetter {
  return {
    id: "s~0~1~0",
    pipeline: "p",
    plan: "h",
    fingerprint: "f",
    stage: "s",
    shard: 0,
    transform: "check",
    error: new MeshError("ERR_USER_CODE", "check: no", { cause: new Error("no") }),
    attempts: 3,
    replays: 0,
    atMs: 0,
    ...more,
  };
}

const text = (length: number): string => "é".repeat(length / 2);

function elementLetter(element: unknown): DeadLetter {
  const values = [typeof element === "string" ? element : "x"];
  return letter({ element, replay: { kind: "elements", columns: { window: "g", values } } });
}

describe("a letter's document", () => {
  test.each([10, 400_000, 600_000, 800_000, 2_000_000, 5_000_000])(
    "fits where the element has %i bytes, and so does its message",
    (length) => {
      const large = elementLetter(text(length));
      const record = recordOf(large);
      expect(recordBytes(record)).toBeLessThanOrEqual(DOCUMENT_BYTES_MAX);
      const { element, replay, elementBytes } = detailOf(record);
      expect(elementBytes).toBe(length + 2);
      expect(element !== undefined).toBe(length <= 400_000);
      expect(replay.kind).toBe(length <= 800_000 ? "elements" : "none");
      expect(summaryOf(record).replay).toBe(replay.kind);
      const message = JSON.parse(Buffer.from(deadLetterMessage("t", large).data).toString());
      if (length < 1_500_000) expect(message.element).toBe(text(length));
      else {
        expect(message.cut).toMatchObject({ bytes: length + 2, sha256: expect.any(String) });
        expect(replay).toMatchObject({
          reason: expect.stringContaining("its size and its SHA-256"),
        });
      }
    },
  );

  test("is written for what JSON can't hold, and says what was thrown, however deep", () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    for (const element of [cycle, 10n, undefined, () => 1, Symbol("s")]) {
      expect(detailOf(recordOf(elementLetter(element))).elementBytes).toBeGreaterThan(0);
    }
    const root = new Error("disk full");
    const error = new MeshError("ERR_USER_CODE", "check: failed", {
      cause: new Error("can't write", { cause: root }),
    });
    const { causes, stack } = detailOf(recordOf(letter({ error })));
    expect(causes).toEqual(["Error: can't write", "Error: disk full"]);
    expect(stack).toBe(root.stack);
    expect(detailOf(recordOf(letter({ error: "a string" }))).causes).toEqual([]);
  });
});

test("a pane that failed in the chain behind it comes back as it was", () => {
  const grouped = pipeline("panes", (p) => {
    p.create<number>([])
      .keyBy((n) => new Date(n))
      .groupByKey()
      .map(({ key, value }) => ({ key: String(key), value }))
      .write(out);
  });
  const { root } = programFor(grouped, "shuffle");
  const item = {
    value: { key: new Date(5), value: [1, -0, Number.NaN] },
    timestamp: at(7),
    window: GLOBAL_WINDOW,
    pane: { ...NO_FIRING, timing: "LATE", index: 3, onTimeIndex: 2, isFirst: false },
  } as const;
  const payload = itemPayload(root, item);
  if (payload.kind !== "output") throw new Error(`A payload of kind ${payload.kind}.`);
  expect(itemOfOutput(root, JSON.parse(JSON.stringify(payload)))).toEqual(item);
  const odd = itemPayload(root, { ...item, value: { key: () => 1, value: [] } });
  expect(odd).toMatchObject({ kind: "none", reason: expect.stringContaining("function") });
});
