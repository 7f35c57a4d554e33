import { expect, test } from "vitest";
import {
  compile,
  count,
  files,
  fixedWindows,
  flatten,
  pipeline,
  pubsub,
  type Root,
} from "../../../../sdk/index.ts";
import { meshErrorOf } from "../errors.ts";

function messageOf(build: (p: Root) => void): string {
  const error = meshErrorOf(() => compile(pipeline("test", build)));
  expect(error.code).toBe("ERR_PIPELINE");
  return error.message;
}

test("an empty pipeline is refused", () => {
  expect(messageOf(() => {})).toContain('"test" is empty');
});

test("a pipeline that writes nowhere is refused, with its last transform", () => {
  const message = messageOf((p) => p.create([1]).map((x) => x, { name: "Last" }));
  expect(message).toMatch(/Nothing would come out.*"Last" at .*validate\.test\.ts:\d+:\d+/);
});

test("a grouping on unbounded input in the global window is refused", () => {
  const group = messageOf((p) => {
    p.read(pubsub.topic<number>("n"))
      .keyBy((x) => x)
      .groupByKey()
      .write(files.ndjson("o"));
  });
  const combine = messageOf((p) => {
    p.read(pubsub.topic<number>("n"))
      .keyBy((x) => x)
      .combinePerKey(count())
      .write(files.ndjson("o"));
  });
  expect(group).toMatch(/^"groupByKey" at .*validate\.test\.ts:\d+:\d+ would never emit/);
  expect(combine).toMatch(/^"combinePerKey" at .* Put \.windowInto\(/);
});

test("a grouping on bounded input in the global window is fine", () => {
  const bounded = pipeline("test", (p) => {
    p.create([1])
      .keyBy((x) => x)
      .groupByKey()
      .write(files.ndjson("o"));
  });
  expect(compile(bounded).stages).toHaveLength(2);
});

test("a reshuffle on unbounded input needs no windows", () => {
  const unbounded = pipeline("test", (p) => {
    p.read(pubsub.topic("n")).reshuffle().write(pubsub.topic("o"));
  });
  expect(compile(unbounded).stages).toHaveLength(2);
});

test("a flatten of inputs that are windowed differently is refused, with the difference", () => {
  const message = messageOf((p) => {
    const a = p.create([1]).windowInto(fixedWindows(10), { name: "A" });
    const b = p.create([2]).windowInto(fixedWindows(20), { name: "B" });
    flatten(a, b).write(files.ndjson("o"));
  });
  expect(message).toMatch(/^"flatten" at .*"A" at .* and "B" at .* differ in windowFn/);
});

test("a finishBundle before the first shuffle of an unbounded source is refused, behind one it runs", () => {
  const gathering = { process() {}, finishBundle() {} };
  const build = (isShuffled: boolean) => () =>
    compile(
      pipeline("test", (p) => {
        const numbers = p.read(pubsub.topic<number>("n"));
        (isShuffled ? numbers.reshuffle() : numbers).parDo(gathering, { name: "Gather" });
      }),
    );
  const error = meshErrorOf(build(false));
  expect(error.code).toBe("ERR_UNSUPPORTED");
  expect(error.message).toMatch(/"Gather" at .*reshuffle\(\)/);
  expect(build(true)().stages).toHaveLength(2);
});
