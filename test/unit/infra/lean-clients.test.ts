/**
 * Lean clients: what a bundle holds of Google's clients, and how large that makes it.
 */
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import flights from "../../../examples/flights.ts";
import { bundlePipeline, type StageBundle } from "../../../infra/code-bundle.ts";
import { leanProtos } from "../../../infra/lean-protos.ts";
import { compile, pipeline, pubsub } from "../../../sdk/index.ts";

const root = new URL("../../../", import.meta.url);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-lean-"));
});
afterAll(() => rm(folder, { recursive: true }));

const textOf = (bundle: StageBundle | undefined): Promise<string> =>
  readFile(join(bundle?.folder ?? "", "index.js"), "utf8");

/** What is left out, by a text that stands nowhere else. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  "Firestore's administration": "google.firestore.admin.v1",
  "Pub/Sub's schemas": "SchemaServiceClient",
  "Pub/Sub's subscribers": "google.pubsub.v1.Subscriber",
  "tracing of Pub/Sub": "semantic-conventions",
  "policies and locations": "google.cloud.location.Locations",
  "messages in code": "PubsubMessage: object expected",
  "descriptors of messages": "toDescriptor",
  "web streams": "WritableStreamDefaultWriter",
};

/** Returns which of that stands in a text. */
const foundIn = (text: string): string[] =>
  Object.keys(LEFT_OUT).filter((what) => text.includes(LEFT_OUT[what] ?? ""));

it("bundles of 20,000 flights are small, and hold nothing that no function needs", async () => {
  const file = fileURLToPath(new URL("examples/flights.ts", root));
  const plan = compile(flights, {});
  const bundles = await bundlePipeline({ file, plan, folder, isDeployed: true });
  for (const bundle of bundles) {
    // Every 100 KB more is some 10 ms of each cold start: docs/performance.md.
    expect(bundle.bytes, bundle.name).toBeLessThan(2_300_000);
    const text = await textOf(bundle);
    expect(foundIn(text), bundle.name).toEqual([]);
    expect(text.includes("google.firestore.v1.Firestore")).toBe(true);
  }
  expect(bundles.find(({ name }) => name === "tracker")?.bytes).toBeLessThan(2_000_000);
});

it("an author who imports a client gets the whole of it (GC3)", async () => {
  const file = join(folder, "own.ts");
  await symlink(fileURLToPath(new URL("node_modules", root)), join(folder, "node_modules"));
  await writeFile(
    file,
    `import { PubSub } from "@google-cloud/pubsub";
     import { pipeline, pubsub } from "tidemark";
     export default pipeline("own", (p) => {
       p.read(pubsub.topic("in")).map(() => new PubSub().projectId).write(pubsub.topic("out"));
     });`,
  );
  const own = pipeline("own", (p) => {
    p.read(pubsub.topic("in"))
      .map(() => "")
      .write(pubsub.topic("out"));
  });
  const [bundle] = await bundlePipeline({ file, plan: compile(own), folder });
  expect(foundIn(await textOf(bundle))).toEqual(Object.keys(LEFT_OUT));
});

const protos = JSON.stringify({
  nested: {
    a: {
      options: { java_package: "a" },
      nested: {
        Service: {
          methods: {
            Called: {
              requestType: "Asked",
              responseType: "b.Answer",
              responseStream: true,
              options: { "(google.api.http).get": "/v1" },
              parsedOptions: [{ "(google.api.http)": { get: "/v1" } }],
            },
            Uncalled: { requestType: "Asked", responseType: "Unused" },
          },
        },
        Asked: {
          fields: {
            text: { type: "string", id: 1, options: { "(google.api.field_behavior)": "REQUIRED" } },
            self: { type: "Asked", id: 2, options: { proto3_optional: true } },
            kind: { type: "Kind", id: 3 },
            inner: { keyType: "string", type: "Outer.Inner", id: 4 },
          },
          nested: { Kind: { values: { ONE: 1 } }, Other: { values: { TWO: 2 } } },
        },
        Kind: { values: { OUTER: 1 } },
        Outer: { fields: { n: { type: "int32", id: 1 } }, nested: { Inner: { fields: {} } } },
        Unused: { fields: {} },
        b: {
          nested: {
            Answer: { oneofs: { o: { oneof: ["x"] } }, fields: { x: { type: ".c.X", id: 1 } } },
          },
        },
      },
    },
    c: { nested: { X: { fields: {} }, Y: { fields: {} } } },
  },
});

it("keeps of protos what a called method can send or receive, whole (LP1)", () => {
  expect(JSON.parse(leanProtos(protos, "a.Service", ["Called"]))).toEqual({
    nested: {
      a: {
        nested: {
          Service: {
            methods: {
              Called: { requestType: "Asked", responseType: "b.Answer", responseStream: true },
            },
          },
          Asked: {
            fields: {
              text: { type: "string", id: 1 },
              self: { type: "Asked", id: 2, options: { proto3_optional: true } },
              kind: { type: "Kind", id: 3 },
              inner: { keyType: "string", type: "Outer.Inner", id: 4 },
            },
            nested: { Kind: { values: { ONE: 1 } } },
          },
          Outer: { fields: { n: { type: "int32", id: 1 } }, nested: { Inner: { fields: {} } } },
          b: {
            nested: {
              Answer: { oneofs: { o: { oneof: ["x"] } }, fields: { x: { type: ".c.X", id: 1 } } },
            },
          },
        },
      },
      c: { nested: { X: { fields: {} } } },
    },
  });
});

it("refuses to leave all out where a called method is gone", () => {
  expect(() => leanProtos(protos, "a.Service", ["Gone"])).toThrow(/a\.Service\.Gone/);
  expect(() => leanProtos(protos, "a.Nobody", ["Called"])).toThrow(/a\.Nobody\.Called/);
});
