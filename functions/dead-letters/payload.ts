/**
 * Payload: what of a dead letter runs through its stage again.
 *
 * Owns: the forms of it, and how each kind of item becomes one. Does not own: sending it (replay.ts),
 * or taking it (taking.ts).
 *
 * What the stage's root would have to take again goes back as an element of the root's input; what
 * the root gave already (a pane, a position that was read) goes back to the chain behind it.
 */
import type { Json } from "../../sdk/coders/coder.ts";
import { anyCoder } from "../../sdk/coders/json-coder.ts";
import type { SourceMessage } from "../../sdk/io/source-spec.ts";
import type { GraphNode } from "../../sdk/model/graph.ts";
import type { Timestamp } from "../../sdk/model/time.ts";
import { maxTimestamp, parseWindowKey, windowKey } from "../../sdk/model/window.ts";
import type { PaneJson, WindowColumns } from "../envelope.ts";
import type { Item } from "../gathered.ts";
import { decodePane, encodePane } from "../pane-tracker.ts";
import type { StatefulElement } from "../stateful/stateful-work.ts";

/** A message of a source, as it came in; its data in base64. */
export interface MessagePayload {
  readonly kind: "message";
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageId: string;
  readonly publishTime: string;
}

/** One element of the root's input. */
export interface ElementPayload {
  readonly kind: "elements";
  readonly columns: WindowColumns;
}

/** What the root gave. */
export interface OutputPayload {
  readonly kind: "output";
  readonly value: Json;
  readonly timestamp: Timestamp;
  readonly window: string;
  readonly pane?: PaneJson;
}

/** What a shard can run again. */
export type ShardPayload = ElementPayload | OutputPayload;

/** What runs through the stage again; `none`, with the reason, where nothing can. */
export type ReplayPayload =
  | MessagePayload
  | ShardPayload
  | { readonly kind: "none"; readonly reason: string };

/** Returns the payload of a source's message. */
export function messagePayload(message: SourceMessage): MessagePayload {
  const { data, attributes, messageId, publishTime } = message;
  const text = Buffer.from(data).toString("base64");
  return { kind: "message", data: text, attributes, messageId, publishTime };
}

/** Returns the message of a payload: the same id, so that what was taken of it is known. */
export function messageOfPayload(payload: MessagePayload): SourceMessage {
  const { data, attributes, messageId, publishTime } = payload;
  return { data: Buffer.from(data, "base64"), attributes, messageId, publishTime };
}

/** Returns one element of columns; without its source id, by which it is known already. */
export function columnPayload(columns: WindowColumns, index: number): ElementPayload {
  const { window, keys, values, times, pane } = columns;
  const [key, time] = [keys?.[index], times?.[index]];
  return {
    kind: "elements",
    columns: {
      window,
      values: [values[index] ?? null],
      ...(key !== undefined && { keys: [key] }),
      ...(time !== undefined && { times: [time] }),
      ...(pane !== undefined && { pane }),
    },
  };
}

/** Returns an element of a stateful DoFn. */
export function statefulPayload(element: StatefulElement): ElementPayload {
  const { windowKey: window, keyText, value, timestamp } = element;
  const pane = encodePane(element.pane);
  return {
    kind: "elements",
    columns: {
      window,
      keys: [keyText],
      values: [value],
      times: [timestamp],
      ...(pane !== undefined && { pane }),
    },
  };
}

/** Returns what goes back for an item that a stage's root has let go on into the chain. */
export function itemPayload(root: GraphNode, item: Item): ReplayPayload {
  const { value, timestamp, window: inWindow } = item;
  const window = windowKey(inWindow);
  const pane = encodePane(item.pane);
  const more = pane === undefined ? {} : { pane };
  try {
    if (root.kind === "reshuffle" || root.kind === "awaitSideInputs") {
      const values = [root.valueCoder.encode(value)];
      return { kind: "elements", columns: { window, values, times: [timestamp], ...more } };
    }
    const json = outputCoder(root).encode(value);
    return { kind: "output", value: json, timestamp, window, ...more };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return { kind: "none", reason: `It can't be written down to be run again: ${words}` };
  }
}

/** Returns the item that an output was. */
export function itemOfOutput(root: GraphNode, payload: OutputPayload): Item {
  const { value, timestamp, window, pane } = payload;
  return {
    value: outputCoder(root).decode(value),
    timestamp,
    window: parseWindowKey(window),
    pane: decodePane(pane),
  };
}

/** The earliest time of what a payload holds. */
export function timeOfPayload(payload: ShardPayload): Timestamp {
  if (payload.kind === "output") return payload.timestamp;
  const { window, times } = payload.columns;
  return times?.[0] ?? maxTimestamp(parseWindowKey(window));
}

interface OutputCoder {
  encode(value: unknown): Json;
  decode(json: Json): unknown;
}

/** The author's own coder of values where a root keeps values as they are; any data's otherwise. */
function outputCoder(root: GraphNode): OutputCoder {
  if (root.kind !== "groupByKey") return anyCoder;
  const { valueCoder } = root;
  return {
    encode(value) {
      const { key, value: values } = value as { key: unknown; value: readonly unknown[] };
      return [anyCoder.encode(key), values.map((each) => valueCoder.encode(each))];
    },
    decode(json) {
      const [key, values] = json as [Json, Json[]];
      return { key: anyCoder.decode(key), value: values.map((each) => valueCoder.decode(each)) };
    },
  };
}
