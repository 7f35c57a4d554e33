/**
 * Platform: what all pipelines of a stack share.
 *
 * Owns: the component, and which topics from outside are declared already. Does not own: what each
 * group of resources is like (the files that it calls).
 *
 * MP1. A topic that several pipelines read or write is declared once.
 */
import { getProjectOutput } from "@pulumi/gcp/organizations/getProject.js";
import type { ServiceIdentity } from "@pulumi/gcp/projects/serviceIdentity.js";
import { Topic } from "@pulumi/gcp/pubsub/topic.js";
import type { Account } from "@pulumi/gcp/serviceaccount/account.js";
import type { Bucket } from "@pulumi/gcp/storage/bucket.js";
import {
  ComponentResource,
  type ComponentResourceOptions,
  type CustomResourceOptions,
  getStack,
  type Input,
  type Output,
  output,
  type Resource,
} from "@pulumi/pulumi";
import { enableApis, serviceAgent } from "./apis.ts";
import { declareBuildAccount } from "./build-account.ts";
import { declareChannels } from "./channels.ts";
import { declareDatabase, declareIndexes } from "./firestore.ts";
import { buildAccountId, secretId, sourceBucketName } from "./names.ts";
import { declareSecret, type MadeSecret } from "./secrets.ts";
import { declareBucket } from "./source-bucket.ts";

/** How the shared part of a mesh is set up. */
export interface MeshPlatformArgs {
  readonly project: string;
  readonly region: string;
  /** Looked up where left out. */
  readonly projectNumber?: string;
  /** Firestore database; `tidemark` where left out. */
  readonly database?: string;
  /** Where the database lies, for good; the region where left out. */
  readonly firestoreLocation?: string;
  /** The database is there already, and not this stack's. */
  readonly existingDatabase?: boolean;
  /** Names of topics of sources and sinks that are there already. */
  readonly existingTopics?: readonly string[];
  /** Keeps the database from being deleted; true where left out. */
  readonly protect?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
  /** Whether functions read secrets that are there already. */
  readonly hasSecrets?: boolean;
  /** Values of secrets to make, by the variable that functions get them as. */
  readonly secretValues?: Readonly<Record<string, Input<string>>>;
  /** Addresses that alerts are mailed to. */
  readonly alertEmails?: readonly string[];
  readonly kmsKey?: string;
  /** Artifact Registry repository of the functions' images. */
  readonly repository?: string;
}

/** APIs, the bucket of sources, the database, and the accounts that build and act for services. */
export class MeshPlatform extends ComponentResource {
  readonly args: MeshPlatformArgs;
  readonly project: string;
  readonly region: string;
  readonly projectNumber: Output<string>;
  readonly database: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly bucket: Bucket;
  readonly buildAccount: Account;
  /** What a build must wait for. */
  readonly buildRights: readonly Resource[];
  readonly pubsubAgent: ServiceIdentity;
  readonly tasksAgent: ServiceIdentity;
  /** Secrets of this stack, by the variable that functions get them as. */
  readonly secrets: ReadonlyMap<string, MadeSecret>;
  /** Notification channels of this stack. */
  readonly channels: readonly Output<string>[];
  /** What a job must wait for: its database. */
  readonly databaseReady: readonly Resource[];
  readonly #ready: CustomResourceOptions;
  readonly #topics = new Map<string, Topic | undefined>();

  constructor(name: string, args: MeshPlatformArgs, options?: ComponentResourceOptions) {
    super("tidemark:infra:MeshPlatform", name, {}, options);
    const { project, region, database = "tidemark", kmsKey } = args;
    this.args = args;
    this.project = project;
    this.region = region;
    this.database = database;
    this.labels = { "managed-by": "tidemark", ...args.labels };
    this.projectNumber = output(
      args.projectNumber ?? getProjectOutput({ projectId: project }, { parent: this }).number,
    );
    const { secretValues = {}, alertEmails = [] } = args;
    const hasSecrets = args.hasSecrets === true || Object.keys(secretValues).length > 0;
    const apis = enableApis(name, project, hasSecrets, { parent: this });
    const ready = { parent: this, dependsOn: apis };
    this.#ready = ready;
    const bucket = sourceBucketName(project, getStack());
    const { labels, projectNumber } = this;
    this.bucket = declareBucket(name, { project, bucket, region, labels, kmsKey }, ready);
    const accountId = buildAccountId(getStack());
    const build = { project, projectNumber, region, accountId };
    const { account, rights } = declareBuildAccount(name, build, ready);
    this.buildAccount = account;
    this.buildRights = rights;
    this.pubsubAgent = serviceAgent(name, project, "pubsub", ready);
    this.tasksAgent = serviceAgent(name, project, "cloudtasks", ready);
    this.databaseReady = this.#declareDatabase(name, ready);
    this.secrets = this.#declareSecrets(name, secretValues, ready);
    this.channels = declareChannels(name, project, alertEmails, labels, ready);
    for (const topic of args.existingTopics ?? []) this.#topics.set(topic, undefined);
    this.registerOutputs({ bucket: this.bucket.name, database });
  }

  /** Returns options of a resource that needs the APIs, as a child of `parent`. */
  ready(parent: Resource, dependsOn: readonly Resource[] = []): CustomResourceOptions {
    return { parent, dependsOn: [...(this.#ready.dependsOn as Resource[]), ...dependsOn] };
  }

  /** Returns a topic of a source or a sink, declared with its first use; undefined for one that is there already. */
  topic(name: string): Topic | undefined {
    if (this.#topics.has(name) || name.startsWith("projects/")) return this.#topics.get(name);
    const { project, labels } = this;
    const { kmsKey } = this.args;
    const key = kmsKey === undefined ? {} : { kmsKeyName: kmsKey };
    const topic = new Topic(`topic-${name}`, { project, name, labels, ...key }, this.#ready);
    this.#topics.set(name, topic);
    return topic;
  }

  /** Topics of sources and sinks that this stack declares, by name. */
  get topics(): ReadonlyMap<string, Topic | undefined> {
    return this.#topics;
  }

  #declareSecrets(
    name: string,
    values: Readonly<Record<string, Input<string>>>,
    ready: CustomResourceOptions,
  ): ReadonlyMap<string, MadeSecret> {
    const { project, region, labels } = this;
    const { kmsKey } = this.args;
    return new Map(
      Object.entries(values).map(([variable, value]) => {
        const id = secretId(getStack(), variable);
        const input = { project, region, id, value, labels, kmsKey };
        return [variable, declareSecret(`${name}-secret-${variable}`, input, ready)] as const;
      }),
    );
  }

  #declareDatabase(name: string, ready: CustomResourceOptions): Resource[] {
    const { args, project, database, region } = this;
    if (args.existingDatabase === true) {
      return declareIndexes(name, project, database, ready);
    }
    const declared = declareDatabase(
      name,
      {
        project,
        database,
        location: args.firestoreLocation ?? region,
        protect: args.protect ?? true,
        kmsKey: args.kmsKey,
      },
      ready,
    );
    return [declared, ...declareIndexes(name, project, declared.name, ready)];
  }
}
