/**
 * Timers: when they fire, in which order, and with which timestamp; and what a window's end calls.
 */
import { assertThat, testStream, timestamped } from "../../../emulators/testing/index.ts";
import {
  combiningState,
  eventTimer,
  eventTimerFamily,
  fixedWindows,
  type KV,
  kv,
  outputTag,
  type PCollection,
  processingTimer,
  processingTimerFamily,
  reifyTimestamps,
  statefulDoFn,
  sum,
  valueState,
} from "../../../sdk/index.ts";
import type { ModelCase } from "./model-case.ts";

/** One element at 1, then the end of time. */
const one = testStream<KV<string, number>>()
  .addElements(timestamped(kv("a", 1), 1))
  .advanceWatermarkToInfinity();

/** Each element as text, with its timestamp. */
function stamped(input: PCollection<string>): PCollection<string> {
  return input
    .apply(reifyTimestamps<string>())
    .map(({ value, timestamp }) => `${value} @${timestamp}`);
}

const settingTwice = statefulDoFn<KV<string, number>, string>()({
  timers: { once: eventTimer(), never: eventTimer(), held: eventTimer() },
  process(_, { timers }) {
    timers.once.set(5);
    timers.once.set(8);
    timers.never.set(5);
    timers.never.clear();
    timers.held.withOutputTimestamp(3).set(9);
  },
  onTimer: {
    once: ({ key, fireTimestamp, output }) => output(`once of ${key} at ${fireTimestamp}`),
    never: ({ output }) => output("never"),
    held: ({ fireTimestamp, output }) => output(`held at ${fireTimestamp}`),
  },
});

const waiting = statefulDoFn<KV<string, number>, string>()({
  timers: { flush: processingTimer() },
  process(_, { timers }) {
    timers.flush.offset({ hours: 1 }).setRelative();
  },
  onTimer: {
    flush: ({ output, timestamp }) => output(`flush of ${timestamp}`),
  },
});

const families = statefulDoFn<KV<string, number>, string>()({
  timers: { events: eventTimerFamily(), later: processingTimerFamily() },
  process({ value }, { timers }) {
    timers.events.set(`e${value}`, value + 1);
    timers.events.set("shared", value + 2); // The last one counts.
    timers.later.get(`p${value}`).offset({ seconds: value }).setRelative();
  },
  onTimer: {
    events: ({ tag, fireTimestamp, output }) => output(`${tag} ${fireTimestamp}`),
    later: ({ tag, output }) => output(tag),
  },
});

/** Timers at 5, 15 and 25; the first one sets another at 10, and that one clears the last. */
const ordered = statefulDoFn<KV<string, number>, string>()({
  state: { text: valueState<string>() },
  timers: { at: eventTimerFamily() },
  process(_, { timers }) {
    for (const time of [25, 5, 15]) timers.at.set(`${time}`, time);
  },
  onTimer: {
    at({ tag, state, timers, output }) {
      state.text.write(`${state.text.read() ?? ""} ${tag}`);
      if (tag === "5") timers.at.set("10", 10);
      if (tag === "10") timers.at.get("25").clear();
      if (tag === "15") output(`fired:${state.text.read()}`);
    },
  },
});

const looping = statefulDoFn<KV<string, number>, string>()({
  timers: { tick: eventTimer() },
  process(_, { timers }) {
    timers.tick.set(10);
  },
  onTimer: {
    tick({ fireTimestamp, timers, output, window }) {
      output(`tick ${fireTimestamp}`);
      if (fireTimestamp + 10 < window.end) timers.tick.offset(10).setRelative();
    },
  },
});

const expiring = statefulDoFn<KV<string, number>, string>()({
  state: { sum: valueState<number>() },
  process({ value }, { state }) {
    state.sum.write((state.sum.read() ?? 0) + value);
  },
  onWindowExpiration({ key, state, window, output }) {
    output(`${key} ${state.sum.read()} of ${window.start}`);
  },
});

/** Tells its key and its side input wherever it is called. */
const telling = statefulDoFn<
  KV<string, number>,
  string,
  { main: string; ended: string },
  { readonly rate: number }
