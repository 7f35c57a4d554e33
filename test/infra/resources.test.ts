/**
 * Every group of resources: the inputs that matter.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { pipeline, pubsub } from "../../sdk/index.ts";
import { type Declared, declared, declarePipeline, flights, ofType, only } from "./support.ts";

const hours = "airport-hours-8d7545";
const ingest = "read-pubsub-flights-e12b93";
let all: readonly Declared[] = [];

beforeAll(async () => {
  all = await declared(() => declarePipeline(flights));
});

describe("apis", () => {
  test("are turned on and never off", () => {
    const services = ofType(all, "projects/service:Service");
    expect(services.map(({ inputs }) => inputs.service)).toContain("cloudfunctions.googleapis.com");
    expect(services.every(({ inputs }) => inputs.disableOnDestroy === false)).toBe(true);
    expect(services.some(({ inputs }) => /secretmanager|eventarc/.test(inputs.service))).toBe(
      false,
    );
  });

  test("Secret Manager's only where secrets are read", async () => {
    const secret = await declared(() => declarePipeline(flights, {}, { hasSecrets: true }));
    const services = ofType(secret, "projects/service:Service");
    expect(services.map(({ inputs }) => inputs.service)).toContain("secretmanager.googleapis.com");
  });
});

describe("source bucket", () => {
  test("is nobody's but the project's", () => {
    const { inputs } = only(all, "storage/bucket:Bucket", "tidemark-source");
    expect(inputs).toMatchObject({
      name: "tidemark-demo-project-test",
      location: "europe-west1",
      uniformBucketLevelAccess: true,
      publicAccessPrevention: "enforced",
      forceDestroy: true,
    });
  });

  test("an object's name holds the hash of its content", () => {
    const { inputs } = only(all, "storage/bucketObject:BucketObject", `flights-${hours}`);
    expect(inputs.name).toBe(`flights/${hours}/hash-of-${hours}.zip`);
    expect(inputs.bucket).toBe("tidemark-demo-project-test");
  });
});

describe("functions", () => {
  test("one a stage and one for the tracker", () => {
    const names = ofType(all, "cloudfunctionsv2/function:Function").map(
      ({ inputs }) => inputs.name,
    );
    expect(names).toHaveLength(5);
    expect(names).toContain("tm-flights-tracker");
    expect(names).toContain(`tm-flights-${hours}`);
  });

  test("are built from one object, without any script, in an account of their own", () => {
    const { inputs } = only(all, "cloudfunctionsv2/function:Function", `flights-${hours}`);
    expect(inputs.eventTrigger).toBeUndefined();
    expect(inputs.buildConfig).toEqual({
      runtime: "nodejs24",
      entryPoint: "handle",
      source: {
        storageSource: {
          bucket: "tidemark-demo-project-test",
          object: `flights/${hours}/hash-of-${hours}.zip`,
        },
      },
      serviceAccount: "tidemark-build-id",
      environmentVariables: { GOOGLE_NODE_RUN_SCRIPTS: "" },
      automaticUpdatePolicy: {},
    });
  });

  test("scale from zero, take calls from inside alone, and run as their own account", () => {
    const { inputs } = only(all, "cloudfunctionsv2/function:Function", `flights-${ingest}`);
    expect(inputs.serviceConfig).toMatchObject({
      serviceAccountEmail: "tm-flights-read-pubsub-23f059@demo-project.iam.gserviceaccount.com",
      availableMemory: "512Mi",
      availableCpu: "1",
      maxInstanceRequestConcurrency: 80,
      minInstanceCount: 0,
      maxInstanceCount: 20,
      timeoutSeconds: 540,
      ingressSettings: "ALLOW_INTERNAL_ONLY",
    });
  });

  test("a stage has no more instances than shards, a tracker two", async () => {
    const many = await declared(() => declarePipeline(flights, { compile: { shards: 7 } }));
    const most = (name: string): number =>
      only(many, "cloudfunctionsv2/function:Function", name).inputs.serviceConfig.maxInstanceCount;
    expect(most(`flights-${hours}`)).toBe(7);
    expect(most(`flights-${ingest}`)).toBe(20);
    expect(most("flights-tracker")).toBe(2);
  });

  test("are told where they are and who may call them, by their own URLs", () => {
    const { inputs } = only(all, "cloudfunctionsv2/function:Function", `flights-${hours}`);
    const tracker = "https://tm-flights-tracker-1000000000001.europe-west1.run.app";
    expect(inputs.serviceConfig.environmentVariables).toMatchObject({
      TIDEMARK_PROJECT: "demo-project",
      TIDEMARK_DATABASE: "tidemark",
      TIDEMARK_COMPILE: "{}",
      TIDEMARK_QUEUE: "projects/demo-project/locations/europe-west1/queues/tm-flights",
      TIDEMARK_TRACKER_URL: tracker,
      TIDEMARK_TRACKER_AUDIENCE: tracker,
      TIDEMARK_PUSH_AUTH: "oidc",
      TIDEMARK_PUSH_AUDIENCE: `https://tm-flights-${hours}-1000000000001.europe-west1.run.app`,
      TIDEMARK_PUSH_ACCOUNTS: "tm-flights-caller@demo-project.iam.gserviceaccount.com",
    });
  });

  test("sizes by stage, variables, and secrets by reference", async () => {
    const made = await declared(() =>
      declarePipeline(flights, {
        functions: { memory: "1Gi" },
        stages: { [hours]: { cpu: "2" } },
        env: { FEED: "usgs", TIDEMARK_PLAN: "no" },
        secrets: { API_KEY: { secret: "api-key", version: "3" } },
      }),
    );
    const { inputs } = only(made, "cloudfunctionsv2/function:Function", `flights-${hours}`);
    const { environmentVariables, ...rest } = inputs.serviceConfig;
    expect(rest).toMatchObject({ availableMemory: "1Gi", availableCpu: "2" });
    expect(environmentVariables.FEED).toBe("usgs");
    expect(environmentVariables.TIDEMARK_PLAN).not.toBe("no");
    expect(rest.secretEnvironmentVariables).toEqual([
      { key: "API_KEY", projectId: "demo-project", secret: "api-key", version: "3" },
    ]);
  });
});

describe("topics and subscriptions", () => {
  const subscription = (name: string): Declared["inputs"] =>
    only(all, "pubsub/subscription:Subscription", name).inputs;

  test("a mailbox is ordered, signed, patient and for ever", () => {
    const url = `https://tm-flights-${hours}-1000000000001.europe-west1.run.app`;
    expect(subscription(`tm-flights-${hours}`)).toEqual({
      project: "demo-project",
      name: `tm-flights-${hours}`,
      topic: `projects/demo-project/topics/tm-flights-${hours}`,
      labels: { "managed-by": "tidemark", pipeline: "flights" },
      ackDeadlineSeconds: 60,
      enableMessageOrdering: true,
      messageRetentionDuration: "604800s",
      expirationPolicy: { ttl: "" },
      retryPolicy: { minimumBackoff: "1s", maximumBackoff: "300s" },
      deadLetterPolicy: {
        deadLetterTopic: "projects/demo-project/topics/tm-flights-undelivered",
        maxDeliveryAttempts: 100,
      },
      pushConfig: {
        pushEndpoint: url,
        oidcToken: {
          serviceAccountEmail: "tm-flights-caller@demo-project.iam.gserviceaccount.com",
          audience: url,
        },
      },
    });
  });

  test("a source is subscribed to without order, and has a way back for dead letters", () => {
    expect(subscription(`tm-flights-${ingest}`)).toMatchObject({
      topic: "projects/demo-project/topics/flights",
      enableMessageOrdering: false,
    });
    expect(subscription(`tm-flights-${ingest}-replay`)).toMatchObject({
      topic: `projects/demo-project/topics/tm-flights-${ingest}-replay`,
      pushConfig: { pushEndpoint: subscription(`tm-flights-${ingest}`).pushConfig.pushEndpoint },
    });
  });

  test("dead letters and what can't be delivered are kept for 31 days, and pushed nowhere", () => {
    for (const name of ["tm-flights-dead-letters", "tm-flights-undelivered"]) {
      const inputs = subscription(`${name}-kept`);
      expect(inputs).toMatchObject({
        name,
        topic: `projects/demo-project/topics/${name}`,
        messageRetentionDuration: "2678400s",
        expirationPolicy: { ttl: "" },
      });
      expect(inputs.pushConfig).toBeUndefined();
    }
  });

  test("topics from outside are declared, unless they are there already", async () => {
    const topics = (made: readonly Declared[]): string[] =>
      ofType(made, "pubsub/topic:Topic").map(({ inputs }) => inputs.name);
    expect(topics(all)).toEqual(expect.arrayContaining(["flights", "worst-airports"]));
    const adopted = await declared(() =>
      declarePipeline(flights, {}, { existingTopics: ["flights"] }),
    );
    expect(topics(adopted)).not.toContain("flights");
    expect(
      only(adopted, "pubsub/subscription:Subscription", `tm-flights-${ingest}`).inputs.topic,
    ).toBe("projects/demo-project/topics/flights");
  });

  test("a subscription that is there already is not declared, nor a topic of another project", async () => {
    const adopting = pipeline("adopting", (p) => {
      p.read(pubsub.subscription<string>("theirs")).write(
        pubsub.topic("projects/other/topics/out"),
      );
    });
    const made = await declared(() => declarePipeline(adopting));
    const names = ofType(made, "pubsub/subscription:Subscription").map(({ inputs }) => inputs.name);
    expect(names).not.toContain("theirs");
    expect(names.filter((name) => name.endsWith("-replay"))).toHaveLength(1);
    const publishers = ofType(made, "pubsub/topicIAMMember:TopicIAMMember");
    expect(publishers.map(({ inputs }) => [inputs.project, inputs.topic])).toContainEqual([
      "other",
      "out",
    ]);
  });
});

describe("database", () => {
  test("is kept from being deleted, or not", async () => {
    const { inputs } = only(all, "firestore/database:Database", "tidemark-database");
    expect(inputs).toMatchObject({
      name: "tidemark",
      locationId: "europe-west1",
      type: "FIRESTORE_NATIVE",
      deleteProtectionState: "DELETE_PROTECTION_ENABLED",
      deletionPolicy: "ABANDON",
    });
    const open = await declared(() => declarePipeline(flights, {}, { protect: false }));
    expect(only(open, "firestore/database:Database", "tidemark-database").inputs).toMatchObject({
      deleteProtectionState: "DELETE_PROTECTION_DISABLED",
      deletionPolicy: "DELETE",
    });
  });

  test("that is there already is not declared; its exemptions are", async () => {
    const made = await declared(() =>
      declarePipeline(flights, {}, { existingDatabase: true, database: "(default)" }),
    );
    expect(ofType(made, "firestore/database:Database")).toEqual([]);
    expect(only(made, "firestore/field:Field", "tidemark-heads").inputs.database).toBe("(default)");
  });

  test("has indexes for the two fields that are queried, and no others", () => {
    const fields = ofType(all, "firestore/field:Field").map(({ inputs }) => inputs);
    const indexed = fields.filter(({ indexConfig }) => indexConfig.indexes !== undefined);
    expect(indexed.map(({ collection, field }) => [collection, field])).toEqual([
      ["deadLetters", "atMs"],
      ["snapshots", "part"],
    ]);
    const bare = fields.filter(({ field, ttlConfig }) => field === "*" && ttlConfig === undefined);
    expect(bare.map(({ collection }) => collection).sort()).toEqual([
      "deadLetters",
      "deployments",
      "heads",
      "jobs",
      "parts",
      "registers",
      "shards",
      "snapshots",
    ]);
  });
});

describe("queue, key and repository", () => {
  test("a tick is tried again without an end", () => {
    const { inputs } = only(all, "cloudtasks/queue:Queue", "flights-queue");
    expect(inputs).toMatchObject({ name: "tm-flights", location: "europe-west1" });
    expect(inputs.retryConfig.maxAttempts).toBe(-1);
  });

  test("a key encrypts topics, bucket, database and functions", async () => {
    const kmsKey = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k";
    const repository = "projects/p/locations/europe-west1/repositories/images";
    const made = await declared(() => declarePipeline(flights, {}, { kmsKey, repository }));
    const topics = ofType(made, "pubsub/topic:Topic");
    expect(topics.filter(({ inputs }) => inputs.kmsKeyName !== kmsKey)).toEqual([]);
    const { encryption } = only(made, "storage/bucket:Bucket", "tidemark-source").inputs;
    expect(encryption).toEqual({ defaultKmsKeyName: kmsKey });
    const database = only(made, "firestore/database:Database", "tidemark-database").inputs;
    expect(database.cmekConfig).toEqual({ kmsKeyName: kmsKey });
    for (const { inputs } of ofType(made, "cloudfunctionsv2/function:Function")) {
      expect(inputs.kmsKeyName).toBe(kmsKey);
      expect(inputs.buildConfig.dockerRepository).toBe(repository);
    }
  });
});
