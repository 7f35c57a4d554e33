import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GcpProvider } from "../../../../emulators/pulumi/gcp/gcp-provider.ts";
import { type LocalStack, startLocalStack } from "../../../../emulators/pulumi/local-stack.ts";
import type { Made } from "../../../../emulators/pulumi/provider.ts";
import { ARCHIVE, MARK, type Properties, UNKNOWN } from "../../../../emulators/pulumi/values.ts";
import { firestoreClient } from "../../../../functions/gcp/firestore-store.ts";

const types = {
  service: "gcp:projects/service:Service",
  account: "gcp:serviceaccount/account:Account",
  projectMember: "gcp:projects/iAMMember:IAMMember",
  bucket: "gcp:storage/bucket:Bucket",
  object: "gcp:storage/bucketObject:BucketObject",
  function: "gcp:cloudfunctionsv2/function:Function",
  topic: "gcp:pubsub/topic:Topic",
  topicMember: "gcp:pubsub/topicIAMMember:TopicIAMMember",
  subscription: "gcp:pubsub/subscription:Subscription",
  database: "gcp:firestore/database:Database",
  field: "gcp:firestore/field:Field",
  queue: "gcp:cloudtasks/queue:Queue",
  secret: "gcp:secretmanager/secret:Secret",
  secretVersion: "gcp:secretmanager/secretVersion:SecretVersion",
  secretMember: "gcp:secretmanager/secretIamMember:SecretIamMember",
  dashboard: "gcp:monitoring/dashboard:Dashboard",
  channel: "gcp:monitoring/notificationChannel:NotificationChannel",
  metric: "gcp:logging/metric:Metric",
  alert: "gcp:monitoring/alertPolicy:AlertPolicy",
} as const;

const folder = mkdtempSync(join(tmpdir(), "tidemark-provider-"));
let stack: LocalStack;
let provider: GcpProvider;

beforeAll(async () => {
  stack = await startLocalStack({ project: "p", program: folder, config: {} });
  provider = new GcpProvider(stack.cloud);
});
afterAll(async () => {
  await stack.stop();
  rmSync(folder, { recursive: true, force: true });
});

type TypeName = keyof typeof types;

async function failuresOf(type: TypeName, inputs: Properties): Promise<string[]> {
  const failures = await provider.check(types[type], inputs);
  return failures.map(({ property, reason }) => `${property}: ${reason}`);
}

/** Makes a resource, after the check that the engine makes. */
async function make(type: TypeName, inputs: Properties): Promise<Made & { inputs: Properties }> {
  expect(await failuresOf(type, inputs)).toEqual([]);
  return { ...(await provider.create(types[type], inputs)), inputs };
}

async function enable(...apis: string[]): Promise<void> {
  for (const api of apis) await make("service", { service: `${api}.googleapis.com` });
}

const functionInputs: Properties = {
  name: "hello",
  location: "europe-west1",
  buildConfig: {
    runtime: "nodejs24",
    entryPoint: "handle",
    source: { storageSource: { bucket: "code", object: "hello.zip" } },
  },
  serviceConfig: {
    serviceAccountEmail: "runner@p.iam.gserviceaccount.com",
    availableMemory: "256Mi",
    availableCpu: "1",
    maxInstanceRequestConcurrency: 10,
    maxInstanceCount: 3,
    timeoutSeconds: 60,
    environmentVariables: { GREETING: "hello" },
  },
};

const metricInputs: Properties = {
  name: "lag",
  filter: 'resource.type = "cloud_run_revision" AND jsonPayload.lag:*',
  valueExtractor: "EXTRACT(jsonPayload.lag)",
  labelExtractors: { stage: "EXTRACT(labels.stage)" },
  metricDescriptor: {
    metricKind: "DELTA",
    valueType: "DISTRIBUTION",
    labels: [{ key: "stage", valueType: "STRING" }],
  },
  bucketOptions: { exponentialBuckets: { scale: 1, growthFactor: 2, numFiniteBuckets: 32 } },
};

const with_ = (inputs: Properties, more: Properties): Properties => ({ ...inputs, ...more });
const service = (more: Properties): Properties =>
  with_(functionInputs, {
    serviceConfig: { ...(functionInputs["serviceConfig"] as Properties), ...more },
  });

