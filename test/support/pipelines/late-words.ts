/**
 * Late words: test streams with late elements, two stages and assertions, for every world.
 */
import { count, fixedWindows, flatten, globalWindow, kv, pipeline, sum } from "tidemark";
import { assertThat, assertThatSingleton, testStreams, timestamped } from "tidemark/testing";

const minute = { start: 0, end: 60_000 };

const words = testStreams<{ fast: string; slow: string }>({ name: "words" })
  .addElements("fast", timestamped("a", 0), timestamped("a", 59_999), timestamped("b", 5))
  .advanceWatermarkToInfinity("fast")
  .addElements("slow", timestamped("a", 1))
  .advanceWatermarkTo("slow", 60_000)
  .addElements("slow", timestamped("b", 2), timestamped("b", 3))
  .advanceProcessingTime(50)
  .advanceWatermarkTo("slow", 70_000)
  .addElements("slow", timestamped("a", 4), timestamped("c", 4))
  .advanceWatermarkToInfinity("slow");

export default pipeline("late-words", (p) => {
  const counts = flatten(p.read(words.source("fast")), p.read(words.source("slow")))
    .windowInto(fixedWindows({ minutes: 1 }), { allowedLateness: { seconds: 10 } })
    .keyBy((word) => word)
    .combinePerKey(count());
  assertThat(counts)
    .inOnTimePane(minute)
    .containsInAnyOrder([kv("a", 3), kv("b", 1)]);
  assertThat(counts)
    .inLatePane(minute)
    .containsInAnyOrder([kv("b", 2)]);
  assertThat(counts, { name: "counts" }).hasSize(3);
  const total = counts
    .values()
    .windowInto(globalWindow())
    .keyBy(() => "all")
    .reshuffle();
  assertThat(total).hasSize(3);
  const bounded = p.create([1, 2, 3], { name: "bounded" }).keyBy(() => 0);
  assertThatSingleton(bounded.combinePerKey(sum())).isEqualTo(kv(0, 6));
});
