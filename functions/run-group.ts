/**
 * Run group: source messages → what the transforms of an ingest stage give for them.
 *
 * Owns: reading messages, running what they hold, and setting aside what fails. Does not own: registers
 * and publishing (ingest.ts).
 * Place on the data's way: between a message's arrival and its group's register.
 */
import type { SourceMessage } from "../sdk/io/source-spec.ts";
import { NO_FIRING } from "../sdk/model/pane.ts";
import { earlier, later, MAX_TIMESTAMP, MIN_TIMESTAMP, type Timestamp } from "../sdk/model/time.ts";
import { GLOBAL_WINDOW } from "../sdk/model/window.ts";
import type { BundleOutputs } from "./bundle-outputs.ts";
import type { Chain } from "./chain.ts";
import { type DeadLetter, isDescribable } from "./dead-letter.ts";
import { type MessageFailure, messageLetter } from "./dead-letters/message-letter.ts";
import { recordsOf, type TakenLetter } from "./dead-letters/taking.ts";
import { guardedRun, ListWork } from "./guarded-run.ts";
import { type Item, messageReader, type ReadMessage } from "./message-reader.ts";
import type { EngineOptions } from "./options.ts";
import type { DeadLetterRecord, World } from "./ports.ts";
import type { Program } from "./program.ts";
import type { Register } from "./register.ts";

/** What running a group needs. */
export interface GroupContext {
  readonly program: Program;
  readonly world: World;
  readonly options: EngineOptions;
}

/** A message of a group. */
export interface GroupMessage {
  readonly message: SourceMessage;
  /** The dead letter that comes back. */
  readonly letter: Omit<TakenLetter, "isLate"> | undefined;
}

/** What a group gave. */
export interface GroupResult {
  readonly outputs: BundleOutputs;
  readonly dead: readonly DeadLetter[];
  /** What is stored of dead letters, new ones and those that came back. */
  readonly letters: readonly DeadLetterRecord[];
  /** What the source's watermark policy sees; undefined for dead letters that come back (J5). */
  readonly observed: Register["observed"];
}

type LetterContent = Pick<DeadLetter, "data" | "element" | "timestamp">;

/** Runs the groups of one instance. */
export class GroupRuns {
  readonly #context: GroupContext;
  readonly #chain: Chain;
  readonly #read: ReadMessage;

  constructor(context: GroupContext, chain: Chain) {
    this.#context = context;
    this.#chain = chain;
    this.#read = messageReader(context.program.root);
  }

  /** Runs a group: of new messages, or of dead letters that come back. */
  async run(group: readonly GroupMessage[]): Promise<GroupResult> {
    const { world, options } = this.#context;
    const { clock } = world;
    const { metrics } = this.#chain;
    metrics.begin(clock.nowMs());
    const dead: DeadLetter[] = [];
    const letterOf = new Map(group.map(({ message, letter }) => [message, letter]));
    const setAside: SetAside = (message, what) => {
      dead.push(this.#deadLetter(message, letterOf.get(message), what));
    };
    const { items, told } = this.#readAll(group, setAside);
    metrics.keep();
    const run = await guardedRun(this.#chain, this.#workOf(items), clock, options);
    for (const { item, error, attempts } of run.dead) {
      const { message, index, value: element, timestamp } = item;
      // What JSON can't hold, such as what is nested too deep, is set aside as the bytes it came in.
      const content = isDescribable(element) ? { element } : { data: message.data };
      setAside(message, { index, error, attempts, ...content, timestamp });
    }
    metrics.keep();
    const taken = group.flatMap(({ letter }) => (letter ? [{ ...letter, isLate: false }] : []));
    const letters = recordsOf(dead, taken, clock.nowMs());
    const observed = taken.length > 0 ? undefined : observe(items, told);
    return { outputs: run.outputs, dead, letters, observed };
  }

  /** The elements of all messages, and what a test stream says of its watermark. */
  #readAll(
    group: readonly GroupMessage[],
    setAside: SetAside,
  ): { readonly items: readonly Item[]; readonly told: Timestamp | undefined } {
    const root = this.#chain.metrics.step(this.#context.program.root.name);
    const items: Item[] = [];
    let told: Timestamp | undefined;
    for (const { message } of group) {
      try {
        const watermark = root.call(() => this.#read(message, items));
        if (watermark !== undefined) told = later(told ?? watermark, watermark);
      } catch (error) {
        setAside(message, { index: 0, error, attempts: 1, data: message.data });
      }
    }
    return { items, told };
  }

  #workOf(items: readonly Item[]): ListWork<Item> {
    return new ListWork(items, (item) => {
      this.#chain.source = { id: item.id, outputs: 0 };
      this.#chain.receive(item.value, item.timestamp, GLOBAL_WINDOW, NO_FIRING);
    });
  }

  #deadLetter(
    message: SourceMessage,
    letter: GroupMessage["letter"],
    { index, error, attempts, ...content }: MessageFailure & LetterContent,
  ): DeadLetter {
    const { program, world } = this.#context;
    this.#chain.failures.note(error, world.clock.nowMs(), true);
    const before = letter && { id: letter.record.id, attempt: letter.attempt };
    const failure = { index, error, attempts };
    return { ...content, ...messageLetter(program, message, failure, world, before) };
  }
}

type SetAside = (message: SourceMessage, what: MessageFailure & LetterContent) => void;

function observe(items: readonly Item[], told: Timestamp | undefined): Register["observed"] {
  if (items.length === 0 && told === undefined) return undefined;
  let minTime = MAX_TIMESTAMP;
  let maxTime = MIN_TIMESTAMP;
  for (const { timestamp } of items) {
    minTime = earlier(minTime, timestamp);
    maxTime = later(maxTime, timestamp);
  }
  return { minTime, maxTime, ...(told !== undefined && { told }) };
}