describe("inputs", () => {
  test("a type that Google's package has not, or that is not made here, is refused", async () => {
    const made = await provider.check("gcp:pubsub/topik:Topik", {});
    expect(made[0]?.reason).toContain("There is no type gcp:pubsub/topik:Topik");
    const other = await provider.check("gcp:sql/database:Database", {});
    expect(other[0]?.reason).toContain("can't make a gcp:sql/database:Database yet");
  });

  test("names are checked at the top and below, and what is needed must be there", async () => {
    expect(await failuresOf("topic", { name: "abc", lables: {} })).toEqual([
      expect.stringMatching(/^lables: .* has no such input; here it has .*labels/),
    ]);
    expect(await failuresOf("function", service({ timeoutSecond: 1 }))).toEqual([
      expect.stringMatching(/^serviceConfig\.timeoutSecond: .* has no such input/),
    ]);
    expect(await failuresOf("subscription", { name: "abc" })).toEqual([
      expect.stringMatching(/^topic: .* needs it/),
    ]);
    const alert = { combiner: "OR", displayName: "a", conditions: [{ displayName: "b", on: 1 }] };
    expect(await failuresOf("alert", alert)).toEqual([
      expect.stringMatching(/^conditions\[0\]\.on: .* has no such input/),
    ]);
    const metric = with_(metricInputs, {
      bucketOptions: { exponentialBuckets: { scale: 1, growthFactor: 2, buckets: 32 } },
    });
    expect(await failuresOf("metric", metric)).toEqual([
      expect.stringMatching(/^bucketOptions\.exponentialBuckets\.numFiniteBuckets: .* needs it/),
      expect.stringMatching(/^bucketOptions\.exponentialBuckets\.buckets: .* has no such input/),
    ]);
    expect(await failuresOf("queue", { location: "europe-west1", rateLimits: 5 })).toEqual([
      "rateLimits: must be an object",
    ]);
  });

  const refused: readonly (readonly [TypeName, string, Properties])[] = [
    ["service", "service", { service: "pubsubb.googleapis.com" }],
    ["account", "accountId", { accountId: "ab" }],
    ["account", "accountId", { accountId: "a".repeat(31) }],
    ["account", "project", { accountId: "abcdef", project: "another" }],
    ["projectMember", "role", { project: "p", member: "user:a@b.c", role: "roles/no.such" }],
    ["projectMember", "member", { project: "p", member: "somebody", role: "roles/pubsub.viewer" }],
    ["bucket", "name", { name: "A_b", location: "EU" }],
    ["object", "source", { bucket: "b", name: "n" }],
    ["topic", "name", { name: "goog-topic" }],
    ["topic", "messageRetentionDuration", { name: "abc", messageRetentionDuration: "60s" }],
    ["topic", "labels.Team", { name: "abc", labels: { Team: "x" } }],
    ["subscription", "ackDeadlineSeconds", { topic: "t", name: "abc", ackDeadlineSeconds: 601 }],
    [
      "subscription",
      "retryPolicy.minimumBackoff",
      { topic: "t", name: "abc", retryPolicy: { minimumBackoff: "601s" } },
    ],
    [
      "subscription",
      "deadLetterPolicy.maxDeliveryAttempts",
      { topic: "t", name: "abc", deadLetterPolicy: { maxDeliveryAttempts: 4 } },
    ],
    [
      "subscription",
      "pushConfig.pushEndpoint",
      { topic: "t", name: "abc", pushConfig: { pushEndpoint: "ftp://a" } },
    ],
    ["database", "name", { name: "Main", locationId: "eur3", type: "FIRESTORE_NATIVE" }],
    ["database", "type", { name: "main", locationId: "eur3", type: "NATIVE" }],
    ["field", "ttlConfig", { collection: "c", field: "*", ttlConfig: {} }],
    ["queue", "retryConfig.maxDoublings", { location: "l", retryConfig: { maxDoublings: 17 } }],
    [
      "queue",
      "rateLimits.maxDispatchesPerSecond",
      { location: "l", rateLimits: { maxDispatchesPerSecond: 501 } },
    ],
    ["function", "name", with_(functionInputs, { name: "a".repeat(50) })],
    ["function", "location", with_(functionInputs, { location: "europe" })],
    [
      "function",
      "buildConfig.runtime",
      with_(functionInputs, {
        buildConfig: { ...(functionInputs["buildConfig"] as Properties), runtime: "nodejs18" },
      }),
    ],
    ["function", "serviceConfig.availableMemory", service({ availableMemory: "64Mi" })],
    ["function", "serviceConfig.availableCpu", service({ availableCpu: "0.5" })],
    [
      "function",
      "serviceConfig.maxInstanceRequestConcurrency",
      service({ maxInstanceRequestConcurrency: 1001 }),
    ],
    ["function", "serviceConfig.timeoutSeconds", service({ timeoutSeconds: 3601 })],
    [
      "function",
      "serviceConfig.environmentVariables.PORT",
      service({ environmentVariables: { PORT: "1" } }),
    ],
    [
      "function",
      "serviceConfig.environmentVariables",
      service({ environmentVariables: { A: "x".repeat(32_768) } }),
    ],
    ["dashboard", "dashboardJson", { dashboardJson: "{" }],
    [
      "dashboard",
      "dashboardJson",
      { dashboardJson: '{"displayName":"d","gridLayout":{"x":"metric.type=\\"nowhere/x\\""}}' },
    ],
    ["channel", "type", { type: "mail", labels: { email_address: "a@b.c" } }],
    ["channel", "labels.email_address", { type: "email", labels: {} }],
    ["channel", "labels.email_address", { type: "email", labels: { email_address: "ops" } }],
    ["channel", "labels.url", { type: "email", labels: { email_address: "a@b.c", url: "x" } }],
    ["secret", "replication", { secretId: "s", replication: {} }],
    ["secret", "secretId", { secretId: "a b", replication: { auto: {} } }],
    ["metric", "name", with_(metricInputs, { name: "/lag" })],
    ["metric", "filter", with_(metricInputs, { filter: "payload.lag:*" })],
    [
      "metric",
      "filter",
      with_(metricInputs, { filter: "jsonPayload.lag > 1 OR severity = ERROR" }),
    ],
    ["metric", "filter", with_(metricInputs, { filter: 'resource.labels.function_name = "f"' })],
    ["metric", "valueExtractor", with_(metricInputs, { valueExtractor: "jsonPayload.lag" })],
    ["metric", "valueExtractor", with_(metricInputs, { valueExtractor: "EXTRACT(payload.lag)" })],
    [
      "metric",
      "valueExtractor",
      with_(metricInputs, { valueExtractor: 'REGEXP_EXTRACT(jsonPayload.lag, "\\d+")' }),
    ],
    ["metric", "labelExtractors.stage", with_(metricInputs, { labelExtractors: {} })],
    [
      "metric",
      "labelExtractors.shard",
      with_(metricInputs, {
        labelExtractors: { stage: "EXTRACT(labels.stage)", shard: "EXTRACT(labels.shard)" },
      }),
    ],
    [
      "metric",
      "metricDescriptor.metricKind",
      with_(metricInputs, {
        metricDescriptor: {
          ...(metricInputs["metricDescriptor"] as Properties),
          metricKind: "GAUGE",
        },
      }),
    ],
    [
      "metric",
      "bucketOptions.exponentialBuckets.numFiniteBuckets",
      with_(metricInputs, {
        bucketOptions: { exponentialBuckets: { scale: 1, growthFactor: 2, numFiniteBuckets: 201 } },
      }),
    ],
    [
      "alert",
      "conditions[0]",
      { combiner: "OR", displayName: "a", conditions: [{ displayName: "c" }] },
    ],
  ];

  test.each(refused)(
    "%s: %s is refused where Google would refuse it",
    async (type, path, inputs) => {
      const failures = await provider.check(types[type], inputs);
      expect(failures.map(({ property }) => property)).toEqual([path]);
    },
  );

  test("what is not known yet is not checked", async () => {
    expect(await failuresOf("subscription", { name: UNKNOWN, topic: UNKNOWN })).toEqual([]);
    expect(await failuresOf("function", service({ environmentVariables: UNKNOWN }))).toEqual([]);
  });
});

