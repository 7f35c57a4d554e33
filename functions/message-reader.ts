/**
 * Message reader: a message from outside → elements with their times and ids.
 *
 * Owns: what each kind of unbounded source makes of a message. Does not own: what becomes of one
 * that can't be read (ingest.ts).
 * Place on the data's way: the first step of a group commit.
 */
import { anyCoder } from "../sdk/coders/json-coder.ts";
import type { PubsubSourceSpec, SourceMessage } from "../sdk/io/source-spec.ts";
import { isMeshError, MeshError } from "../sdk/model/errors.ts";
import type { GraphNode } from "../sdk/model/graph.ts";
import { type Timestamp, toTimestamp } from "../sdk/model/time.ts";
import { decodeTestMessage } from "../sdk/testing/test-message.ts";
import { placeOf } from "./user-errors.ts";

/** A decoded element of a message. */
export interface Item {
  readonly message: SourceMessage;
  /** Which of the message's elements it is. */
  readonly index: number;
  readonly value: unknown;
  readonly timestamp: Timestamp;
  readonly id: string;
}

/**
 * Adds a message's elements to `items`; returns the watermark that it tells, if it does.
 *
 * @throws MeshError if the message can't be read; nothing is added then
 */
export type ReadMessage = (message: SourceMessage, items: Item[]) => Timestamp | undefined;

/**
 * Returns the reader of an ingest stage's source.
 *
 * @throws ERR_INVARIANT if `root` is no source of messages
 */
export function messageReader(root: GraphNode): ReadMessage {
  if (root.kind === "source" && root.source.type === "pubsub") {
    return pubsubReader(placeOf(root), root.source);
  }
  if (root.kind === "source" && root.source.type === "test") return readTestMessage;
  throw new MeshError("ERR_INVARIANT", `${placeOf(root)} takes no messages.`);
}

function pubsubReader(where: string, { decode, timestamp, id }: PubsubSourceSpec): ReadMessage {
  return (message, items) => {
    try {
      const value = decode(message);
      const time = timestamp?.(value, message) ?? Date.parse(message.publishTime);
      const ownId = id?.(value, message) ?? message.messageId;
      items.push({ message, index: 0, value, timestamp: toTimestamp(time), id: ownId });
      return undefined;
    } catch (cause) {
      if (isMeshError(cause)) {
        throw new MeshError(cause.code, `${where}: ${cause.message}`, { cause });
      }
      const words = cause instanceof Error ? cause.message : String(cause);
      throw new MeshError("ERR_DECODE", `${where}: message ${message.messageId}: ${words}`, {
        cause,
      });
    }
  };
}

function readTestMessage(message: SourceMessage, items: Item[]): Timestamp | undefined {
  const told = decodeTestMessage(message.data);
  if ("watermark" in told) return told.watermark;
  told.elements.forEach(([json, timestamp], i) => {
    const id = `${message.messageId}/${i}`;
    items.push({ message, index: i, value: anyCoder.decode(json), timestamp, id });
  });
  return undefined;
}
