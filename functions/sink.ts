/**
 * Sink: elements → documents, messages and lines.
 *
 * Owns: what a `write` makes of an element, and its limits. Does not own: sending (outbox.ts) or
 * storing (the Store port: a Firestore document joins the commit itself).
 * Place on the data's way: the last step of chain.ts, beside shuffle.ts.
 */

import { assertionsTopicName } from "../sdk/compile/names.ts";
import type {
  FileSinkSpec,
  FirestoreSinkSpec,
  PubsubSinkSpec,
  WriteContext,
} from "../sdk/io/sink-spec.ts";
import { MeshError } from "../sdk/model/errors.ts";
import type { SinkNode } from "../sdk/model/graph.ts";
import { encodeRecorded } from "../sdk/testing/recorded.ts";
import type { SinkLines, SinkMessage } from "./bundle-outputs.ts";
import { csvHeader, csvLine } from "./csv-line.ts";
import { DOCUMENT_BYTES_MAX } from "./options.ts";
import type { SinkDocument } from "./ports.ts";
import type { Receive, SourceId } from "./shuffle.ts";
import { placeOf, userError } from "./user-errors.ts";

/** Data of a message at most: in an outbox it is base64, and one entry must fit into a document. */
const MESSAGE_DATA_BYTES_MAX = DOCUMENT_BYTES_MAX * 0.6;

/** Where sinks of a stage put what they make. */
export interface SinkBuffers {
  documents: SinkDocument[];
  messages: SinkMessage[];
  files: Map<string, LinesBuffer>;
  elements: number;
}

/** Lines of one file sink. */
export interface LinesBuffer {
  readonly prefix: string;
  readonly extension: string;
  header: string | undefined;
  readonly lines: string[];
}

/** Returns buffers that hold nothing. */
export function newSinkBuffers(): SinkBuffers {
  return { documents: [], messages: [], files: new Map(), elements: 0 };
}

/** Returns the buffers' file lines as outputs. */
export function linesOf(buffers: SinkBuffers): SinkLines[] {
  return [...buffers.files].map(([node, lines]) => ({ node, ...lines, header: lines.header }));
}

/** Returns the receiver of a sink; `buffers` gives where to put what it makes. */
export function sinkReceiver(
  node: SinkNode,
  buffers: () => SinkBuffers,
  source: () => SourceId | undefined,
  pipeline: string,
): Receive {
  const write = writerOf(node, source, pipeline);
  return (value, timestamp, window, pane) => {
    const into = buffers();
    into.elements++;
    try {
      write(into, value, { timestamp, window, pane });
    } catch (cause) {
      throw userError(node, cause);
    }
  };
}

type Write = (into: SinkBuffers, element: unknown, context: WriteContext) => void;

function writerOf(node: SinkNode, source: () => SourceId | undefined, pipeline: string): Write {
  const { sink } = node;
  if (sink.type === "assert") return messageWriter(node, recording(node, pipeline), source);
  if (sink.type === "firestore") return documentWriter(node, sink);
  return sink.type === "pubsub" ? messageWriter(node, sink, source) : lineWriter(node, sink);
}

function documentWriter(node: SinkNode, sink: FirestoreSinkSpec<unknown>): Write {
  return (into, element, context) => {
    const id = sink.id(element, context);
    if (!isDocumentId(id)) {
      throw new MeshError(
        "ERR_USER_CODE",
        // An id is made of the element: it stands in the dead letter, not in the log.
        `${placeOf(node)}: the id that was given is not one of a document. ` +
          'Give a well-formed text of 1 to 1,500 bytes without "/".',
      );
    }
    const fields = sink.fields === undefined ? element : sink.fields(element, context);
    if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
      throw new MeshError(
        "ERR_USER_CODE",
        `${placeOf(node)}: a document needs fields, but the element is ${typeof fields}. ` +
          "Map it to an object, or give `fields`.",
      );
    }
    checkStorable(node, fields);
    checkBytes(node, Buffer.byteLength(JSON.stringify(fields)), DOCUMENT_BYTES_MAX, "document");
    into.documents.push({ collection: sink.collection, id, fields: { ...fields } });
  };
}

/** What an assertion writes: messages, so that they count once in every world. */
function recording({ id }: SinkNode, pipeline: string): PubsubSinkSpec<unknown> {
  return {
    type: "pubsub",
    topic: assertionsTopicName(pipeline),
    encode: (element, context) => encodeRecorded(id, element, context),
    attributes: undefined,
    orderingKey: undefined,
  };
}

function messageWriter(
  node: SinkNode,
  sink: PubsubSinkSpec<unknown>,
  source: () => SourceId | undefined,
): Write {
  return (into, element, context) => {
    const encoded = sink.encode?.(element, context) ?? JSON.stringify(element);
    const data = typeof encoded === "string" ? Buffer.from(encoded, "utf8") : encoded;
    checkBytes(node, data.length, MESSAGE_DATA_BYTES_MAX, "message");
    const from = source();
    into.messages.push({
      topic: sink.topic,
      key: sink.orderingKey?.(element, context) ?? "",
      data,
      attributes: sink.attributes?.(element, context) ?? {},
      id: from === undefined ? undefined : `${from.id}/${from.outputs++}`,
    });
  };
}

function lineWriter(node: SinkNode, sink: FileSinkSpec<unknown>): Write {
  const { prefix, format } = sink;
  const extension = format === "text" ? "txt" : format;
  return (into, element, context) => {
    const row = sink.row === undefined ? element : sink.row(element, context);
    let buffer = into.files.get(node.id);
    if (buffer === undefined) {
      const header = format === "csv" ? csvHeader(row) : undefined;
      buffer = { prefix, extension, header, lines: [] };
      into.files.set(node.id, buffer);
    }
    if (format === "csv") buffer.lines.push(csvLine(row));
    else buffer.lines.push(format === "text" ? String(row) : JSON.stringify(row));
  };
}

function isDocumentId(id: unknown): id is string {
  return (
    typeof id === "string" &&
    /^(?!\.\.?$)(?!__.*__$)[^/]+$/.test(id) &&
    id.isWellFormed() &&
    Buffer.byteLength(id) <= 1_500
  );
}

/** Refuses here what the Firestore client would refuse at the commit, where it stops the shard. */
function checkStorable(node: SinkNode, value: unknown, inList = false): void {
  const isList = Array.isArray(value);
  const isPlain = typeof value === "object" && value?.constructor === Object;
  if (typeof value === "function" || typeof value === "symbol" || (isList && inList)) {
    throw new MeshError(
      "ERR_USER_CODE",
      `${placeOf(node)}: Firestore stores no ${isList ? "list directly in a list" : typeof value}.`,
    );
  }
  if (isList || isPlain) {
    for (const part of Object.values(value)) checkStorable(node, part, isList);
  }
}

function checkBytes(node: SinkNode, bytes: number, bytesMax: number, what: string): void {
  if (bytes <= bytesMax) return;
  throw new MeshError(
    "ERR_ELEMENT_TOO_BIG",
    `${placeOf(node)}: a ${what} of ${bytes} bytes; at most ${bytesMax} fit.`,
  );
}