describe("a project", () => {
  test("nothing is made by an API that is not enabled", async () => {
    const attempt = provider.create(types.queue, { location: "europe-west1", name: "q" });
    await expect(attempt).rejects.toThrow(
      "cloudtasks.googleapis.com has not been used in project p",
    );
    await enable("cloudtasks");
    const made = await make("queue", { location: "europe-west1", name: "q" });
    await provider.delete(types.queue, made);
  });

  test("a log-based metric is there once, and keeps its name when it changes", async () => {
    await expect(provider.create(types.metric, metricInputs)).rejects.toThrow(
      "logging.googleapis.com has not been used",
    );
    await enable("logging");
    const made = await make("metric", metricInputs);
    expect(made.id).toBe("lag");
    await expect(make("metric", metricInputs)).rejects.toThrow("projects/p/metrics/lag exists");
    const wider = with_(metricInputs, { description: "How late it is." });
    expect(provider.diff(types.metric, made, wider)).toMatchObject({ replaces: [] });
    await provider.update(types.metric, made, wider);
    await provider.delete(types.metric, made);
    expect(stack.cloud.names("projects/p/metrics/")).toEqual([]);
  });

  test("a channel that a policy sends to is not deleted before it", async () => {
    await enable("monitoring");
    const inputs = { type: "email", labels: { email_address: "ops@example.com" } };
    const channel = await make("channel", inputs);
    const name = String(channel.outputs["name"]);
    expect(name).toMatch(/^projects\/p\/notificationChannels\/\d+$/);
    const absent = { filter: 'metric.type="run.googleapis.com/x"', duration: "60s" };
    const alert = await make("alert", {
      ...{ combiner: "OR", displayName: "a", notificationChannels: [name] },
      conditions: [{ displayName: "c", conditionAbsent: absent }],
    });
    await expect(provider.delete(types.channel, channel)).rejects.toThrow("is used by 1 alert");
    await provider.delete(types.alert, alert);
    await provider.delete(types.channel, channel);
  });

  test("topics and subscriptions are in the embedded Pub/Sub, until they are deleted", async () => {
    await enable("pubsub");
    const { pubsubClient } = stack.cloud.world;
    const topic = await make("topic", { name: "abc", labels: { of: "test" } });
    const inputs = { name: "abc-sub", topic: topic.id, ackDeadlineSeconds: 60, filter: "" };
    const subscription = await make("subscription", inputs);
    const [{ labels }] = await pubsubClient.topic("abc").getMetadata();
    expect(labels).toEqual({ of: "test" });
    const slower = { ...inputs, ackDeadlineSeconds: 120, retryPolicy: { minimumBackoff: "1.5s" } };
    await provider.update(types.subscription, subscription, slower);
    const [found] = await pubsubClient.subscription("abc-sub").getMetadata();
    expect(found.ackDeadlineSeconds).toBe(120);
    expect(found.retryPolicy?.minimumBackoff).toMatchObject({ nanos: 500_000_000 });
    expect(await provider.read(types.topic, topic.id)).toMatchObject({ outputs: { name: "abc" } });
    await provider.delete(types.subscription, subscription);
    await provider.delete(types.topic, topic);
    expect(await pubsubClient.topic("abc").exists()).toEqual([false]);
    // Deleting what somebody else has deleted is no error.
    await provider.delete(types.topic, topic);
  });

  test("a role is given to accounts that are there, on what is there", async () => {
    await enable("iam");
    const topic = await make("topic", { name: "granted" });
    const member = "serviceAccount:writer@p.iam.gserviceaccount.com";
    const inputs = { topic: "granted", role: "roles/pubsub.publisher", member };
    await expect(make("topicMember", inputs)).rejects.toThrow(
      "writer@p.iam.gserviceaccount.com does not exist",
    );
    const account = await make("account", { accountId: "writer" });
    expect(account.outputs).toMatchObject({
      member,
      name: "projects/p/serviceAccounts/writer@p.iam.gserviceaccount.com",
    });
    await expect(make("topicMember", { ...inputs, topic: "gone" })).rejects.toThrow(
      "projects/p/topics/gone was not found",
    );
    const binding = await make("topicMember", inputs);
    expect(stack.cloud.policy.bindings()).toEqual([
      { resource: "projects/p/topics/granted", role: "roles/pubsub.publisher", member },
    ]);
    await provider.delete(types.topicMember, binding);
    expect(stack.cloud.policy.bindings()).toEqual([]);
    await provider.delete(types.topic, topic);
    await provider.delete(types.account, account);
  });

  test("a bucket that is not empty is deleted only where that was asked for", async () => {
    await enable("storage");
    const bucket = await make("bucket", { name: "full", location: "EU" });
    const object = await make("object", { bucket: "full", name: "a", content: "x" });
    await expect(provider.delete(types.bucket, bucket)).rejects.toThrow(
      "is not empty: it holds 1 object",
    );
    await provider.delete(types.object, object);
    await provider.delete(types.bucket, bucket);
  });

  test("the project's number is known", async () => {
    const found = await provider.invoke("gcp:organizations/getProject:getProject", {
      projectId: "p",
    });
    expect(found["number"]).toBe("1000000000001");
    await expect(provider.invoke("gcp:compute/getZones:getZones", {})).rejects.toThrow(
      "has no function",
    );
  });
});

