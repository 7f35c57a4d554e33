/**
 * Model laws: what comes out of a pipeline in the end depends on what goes in, and on nothing else.
 *
 * Owns: laws, each a pipeline over a scenario that asserts what an oracle computes from all events at
 * once. Does not own: scenarios, or where they are played.
 */
import { assertThat } from "../../emulators/testing/index.ts";
import {
  afterCount,
  afterEach,
  afterProcessingTime,
  afterWatermark,
  type CombineFn,
  coGroupByKey,
  count,
  type DoFn,
  fixedWindows,
  flatten,
  type KV,
  kv,
  type None,
  never,
  orFinally,
  type PCollection,
  type Root,
  repeatedly,
  sessions,
  slidingWindows,
  statefulDoFn,
  sum,
  type TriggerSpec,
  valueState,
} from "../../sdk/index.ts";
import { sessionsOf } from "./oracle.ts";
import { type Event, type Scenario, streamsOf } from "./scenarios.ts";

/** What a law says of a scenario. */
export interface Law {
  readonly name: string;
  /** Builds the law's part of a pipeline over the two streams, with its assertion. */
  readonly build: (input: Inputs, scenario: Scenario) => void;
}

/** The streams of a scenario, read. */
interface Inputs {
  readonly left: PCollection<Event>;
  readonly right: PCollection<Event>;
}

const SIZE = 40;
const PERIOD = 15;
const GAP = 20;

/** Triggers that lose nothing where nothing is late. */
const triggers: readonly TriggerSpec[] = [
  afterWatermark({ early: afterCount(1) }),
  afterWatermark({ early: afterCount(2), late: afterCount(1) }),
  repeatedly(afterCount(3)),
  afterEach(afterCount(2), repeatedly(afterCount(1))),
  orFinally(repeatedly(afterCount(1)), afterWatermark()),
  afterWatermark({ early: afterProcessingTime({ delay: { minutes: 5 } }) }),
  never(),
];

/** Builds a pipeline over a scenario, with the assertions of some laws. */
export function buildLaws(laws: readonly Law[], scenario: Scenario): (p: Root) => void {
  return (p) => {
    const streams = streamsOf(scenario);
    const input = { left: p.read(streams.source("left")), right: p.read(streams.source("right")) };
    for (const law of laws) law.build(input, scenario);
  };
}

/** A key's result in a window, as text. */
type Result = string;

const resultOf = (key: string, start: number, end: number, value: unknown): Result =>
  `${key} [${start}, ${end}) ${value}`;

/** Each pair as a result in its window. */
const inItsWindow: DoFn<KV<string, unknown>, Result> = {
  process({ key, value }, { window, output }) {
    output(resultOf(key, window.start, window.end, value));
  },
};

function keyed({ left, right }: Inputs): PCollection<KV<string, Event>> {
  return flatten(left, right).keyBy(({ key }) => key);
}

const bothOf = ({ left, right }: Scenario): Event[] => [...left, ...right];

const sumOf = (events: readonly Event[]): number =>
  events.reduce((total, { value }) => total + value, 0);

/** What a window function that looks at the time alone makes of events, key by key. */
function byWindow(
  events: readonly Event[],
  { size, period }: { readonly size: number; readonly period: number },
  of: (events: readonly Event[]) => unknown,
): Result[] {
  const groups = new Map<string, Event[]>();
  for (const event of events) {
    const last = Math.floor(event.time / period) * period;
    for (let start = last; start > event.time - size; start -= period) {
      const id = `${event.key} ${start}`;
      groups.set(id, [...(groups.get(id) ?? []), event]);
    }
  }
  return [...groups].map(([id, group]) => {
    const [key = "", start = ""] = id.split(" ");
    return resultOf(key, Number(start), Number(start) + size, of(group));
  });
}

const fixed = { size: SIZE, period: SIZE };

/** What sessions make of events, key by key. */
function bySession(events: readonly Event[], of: (events: readonly Event[]) => unknown): Result[] {
  return [...Map.groupBy(events, ({ key }) => key)].flatMap(([key, ofKey]) =>
    sessionsOf(ofKey, GAP).map(({ start, end, events }) => resultOf(key, start, end, of(events))),
  );
}

const sumValues: CombineFn<Event, number, number> = sum((event: Event) => event.value);

const sortedIds = (events: readonly Event[]): string =>
  events
    .map(({ id }) => id)
    .toSorted((a, b) => a - b)
    .join("+");

/** Tells the sum of a key's values when its window expires. */
const summing = statefulDoFn<KV<string, Event>, KV<string, number>>()({
  state: { total: valueState<number>() },
  process({ value }, { state }) {
    state.total.write((state.total.read() ?? 0) + value.value);
  },
  onWindowExpiration: ({ key, state, output }) => output(kv(key, state.total.read() ?? 0)),
});

/** Tells the times of a key's events in the order in which they came. */
const listing = statefulDoFn<KV<string, Event>, KV<string, string>>()({
  requiresTimeSortedInput: true,
  state: { times: valueState<string>() },
  process({ value }, { state }) {
    state.times.write(`${state.times.read() ?? ""} ${value.time}`);
  },
  onWindowExpiration: ({ key, state, output }) => output(kv(key, state.times.read() ?? "")),
});

const inOrderOfTime = (events: readonly Event[]): string =>
  events
    .map(({ time }) => time)
    .toSorted((a, b) => a - b)
    .map((time) => ` ${time}`)
    .join("");

type RightByKey = ReadonlyMap<string, readonly Event[]>;

