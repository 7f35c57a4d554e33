/**
 * Sink: what becomes a document, a message or a line, and what is refused before it is committed.
 */
import { expect, test } from "vitest";
import { DOCUMENT_BYTES_MAX } from "../../../functions/options.ts";
import { newSinkBuffers, type SinkBuffers, sinkReceiver } from "../../../functions/sink.ts";
import { files, firestore, pipeline, pubsub, type Sink } from "../../../sdk/index.ts";
import type { SinkNode } from "../../../sdk/model/graph.ts";
import { NO_FIRING } from "../../../sdk/model/pane.ts";
import { GLOBAL_WINDOW } from "../../../sdk/model/window.ts";
import { at, codeOf } from "../../support/builders.ts";

function write<T>(sink: Sink<T>, element: T, id?: string): SinkBuffers {
  const built = pipeline("sinks", (p) => p.create<T>([]).write(sink));
  const node = built.graph.nodes.find((n): n is SinkNode => n.kind === "sink")!;
  const buffers = newSinkBuffers();
  const source = id === undefined ? undefined : { id, outputs: 0 };
  sinkReceiver(
    node,
    () => buffers,
    () => source,
    "sinks",
  )(element, at(5), GLOBAL_WINDOW, NO_FIRING);
  return buffers;
}

const documents = (id: string): Sink<unknown> => firestore.collection("c", { id: () => id });

test.each(["a", "é", "x".repeat(1_500), "...", "__", "a b"])("%s is an id of a document", (id) => {
  expect(write(documents(id), { n: 1 }).documents).toEqual([
    { collection: "c", id, fields: { n: 1 } },
  ]);
});

test.each(["", ".", "..", "a/b", "__x__", "x".repeat(1_501), "é".repeat(1_000), "\ud800"])(
  "%j is no id of a document",
  async (id) => {
    expect(await codeOf(() => write(documents(id), { n: 1 }))).toBe("ERR_USER_CODE");
  },
);

test.each([[null], [3], ["text"], [[1]]])("%j has no fields for a document", async (element) => {
  expect(await codeOf(() => write(documents("a"), element))).toBe("ERR_USER_CODE");
});

test.each([
  ["x", DOCUMENT_BYTES_MAX + 1],
  ["日", DOCUMENT_BYTES_MAX / 3 + 1],
])("a document of too many bytes of %s is ERR_ELEMENT_TOO_BIG", async (char, length) => {
  expect(await codeOf(() => write(documents("a"), { text: char.repeat(length) }))).toBe(
    "ERR_ELEMENT_TOO_BIG",
  );
});

test("fields that Firestore can't store are refused: a list in a list, a function", async () => {
  expect(await codeOf(() => write(documents("a"), { grid: [[1]] }))).toBe("ERR_USER_CODE");
  expect(await codeOf(() => write(documents("a"), { fn: () => 1 }))).toBe("ERR_USER_CODE");
  const fields = { at: new Date(0), bytes: Buffer.from("x"), list: [{ in: [1] }], none: undefined };
  expect(write(documents("a"), fields).documents[0]?.fields).toEqual(fields);
});

test("a message has the element as JSON, and an id that follows from its source", () => {
  const { messages } = write(pubsub.topic<unknown>("out"), { n: 1 }, "m1");
  expect(messages).toEqual([
    { topic: "out", key: "", data: Buffer.from('{"n":1}'), attributes: {}, id: "m1/0" },
  ]);
});

test("a message that no document of an outbox can hold is ERR_ELEMENT_TOO_BIG", async () => {
  const huge = "x".repeat(DOCUMENT_BYTES_MAX);
  expect(await codeOf(() => write(pubsub.topic<unknown>("out"), huge))).toBe("ERR_ELEMENT_TOO_BIG");
});

test("lines have the format's extension, CSV has a header", () => {
  const row = { b: 'say "hi"', a: 1 };
  const [csv] = [...write(files.csv<typeof row>("out/x"), row).files.values()];
  expect(csv).toEqual({
    prefix: "out/x",
    extension: "csv",
    header: "b,a",
    lines: ['"say ""hi""",1'],
  });
  const [json] = [...write(files.ndjson<typeof row>("out/x"), row).files.values()];
  expect(json?.lines).toEqual([JSON.stringify(row)]);
});
