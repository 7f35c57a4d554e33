/**
 * Batched words: state, timers of both domains and expiry, for every world.
 */
import {
  deduplicate,
  eventTimer,
  fixedWindows,
  groupIntoBatches,
  type KV,
  pipeline,
  statefulDoFn,
  valueState,
} from "tidemark";
import { assertThat, testStream, timestamped } from "tidemark/testing";

const words = testStream<string>({ name: "words" })
  .addElements(timestamped("a", 0), timestamped("b", 1), timestamped("a", 2))
  .advanceProcessingTime(1_000)
  .addElements(timestamped("a", 30_000), timestamped("c", 3))
  .advanceWatermarkTo(60_000)
  .addElements(timestamped("a", 60_000))
  .advanceWatermarkToInfinity();

/** Numbers the words of a key; tells how many at half a minute, and at the end of the window. */
const numbering = statefulDoFn<KV<string, string>, string>()({
  state: { n: valueState<number>() },
  timers: { half: eventTimer() },
  process({ key }, { state, timers, window, output }) {
    const n = (state.n.read() ?? 0) + 1;
    state.n.write(n);
    timers.half.set(window.start + 30_000);
    output(`${key} ${n}`);
  },
  onTimer: { half: ({ key, state, output }) => output(`${key} half ${state.n.read()}`) },
  onWindowExpiration: ({ key, state, output }) => output(`${key} end ${state.n.read()}`),
});

export default pipeline("batched-words", (p) => {
  const windowed = p
    .read(words)
    .windowInto(fixedWindows({ minutes: 1 }))
    .keyBy((word) => word);
  assertThat(windowed.parDo(numbering), { name: "numbered" }).containsInAnyOrder(
    ["a 1", "a 2", "a 3", "a 1", "b 1", "c 1"].concat(
      ["a half 3", "b half 1", "c half 1", "a half 1"],
      ["a end 3", "b end 1", "c end 1", "a end 1"],
    ),
  );
  const options = { size: 2, maxBufferingDuration: 500 };
  const batches = windowed.apply(groupIntoBatches(options)).map(({ value }) => value.join(" "));
  assertThat(batches, { name: "batches" }).containsInAnyOrder(["a a", "b", "a", "c", "a"]);
  assertThat(windowed.values().apply(deduplicate()), { name: "different" }).containsInAnyOrder([
    ...["a", "b", "c"],
    "a",
  ]);
});
