/**
 * Lean clients: what no function of ours can reach is left out of Google's clients.
 *
 * Owns: what is left out, and what stands in its place. V8 reads every character of a bundle before a
 * function can start, and most of the clients is for others: services that administer, and messages
 * in code beside the same messages in JSON.
 *
 * LC1. What is left out is never half there: whoever asks for it all the same gets an error.
 * LC2. Where a package no longer has what is left out or replaced here, the build fails.
 */
import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";
import { MeshError } from "../sdk/model/errors.ts";
import { leanProtos } from "./lean-protos.ts";

/**
 * Methods that functions/gcp/ calls in a function, by the package whose protos.json has them. Over gRPC:
 * what a client over REST would need of them is not kept.
 */
const CALLED: Readonly<Record<string, readonly [service: string, methods: readonly string[]]>> = {
  "@google-cloud/firestore-api": [
    "google.firestore.v1.Firestore",
    [
      "BatchGetDocuments",
      "BeginTransaction",
      "Commit",
      "Rollback",
      "RunAggregationQuery",
      "RunQuery",
    ],
  ],
  "@google-cloud/pubsub-api": ["google.pubsub.v1.Publisher", ["Publish"]],
  "@google-cloud/tasks": ["google.cloud.tasks.v2.CloudTasks", ["CreateTask"]],
};

/** Answers for what was left out (LC1). */
const leftOut = (name: string): string => `
  module.exports = new Proxy({}, { get(_, key) {
    if (key === "__esModule") return true;
    throw new Error(${words(name)});
  } });`;

const words = (name: string): string =>
  JSON.stringify(`${name} is left out of bundles (infra/lean-clients.ts): no function needs it.`);

/** A client of a service that is not called: every client of one that is has one, and closes it. */
const idleClient = (name: string): string => `
  exports.${name} = class ${name} {
    async close() {}
  };`;

/** What stands in the place of a file: code of that package, which requires what its package does. */
const REPLACED: Readonly<Record<string, string>> = {
  "@google-cloud/pubsub/build/src/index.js": `exports.v1 = require('@google-cloud/pubsub-api');`,
  // Subscriptions are stopped and started by whoever controls a job, never by a function of its.
  "@google-cloud/pubsub-api/build/src/index.js": `
    exports.PublisherClient = require('./v1/publisher_client').PublisherClient;
    exports.SubscriberClient = class { constructor() { throw new Error(${words("SubscriberClient")}); } };`,
  "@google-cloud/firestore-api/build/src/index.js": `
    exports.v1 = require('./v1');`,
  "@google-cloud/firestore-api/build/src/v1/index.js": `
    exports.FirestoreClient = require('./firestore_client').FirestoreClient;`,
  // The one message that Firestore's client takes from messages in code, to set nested fields.
  "@google-cloud/firestore/build/protos/firestore_v1_proto_api.js": `
    const { Root } = require('protobufjs');
    let type;
    const Value = { fromObject(value) {
      type ??= Root.fromJSON(require('@google-cloud/firestore-api/build/protos/protos.json'))
        .lookupType("google.firestore.v1.Value");
      return type.fromObject(value);
    } };
    exports.google = { firestore: { v1: { Value } } };`,
  // Messages in code of services that administer.
  ...Object.fromEntries(
    ["iam_service", "locations", "operations"].map((name) => {
      const file = `google-gax/build/protos/${name}.js`;
      return [file, leftOut(file)];
    }),
  ),
  "protobufjs/ext/descriptor/index.js": leftOut("protobufjs/ext/descriptor"),
  // Node has its own streams since version 18.
  "web-streams-polyfill/dist/ponyfill.es2018.js": leftOut("web-streams-polyfill"),
  "google-gax/build/src/iamService.js": idleClient("IamClient"),
  "google-gax/build/src/locationService.js": idleClient("LocationsClient"),
};

/**
 * Descriptors of messages, which a server would tell of itself: they cost as much as the messages.
 * What stands there, and what stands in its place.
 */
const PROTO_LOADER = "@grpc/proto-loader/build/src/index.js";
const DESCRIPTORS: readonly (readonly [string, string])[] = [
  [`const messageDescriptor = message.toDescriptor('proto3');`, ""],
  ["type: messageDescriptor.$type.toObject(messageDescriptor, descriptorOptions),", ""],
  [`const enumDescriptor = enumType.toDescriptor('proto3');`, ""],
  ["type: enumDescriptor.$type.toObject(enumDescriptor, descriptorOptions),", ""],
  [`const descriptorList = root.toDescriptor('proto3').file;`, "const descriptorList = [];"],
];

const PROTOS = /^(.*?)\/build\/.*protos\.json$/;

const filter =
  /[\\/]node_modules[\\/](?:@google-cloud|google-gax|@grpc[\\/]proto-loader|protobufjs|web-streams-polyfill)[\\/].*\.js(?:on)?$/;

/** Leaves out of Google's clients what functions/gcp/ can't reach. */
export const leanClients: Plugin = {
  name: "tidemark-lean-clients",
  setup(plugin) {
    const seen = new Set<string>();
    plugin.onLoad({ filter }, async ({ path }) => {
      const file = fileOf(path);
      seen.add(file);
      const contents = REPLACED[file];
      if (contents !== undefined) return { contents, loader: "js" };
      if (file === PROTO_LOADER) {
        return { contents: withoutDescriptors(await readFile(path, "utf8")), loader: "js" };
      }
      if (!PROTOS.test(file)) return undefined;
      return { contents: withoutUncalled(path, await readFile(path, "utf8")), loader: "json" };
    });
    plugin.onEnd(() => {
      const missing = [PROTO_LOADER, ...Object.keys(REPLACED)].filter((file) => !seen.has(file));
      return {
        errors: missing.map((file) => ({ text: `${file} is gone: see infra/lean-clients.ts.` })),
      };
    });
  },
};

/**
 * Returns the text of a package's JSON file: if it holds protos, only those of methods that are called.
 *
 * @param path - of the file
 */
export function withoutUncalled(path: string, text: string): string {
  const [, name = ""] = PROTOS.exec(fileOf(path)) ?? [];
  const called = CALLED[name];
  return called === undefined ? text : leanProtos(text, ...called);
}

/** @throws ERR_INVARIANT where the text is another one than it was (LC2) */
function withoutDescriptors(text: string): string {
  return DESCRIPTORS.reduce((left, [there, instead]) => {
    if (left.includes(there)) return left.replace(there, instead);
    throw new MeshError("ERR_INVARIANT", `${PROTO_LOADER} has no "${there}" any more.`);
  }, text);
}

/** Package and path in it. */
function fileOf(path: string): string {
  return path.replaceAll("\\", "/").split("/node_modules/").at(-1) ?? "";
}