describe("differences", () => {
  const existing = (inputs: Properties): Made & { inputs: Properties } => ({
    id: "x",
    outputs: {},
    inputs,
  });

  test("what can't change in place is replaced, and deleted first where the name stays", () => {
    const old = { name: "abc", topic: "t", ackDeadlineSeconds: 10 };
    const changed = provider.diff(types.subscription, existing(old), { ...old, topic: "u" });
    expect(changed).toEqual({ changes: ["topic"], replaces: ["topic"], isDeletedFirst: true });
    const slower = provider.diff(types.subscription, existing(old), {
      ...old,
      ackDeadlineSeconds: 20,
    });
    expect(slower).toMatchObject({ changes: ["ackDeadlineSeconds"], replaces: [] });
    const object = { bucket: "b", name: "one", content: "x" };
    const renamed = provider.diff(types.object, existing(object), { ...object, name: "two" });
    expect(renamed).toMatchObject({ replaces: ["name"], isDeletedFirst: false });
  });
});

describe("functions", () => {
  const uploaded = (script: string): Properties => {
    const source = join(folder, "code");
    mkdirSync(source, { recursive: true });
    writeFileSync(join(source, "index.js"), script);
    const archive = { [MARK]: ARCHIVE, path: source, hash: "h" };
    return { bucket: "code", name: "hello.zip", source: archive };
  };
  const greeting = "exports.handle = (q, r) => r.send(process.env.GREETING + process.env.PASSWORD)";

  test("a function runs what was uploaded, with its variables and secrets", async () => {
    await enable("iam", "storage", "secretmanager");
    await enable("cloudfunctions", "run", "cloudbuild", "artifactregistry");
    const account = await make("account", { accountId: "runner" });
    await make("bucket", { name: "code", location: "EU", forceDestroy: true });
    await expect(make("function", functionInputs)).rejects.toThrow(
      "objects/hello.zip was not found",
    );
    await make("object", uploaded(greeting));
    const { id: secret } = await make("secret", { secretId: "word", replication: { auto: {} } });
    await make("secretVersion", { secret, secretData: "swordfish" });
    const env = [{ key: "PASSWORD", projectId: "p", secret: "word", version: "latest" }];
    const inputs = service({ secretEnvironmentVariables: env });
    await expect(make("function", inputs)).rejects.toThrow("roles/secretmanager.secretAccessor");
    const role = "roles/secretmanager.secretAccessor";
    await make("secretMember", {
      secretId: "word",
      role,
      member: account.outputs["member"] ?? null,
    });
    const made = await make("function", inputs);
    expect(made.outputs["serviceConfig"]).toMatchObject({
      uri: "https://hello-1000000000001.europe-west1.run.app",
    });
    const service_ = "projects/p/locations/europe-west1/services/hello";
    stack.cloud.policy.grant({ resource: service_, role: "roles/run.invoker", member: "allUsers" });
    const url = stack.cloud.functions.localUrl("https://hello-1000000000001.europe-west1.run.app/");
    expect(await (await fetch(url)).text()).toBe("helloswordfish");
    await provider.delete(types.function, made);
    expect(stack.cloud.functions.status()).toEqual([]);
  });

  test("code that does not start fails with what it wrote, and leaves nothing", async () => {
    await make("object", uploaded('throw new Error("no luck")'));
    await expect(make("function", functionInputs)).rejects.toThrow("no luck");
    expect(stack.cloud.functions.status()).toEqual([]);
    expect(stack.cloud.names("projects/p/locations")).toEqual([]);
  });
});