const joining: DoFn<Event, string, None, { readonly right: RightByKey }> = {
  process({ id, key }, { sideInput, output }) {
    output(`${id} ${sortedIds(sideInput("right").get(key) ?? [])}`);
  },
};

/** The newest pane of each key and window that the oracle knows; others were merged away. */
function requireLastPanes(
  elements: readonly { readonly value: Result; readonly pane: { readonly index: number } }[],
  expected: readonly Result[],
): void {
  const windowOf = (result: Result): string => result.slice(0, result.lastIndexOf(" "));
  const last = new Map<string, { readonly value: Result; readonly index: number }>();
  for (const { value, pane } of elements) {
    const before = last.get(windowOf(value))?.index ?? -1;
    if (pane.index > before) last.set(windowOf(value), { value, index: pane.index });
  }
  const wrong = expected.filter((result) => last.get(windowOf(result))?.value !== result);
  if (wrong.length === 0) return;
  const found = wrong.map((result) => last.get(windowOf(result))?.value ?? "nothing");
  throw new Error(`expected: ${wrong.join("; ")}; last panes: ${found.join("; ")}`);
}

export const laws: readonly Law[] = [
  {
    name: "sums in fixed windows",
    build(input, scenario) {
      const sums = keyed(input).windowInto(fixedWindows(SIZE)).combinePerKey(sumValues);
      assertThat(sums.parDo(inItsWindow)).containsInAnyOrder(
        byWindow(bothOf(scenario), fixed, sumOf),
      );
    },
  },
  {
    name: "groups in sliding windows",
    build(input, scenario) {
      const groups = keyed(input)
        .windowInto(slidingWindows(SIZE, { period: PERIOD }))
        .groupByKey()
        .map(({ key, value }) => kv(key, sortedIds(value)));
      const windows = { size: SIZE, period: PERIOD };
      assertThat(groups.parDo(inItsWindow)).containsInAnyOrder(
        byWindow(bothOf(scenario), windows, sortedIds),
      );
    },
  },
  {
    name: "sums in sessions, in whatever order they merge",
    build(input, scenario) {
      const sums = keyed(input).windowInto(sessions(GAP)).combinePerKey(sumValues);
      assertThat(sums.parDo(inItsWindow)).containsInAnyOrder(bySession(bothOf(scenario), sumOf));
    },
  },
  {
    name: "the last accumulating pane of a count, whatever the trigger, in fixed windows and sessions",
    build(input, scenario) {
      const trigger = triggers[scenario.variant % triggers.length] ?? never();
      const counts = (windowFn: ReturnType<typeof fixedWindows | typeof sessions>) =>
        keyed(input)
          .windowInto(windowFn, { trigger, accumulation: "accumulating" })
          .combinePerKey(count())
          .parDo(inItsWindow);
      const all = bothOf(scenario);
      const countOf = (events: readonly Event[]): number => events.length;
      assertThat(counts(fixedWindows(SIZE))).satisfies((_, elements) =>
        requireLastPanes(elements, byWindow(all, fixed, countOf)),
      );
      assertThat(counts(sessions(GAP))).satisfies((_, elements) =>
        requireLastPanes(elements, bySession(all, countOf)),
      );
    },
  },
  {
    name: "what a stateful DoFn tells when its window expires",
    build(input, scenario) {
      const sums = keyed(input).windowInto(fixedWindows(SIZE)).parDo(summing);
      assertThat(sums.parDo(inItsWindow)).containsInAnyOrder(
        byWindow(bothOf(scenario), fixed, sumOf),
      );
    },
  },
  {
    name: "the order of elements that a stateful DoFn wants sorted by time",
    build(input, scenario) {
      const lists = keyed(input).windowInto(fixedWindows(SIZE)).parDo(listing);
      assertThat(lists.parDo(inItsWindow)).containsInAnyOrder(
        byWindow(bothOf(scenario), fixed, inOrderOfTime),
      );
    },
  },
  {
    name: "coGroupByKey of two streams",
    build({ left, right }, scenario) {
      const byKey = (input: PCollection<Event>) =>
        input.windowInto(fixedWindows(SIZE)).keyBy(({ key }) => key);
      const groups = coGroupByKey({ left: byKey(left), right: byKey(right) }).map(
        ({ key, value }) => kv(key, `${sortedIds(value.left)}|${sortedIds(value.right)}`),
      );
      const split = (events: readonly Event[]): string => {
        const { left = [], right = [] } = Object.groupBy(events, ({ id }) =>
          id < 1_000 ? "left" : "right",
        );
        return `${sortedIds(left)}|${sortedIds(right)}`;
      };
      assertThat(groups.parDo(inItsWindow)).containsInAnyOrder(
        byWindow(bothOf(scenario), fixed, split),
      );
    },
  },
  {
    name: "a join with a side input of the same window",
    build({ left, right }, scenario) {
      const side = right
        .windowInto(fixedWindows(SIZE))
        .keyBy(({ key }) => key)
        .asMultimap();
      const joined = left
        .windowInto(fixedWindows(SIZE))
        .parDo(joining, { sideInputs: { right: side } });
      const windowOf = ({ time }: Event): number => Math.floor(time / SIZE);
      const expected = scenario.left.map((event) => {
        const others = scenario.right.filter(
          (other) => other.key === event.key && windowOf(other) === windowOf(event),
        );
        return `${event.id} ${sortedIds(others)}`;
      });
      assertThat(joined).containsInAnyOrder(expected);
    },
  },
];
