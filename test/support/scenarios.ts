/**
 * Scenarios: events on two streams, how they come, and how far their watermarks say they are.
 *
 * A scenario keeps the watermark's promise: no event comes behind the watermark of its stream.
 */
import fc from "fast-check";
import { type TestStreams, testStreams, timestamped } from "../../emulators/testing/index.ts";

const TIME_MIN = -60;
const TIME_MAX = 260;

/** One event. Events differ by their ids. */
export interface Event {
  readonly id: number;
  readonly key: string;
  readonly value: number;
  readonly time: number;
}

type Tag = "left" | "right";

/** What happens next: a bundle of a stream, perhaps with a new watermark; or time passes. */
type Turn =
  | { readonly tag: Tag; readonly events: readonly Event[]; readonly watermark: number | undefined }
  | { readonly byMs: number };

/** Events, and the order in which they come. */
export interface Scenario {
  readonly turns: readonly Turn[];
  readonly left: readonly Event[];
  readonly right: readonly Event[];
  /** Picks one of a law's variants. */
  readonly variant: number;
}

interface Delivery {
  readonly events: readonly Omit<Event, "id">[];
  readonly sizes: readonly number[];
  /** How much of what the watermark may advance it does, in quarters; behind each bundle. */
  readonly quarters: readonly number[];
}

function anyDelivery(eventsMax: number): fc.Arbitrary<Delivery> {
  const event = fc.record({
    key: fc.constantFrom("a", "b", "c"),
    value: fc.integer({ min: -9, max: 9 }),
    time: fc.integer({ min: TIME_MIN, max: TIME_MAX }),
  });
  return fc.record({
    events: fc.array(event, { maxLength: eventsMax }),
    sizes: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 }),
    quarters: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 5 }),
  });
}

/** Scenarios of at most so many events on each stream. */
export function anyScenario(eventsMax: number): fc.Arbitrary<Scenario> {
  return fc
    .record({
      left: anyDelivery(eventsMax),
      right: anyDelivery(eventsMax),
      order: fc.array(fc.constantFrom("left", "right", "time"), { minLength: 3, maxLength: 9 }),
      variant: fc.nat(999),
    })
    .map(({ left, right, order, variant }) => {
      const turns = { left: turnsOf("left", left, 0), right: turnsOf("right", right, 1_000) };
      const eventsOf = (tag: Tag): Event[] => turns[tag].flatMap(({ events }) => events);
      const events = { left: eventsOf("left"), right: eventsOf("right") };
      return { turns: interleaved(turns, order), ...events, variant };
    });
}

type Bundle = Extract<Turn, { readonly tag: Tag }>;

function turnsOf(tag: Tag, { events, sizes, quarters }: Delivery, firstId: number): Bundle[] {
  const rest = events.map((event, i) => ({ ...event, id: firstId + i }));
  const turns: Bundle[] = [];
  let watermark = TIME_MIN;
  for (let i = 0; rest.length > 0; i++) {
    const bundle = rest.splice(0, sizes[i % sizes.length]);
    const promised = Math.min(TIME_MAX, ...rest.map(({ time }) => time));
    const quarter = quarters[i % quarters.length] ?? 0;
    watermark += Math.floor(((promised - watermark) * quarter) / 4);
    turns.push({ tag, events: bundle, watermark: quarter === 0 ? undefined : watermark });
  }
  return turns;
}

/** Takes turns as `order` says, again and again, until both streams are at their end. */
function interleaved(
  { left, right }: Readonly<Record<Tag, readonly Bundle[]>>,
  order: readonly (Tag | "time")[],
): Turn[] {
  const rest = { left: [...left], right: [...right] };
  const turns: Turn[] = [];
  for (const who of order) {
    const turn = who === "time" ? { byMs: 6 * 60_000 } : rest[who].shift();
    if (turn !== undefined) turns.push(turn);
  }
  return [...turns, ...rest.left, ...rest.right];
}

/** Returns both streams of a scenario, to their end. */
export function streamsOf({ turns }: Scenario): TestStreams<Record<Tag, Event>> {
  let streams = testStreams<Record<Tag, Event>>();
  for (const turn of turns) {
    if ("byMs" in turn) {
      streams = streams.advanceProcessingTime(turn.byMs);
      continue;
    }
    const { tag, events, watermark } = turn;
    const elements = events.map((event) => timestamped(event, event.time));
    streams = streams.addElements(tag, elements);
    if (watermark !== undefined) streams = streams.advanceWatermarkTo(tag, watermark);
  }
  return streams.advanceWatermarkToInfinity("left").advanceWatermarkToInfinity("right");
}
