/**
 * Recorded: an element on its way from an assertion's sink to the checks, as JSON.
 */
import type { Json } from "../coders/coder.ts";
import { anyCoder } from "../coders/json-coder.ts";
import type { WriteContext } from "../io/sink-spec.ts";
import type { NodeId } from "../model/graph.ts";
import type { Reified } from "./assertion.ts";

interface RecordedJson extends Omit<Reified<unknown>, "value"> {
  readonly assertion: NodeId;
  readonly value: Json;
}

/** Returns the text of an element that the assertion of a node takes. @throws ERR_ENCODE */
export function encodeRecorded(assertion: NodeId, element: unknown, context: WriteContext): string {
  const { timestamp, window, pane } = context;
  const json: RecordedJson = {
    assertion,
    value: anyCoder.encode(element),
    timestamp,
    window,
    pane,
  };
  return JSON.stringify(json);
}

/** Returns what `encodeRecorded` wrote. */
export function decodeRecorded(text: string): { assertion: NodeId; element: Reified<unknown> } {
  const { assertion, value, ...rest } = JSON.parse(text) as RecordedJson;
  return { assertion, element: { ...rest, value: anyCoder.decode(value) } };
}
