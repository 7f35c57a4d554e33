/**
 * Ingest: register, publish, confirm, acknowledge, in this order (J1 to J4), also after failures.
 */
import { expect, test } from "vitest";
import { Fence } from "../../../functions/fence.ts";
import { Ingest } from "../../../functions/ingest.ts";
import type { OutgoingMessage } from "../../../functions/ports.ts";
import { decodeRegister, type Register } from "../../../functions/register.ts";
import { ticksOf } from "../../../functions/stage-handler.ts";
import { firestore, fixedWindows, MeshError, pipeline, pubsub, sum } from "../../../sdk/index.ts";
import {
  codeOf,
  optionsOf,
  programFor,
  type UnitWorld,
  unitWorld,
} from "../../support/builders.ts";

const built = pipeline("ingested", (p) => {
  p.read(pubsub.topic<number>("in", { timestamp: (n) => n }))
    .windowInto(fixedWindows(1_000))
    .keyBy((n) => n % 7)
    .combinePerKey(sum())
    .write(firestore.collection("out", { id: (r) => String(r.key) }));
});

/** An ingest instance whose publishing can fail. */
class Ingested {
  readonly log: string[] = [];
  failPublish = 0;
  readonly unit: UnitWorld;
  readonly ingest: Ingest;
  #nextId = 0;

  constructor() {
    const unit = unitWorld();
    const { store } = unit;
    const mailboxes = {
      publish: async (messages: readonly OutgoingMessage[]) => {
        this.log.push("publish");
        if (this.failPublish-- > 0) throw new MeshError("ERR_UNAVAILABLE", "away");
        unit.published.push(...messages);
      },
    };
    const put = store.putRegister.bind(store);
    const replace = store.replaceRegister.bind(store);
    store.putRegister = async (register) => {
      this.log.push("register");
      await put(register);
    };
    store.replaceRegister = async (register) => {
      this.log.push("confirm");
      await replace(register);
    };
    this.unit = { ...unit, world: { ...unit.world, mailboxes } };
    const program = programFor(built, "ingest");
    const options = optionsOf();
    const ticks = ticksOf(program.plan, this.unit.world, options);
    const { world } = this.unit;
    const fence = new Fence(program.plan, world.store, world.clock);
    this.ingest = new Ingest({ program, world, options, ticks, fence });
  }

  async take(data: string, messageId: string = `m${this.#nextId++}`): Promise<void> {
    const publishTime = new Date(5).toISOString();
    await this.ingest.take({ data: Buffer.from(data), attributes: {}, messageId, publishTime });
    this.log.push("acknowledge");
  }

  async registers(): Promise<Register[]> {
    const { registers } = await this.unit.store.snapshot();
    return registers.map(({ text }) => decodeRegister(text));
  }
}

test("one message: register, publish, confirm, acknowledge", async () => {
  const ingested = new Ingested();
  await ingested.take("5");
  expect(ingested.log).toEqual(["register", "publish", "confirm", "acknowledge"]);
  expect(await ingested.registers()).toMatchObject([
    {
      index: 0,
      confirmed: 0,
      observed: { minTime: 5, maxTime: 5 },
      sends: [[expect.any(String), expect.any(Number), 0, 5]],
    },
  ]);
});

test("messages that come together make few groups, and the next register confirms the last", async () => {
  const ingested = new Ingested();
  await Promise.all(Array.from({ length: 50 }, (_, i) => ingested.take(String(i))));
  const count = (what: string): number => ingested.log.filter((entry) => entry === what).length;
  expect(count("register")).toBe(2);
  expect(count("confirm")).toBe(1);
  expect(count("acknowledge")).toBe(50);
  expect((await ingested.registers()).map(({ confirmed }) => confirmed)).toEqual([-1, 1]);
});

test("what was not published is refused, and no later register confirms it", async () => {
  const ingested = new Ingested();
  await ingested.take("1");
  ingested.failPublish = 1;
  expect(await codeOf(() => ingested.take("2"))).toBe("ERR_UNAVAILABLE");
  await ingested.take("3");
  await ingested.take("4");
  const registers = await ingested.registers();
  const lost = registers.filter(({ observed }) => observed?.minTime === 2);
  expect(lost).toHaveLength(1);
  const confirmed = registers.filter(
    ({ producer, confirmed: upTo }) => producer === lost[0]?.producer && upTo >= lost[0].index,
  );
  expect(confirmed).toEqual([]);
});

test("what can't be decoded is a dead letter, and acknowledged", async () => {
  const ingested = new Ingested();
  await ingested.take("not JSON");
  expect(ingested.unit.published).toMatchObject([
    { attributes: { "tidemark-code": "ERR_DECODE" } },
  ]);
  const [register] = await ingested.registers();
  expect([register?.observed, register?.sends]).toEqual([undefined, []]);
});

test("a message that comes again, to another instance, gives the same ids and shards (J4)", async () => {
  const texts = await Promise.all(
    [1, 2].map(async () => {
      const ingested = new Ingested();
      await ingested.take("5", "same");
      const [message] = ingested.unit.published;
      const envelope = JSON.parse(Buffer.from(message!.data).toString());
      return [envelope.shard, envelope.body];
    }),
  );
  expect(texts[0]).toEqual(texts[1]);
});
