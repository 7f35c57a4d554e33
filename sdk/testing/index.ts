/**
 * The part of `tidemark/testing` that a pipeline is made of: pure, as a deployed bundle has it.
 */
export {
  assertThat,
  assertThatMap,
  assertThatMultimap,
  assertThatSingleton,
  type IterableAssert,
  type MapLike,
  type Satisfies,
  type ValueAssert,
} from "./assert-that.ts";
export type { Reified } from "./assertion.ts";
export type { WindowLike } from "./selection.ts";
export {
  type TestStream,
  type TestStreamOptions,
  type TestStreams,
  type Timestamped,
  testStream,
  testStreams,
  timestamped,
} from "./test-stream.ts";