>()({
  state: { sum: combiningState(sum()) },
  timers: { half: eventTimer() },
  process({ key, value }, { state, timers, window, output, sideInput }) {
    state.sum.add(value);
    timers.half.set(window.start + 5);
    output(`process ${key} ${value * sideInput("rate")}`);
  },
  onTimer: {
    half: ({ key, state, output, sideInput }) =>
      output(`timer ${key} ${state.sum.read() * sideInput("rate")}`),
  },
  onWindowExpiration: ({ key, state, outputTo, sideInput }) =>
    outputTo("ended", `end ${key} ${state.sum.read() * sideInput("rate")}`),
});

export const timersCases: readonly ModelCase[] = [
  {
    name: "event-time timers: set again, cleared, and with an output timestamp",
    build(p) {
      assertThat(stamped(p.read(one).parDo(settingTwice))).containsInAnyOrder([
        "once of a at 8 @8",
        "held at 9 @3",
      ]);
    },
  },
  {
    name: "a timer's output timestamp holds the watermark until it fires",
    build(p) {
      const stream = testStream<KV<string, number>>()
        .addElements(timestamped(kv("a", 1), 1))
        .advanceWatermarkTo(9) // Past the window's end, and not past the timer.
        .advanceWatermarkToInfinity();
      const counts = p
        .read(stream)
        .parDo(settingTwice)
        .windowInto(fixedWindows(4))
        .keyBy((text) => text)
        .groupByKey()
        .keys();
      assertThat(counts).inOnTimePane({ start: 0, end: 4 }).containsInAnyOrder(["held at 9"]);
    },
  },
  {
    name: "processing-time timers: fire when the clock has come so far, with the element's timestamp",
    build(p) {
      const stream = testStream<KV<string, number>>()
        .addElements(timestamped(kv("a", 1), 7))
        .advanceProcessingTime({ minutes: 61 })
        .addElements(timestamped(kv("b", 1), 8)); // Not ended: its timer never fires.
      assertThat(stamped(p.read(stream).parDo(waiting))).containsInAnyOrder(["flush of 7 @7"]);
    },
  },
  {
    name: "timer families: any number of timers, by tags",
    build(p) {
      const stream = testStream<KV<string, number>>()
        .addElements(timestamped(kv("a", 1), 1), timestamped(kv("a", 2), 2))
        .advanceProcessingTime({ seconds: 3 })
        .advanceWatermarkToInfinity();
      assertThat(p.read(stream).parDo(families)).containsInAnyOrder([
        ...["e1 2", "e2 3", "shared 4"],
        ...["p1", "p2"],
      ]);
    },
  },
  {
    name: "timers fire in the order of time, also those that timers set and clear meanwhile",
    build(p) {
      assertThat(p.read(one).parDo(ordered)).containsInAnyOrder(["fired: 5 10 15"]);
    },
  },
  {
    name: "a looping timer ends with its window",
    build(p) {
      const ticks = p.read(one).windowInto(fixedWindows(35)).parDo(looping);
      assertThat(ticks).containsInAnyOrder(["tick 10", "tick 20", "tick 30"]);
    },
  },
  {
    name: "onWindowExpiration: once for each key and window, after the lateness, with its state",
    build(p) {
      const stream = testStream<KV<string, number>>()
        .addElements(timestamped(kv("a", 1), 1), timestamped(kv("b", 2), 2))
        .advanceWatermarkTo(12)
        .addElements(timestamped(kv("a", 4), 3), timestamped(kv("a", 8), 13)) // The first is late.
        .advanceWatermarkTo(15);
      const expired = p
        .read(stream)
        .windowInto(fixedWindows(10), { allowedLateness: 5 })
        .parDo(expiring);
      assertThat(stamped(expired)).containsInAnyOrder(["a 5 of 0 @9", "b 2 of 0 @9"]);
    },
  },
  {
    name: "keys and side inputs in process, timers and expiries of a stateful DoFn, and tagged outputs",
    build(p) {
      const rate = p
        .create([10, 100], { timestamp: (n) => n / 10 })
        .windowInto(fixedWindows(10))
        .asSingleton();
      const outputs = { main: outputTag<string>(), ended: outputTag<string>() };
      const { main, ended } = p
        .create([kv("a", 1), kv("a", 2), kv("b", 11)], { timestamp: ({ value }) => value })
        .windowInto(fixedWindows(10))
        .parDo(telling, { sideInputs: { rate }, outputs });
      assertThat(main).containsInAnyOrder([
        ...["process a 10", "process a 20", "process b 1100"],
        ...["timer a 30", "timer b 1100"],
      ]);
      assertThat(ended).containsInAnyOrder(["end a 30", "end b 1100"]);
    },
  },
];
