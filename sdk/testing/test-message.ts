/**
 * Test messages: how the steps of a test stream travel to the stage that reads it.
 *
 * Owns: the form of a message: JSON with either the elements of one step or a watermark.
 */
import type { Json } from "../coders/coder.ts";
import type { TestEvent } from "../io/source-spec.ts";
import type { Timestamp } from "../model/time.ts";

/** A message of a test stream: elements, or the watermark as it is from now on. */
export type TestMessage =
  | { readonly elements: readonly (readonly [value: Json, timestamp: Timestamp])[] }
  | { readonly watermark: Timestamp };

/** Returns the data of a step's message. */
export function encodeTestMessage(event: Exclude<TestEvent, { kind: "processingTime" }>): string {
  const message: TestMessage =
    event.kind === "elements" ? { elements: event.elements } : { watermark: event.to };
  return JSON.stringify(message);
}

/** Returns what `encodeTestMessage` wrote. */
export function decodeTestMessage(data: Uint8Array): TestMessage {
  return JSON.parse(new TextDecoder().decode(data)) as TestMessage;
}
