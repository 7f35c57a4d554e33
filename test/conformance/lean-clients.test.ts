/**
 * The Store and Mailboxes suites over the adapters as a bundle holds them: without what infra/lean-clients.ts
 * leaves out of Google's clients. What the suites do not reach is here, too.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, it, vi } from "vitest";
import { startFirestore } from "../../emulators/firestore/index.ts";
import { leanAdapters } from "../support/lean-adapters.ts";
import { queueName, Rig } from "../unit/emulators/tasks/support.ts";
import { mailboxesSuite } from "./mailboxes.suite.ts";
import { mailboxesOnPubsub } from "./mailboxes-on-pubsub.ts";
import { storeSuite } from "./store.suite.ts";

const folder = await mkdtemp(join(tmpdir(), "tidemark-lean-"));
const lean = await leanAdapters(folder);
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rm(folder, { recursive: true }));

/** Returns the lean client of Firestore, which finds an emulator by the environment. */
function clientOn(address: string): ReturnType<typeof lean.firestoreClient> {
  vi.stubEnv("FIRESTORE_EMULATOR_HOST", address);
  return lean.firestoreClient("lean", "(default)");
}

storeSuite("the embedded Firestore, by a bundle's client", async () => {
  const started = await startFirestore();
  const client = clientOn(started.address);
  return {
    newStore: (pipeline) => new lean.FirestoreStore(client, pipeline),
    document: async (collection, id) => (await client.collection(collection).doc(id).get()).data(),
    async stop() {
      await client.terminate();
      await started.stop();
    },
  };
});

mailboxesSuite(
  "the embedded Pub/Sub server, by a bundle's client",
  () => mailboxesOnPubsub(lean.PubsubMailboxes),
  { hasUnknownTopics: true },
);

it("sets nested fields, whose values Firestore's client takes from messages in code", async () => {
  const server = await startFirestore();
  const client = clientOn(server.address);
  const document = client.doc("c/d");
  await document.set({ a: { kept: 1 } });
  const values = { text: "ü", flag: false, none: null, half: 0.5, list: [1, { b: "c" }] };
  await document.update({ "a.set": values, "a.bytes": Buffer.from([0, 255]) });
  expect((await document.get()).get("a")).toEqual({
    kept: 1,
    set: values,
    bytes: Buffer.from([0, 255]),
  });
  await client.terminate();
  await server.stop();
});

it("makes one task of a name", async () => {
  await using rig = await Rig.start();
  await rig.queue();
  const wakeups = new lean.TasksWakeups({
    project: "p",
    queue: queueName,
    trackerUrl: "http://127.0.0.1:1/",
    emulatorHost: rig.server.address,
    auth: { kind: "emulated" },
  });
  const dueMs = Date.now() + 3_600_000;
  await wakeups.wake("once", dueMs);
  await wakeups.wake("once", dueMs);
  expect(rig.server.pending(queueName)).toBe(1);
  await wakeups.close();
});

it("gets tokens of the metadata server, as in the cloud", async () => {
  const asked: string[] = [];
  const server = createServer(({ url = "" }, response) => {
    asked.push(url);
    response.setHeader("Metadata-Flavor", "Google");
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ access_token: "of the instance", expires_in: 3_600 }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  vi.stubEnv("GCE_METADATA_HOST", `127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv("METADATA_SERVER_DETECTION", "assume-present");
  vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", "");
  vi.stubEnv("HOME", folder);
  vi.stubEnv("CLOUDSDK_CONFIG", folder);
  const client = new lean.v1.PublisherClient({ projectId: "p" });
  expect(await client.auth.getAccessToken()).toBe("of the instance");
  expect(asked.some((url) => url.includes("/service-accounts/default/token"))).toBe(true);
  await client.close();
  await new Promise((resolve) => server.close(resolve));
});

it("says of what is left out that it is (LC1)", async () => {
  const subscriptions = new lean.PubsubSubscriptions("p", "127.0.0.1:1");
  await expect(subscriptions.stop(["s"])).rejects.toThrow(
    /SubscriberClient is left out of bundles/,
  );
});