describe("databases", () => {
  test("a database is deleted with its documents, unless it is protected", async () => {
    await enable("firestore");
    const inputs = { name: "main", locationId: "eur3", type: "FIRESTORE_NATIVE" };
    const kept = await make("database", {
      ...inputs,
      deletionPolicy: "DELETE",
      deleteProtectionState: "DELETE_PROTECTION_ENABLED",
    });
    const ttl = { database: "main", collection: "c", ttlConfig: {} };
    const field = await make("field", { ...ttl, field: "until" });
    await expect(make("field", { ...ttl, field: "other" })).rejects.toThrow(
      "has a field for expiry already",
    );
    await provider.delete(types.field, field);
    await expect(provider.delete(types.database, kept)).rejects.toThrow("has deletion protection");
    const open = { ...kept, inputs: { ...inputs, deletionPolicy: "DELETE" } };
    await provider.update(types.database, kept, open.inputs);
    process.env["FIRESTORE_EMULATOR_HOST"] = stack.cloud.world.firestoreAddress;
    const client = firestoreClient("p", "main");
    delete process.env["FIRESTORE_EMULATOR_HOST"]; // It is read when a client is made.
    await client.doc("c/a").set({ is: "there" });
    await provider.delete(types.database, open);
    expect((await client.doc("c/a").get()).exists).toBe(false);
    await client.terminate();
    await expect(make("field", { ...ttl, field: "until" })).rejects.toThrow(
      "databases/main was not found",
    );
  });
});
