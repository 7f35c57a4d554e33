/**
 * Pipeline: a plan → everything that runs it.
 *
 * Owns: the component, and what waits for what. Does not own: what each group of resources is like
 * (the files that it calls), launching (job-step.ts).
 *
 * PL1. Nothing is pushed before the function that takes it stands and may do its work.
 * PL2. Addresses are computed, not read back: no function waits for another.
 */
import type { Function as CloudFunction } from "@pulumi/gcp/cloudfunctionsv2/function.js";
import type { Queue } from "@pulumi/gcp/cloudtasks/queue.js";
import type { Topic } from "@pulumi/gcp/pubsub/topic.js";
import {
  all,
  ComponentResource,
  type ComponentResourceOptions,
  type CustomResource,
  type CustomResourceOptions,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import type { Deployment } from "../functions/deployment.ts";
import { DEFAULT_OPTIONS, type EngineOptions } from "../functions/options.ts";
import type { CompileOptions, MeshPlan } from "../sdk/compile/plan.ts";
import type { PipelineGraph } from "../sdk/model/graph.ts";
import { declareAccounts, type MeshAccounts } from "./accounts.ts";
import { MeshAddresses } from "./addresses.ts";
import { type AlertSettings, declareAlerts } from "./alerts.ts";
import { type BindingInput, declareBindings } from "./bindings.ts";
import type { StageBundle } from "./code-bundle.ts";
import type { AccountsMode, SecretSetting } from "./config.ts";
import { dashboardUrl, declareDashboard } from "./dashboard.ts";
import { requireDeployable } from "./deployable.ts";
import { declareFeed, declareKeeper, declareTopic, type FeedPlace, feedsOf } from "./feeds.ts";
import { declareFunction, type SecretSource, TRACKER } from "./functions.ts";
import { functionName, labelValue, queueName, undeliveredName } from "./names.ts";
import type { MeshPlatform } from "./platform.ts";
import { declareQueue } from "./queue.ts";
import { type Right, rightsOf } from "./rights.ts";
import { type FunctionSettings, settingsOf } from "./settings.ts";
import { declareCode } from "./source-bucket.ts";
import { declareWatermarkMetric } from "./watermark-metric.ts";

/** What a pipeline is deployed with. */
export interface MeshPipelineArgs {
  readonly platform: MeshPlatform;
  readonly plan: MeshPlan;
  readonly graph: PipelineGraph;
  /** What the plan was compiled with: functions compile it again. */
  readonly compile: CompileOptions;
  readonly bundles: readonly StageBundle[];
  readonly engine?: Partial<EngineOptions>;
  readonly functions?: Partial<FunctionSettings>;
  /** By the id of a stage, or `tracker`. */
  readonly stages?: Readonly<Record<string, Partial<FunctionSettings>>>;
  readonly serviceAccounts?: AccountsMode;
  readonly env?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, SecretSetting>>;
  readonly alerts?: AlertSettings;
}

/** One pipeline: its functions, topics, subscriptions, queue, accounts and rights. */
export class MeshPipeline extends ComponentResource {
  readonly plan: MeshPlan;
  /** URLs of functions: by the id of a stage, and `tracker`. */
  readonly urls: Readonly<Record<string, Output<string>>>;
  /** What is stored beside the job. */
  readonly deployment: Output<Deployment>;
  /** Resolves when everything stands that a job needs; never in a preview that creates anything. */
  readonly standing: Output<true>;
  /** Where the dashboard is in the console. */
  readonly dashboardUrl: Output<string>;
  readonly #args: MeshPipelineArgs;
  readonly #addresses: MeshAddresses;
  readonly #place: FeedPlace;
  readonly #declared: Resource[] = [];

  /** @throws ERR_UNSUPPORTED if the pipeline reads or writes files of this machine */
  constructor(name: string, args: MeshPipelineArgs, options?: ComponentResourceOptions) {
    requireDeployable(args.plan.pipeline, args.graph);
    super("tidemark:infra:MeshPipeline", name, {}, options);
    const { platform, plan } = args;
    this.plan = plan;
    this.#args = args;
    this.#addresses = new MeshAddresses(args);
    this.urls = this.#addresses.urls;
    this.deployment = this.#addresses.deployment;
    const labels = { ...platform.labels, pipeline: labelValue(plan.pipeline) };
    this.#place = { project: platform.project, labels, kmsKey: platform.args.kmsKey };
    this.#declare();
    const ids = this.#declared.map((each) => (each as CustomResource).id);
    this.standing = all(ids).apply((): true => true);
    this.dashboardUrl = this.#watch();
    this.registerOutputs({ urls: this.urls });
  }

  /** The names of its functions. */
  get #names(): readonly string[] {
    return [...this.plan.stages.map(({ id }) => id), TRACKER];
  }

  #declare(): void {
    const { platform, plan, graph } = this.#args;
    const { pipeline } = plan;
    const { project, region } = platform;
    const ready = platform.ready(this);
    const mode = this.#args.serviceAccounts ?? "perStage";
    const accounts = declareAccounts(project, pipeline, this.#names, mode, ready);
    const topics = this.#declareTopics(ready);
    const queue = this.#keep(declareQueue(project, region, pipeline, ready));
    const rights = rightsOf({
      plan,
      graph,
      subscriptions: feedsOf(plan).map((feed) => feed.name),
      undelivered: undeliveredName(pipeline),
      secrets: [...new Set(Object.values(this.#secrets).map(({ secret }) => secret))],
    });
    const first = rights.filter(({ on }) => on.kind !== "service" && on.kind !== "subscription");
    const input = this.#bindingInput(accounts, queue);
    const afterIt = (on: Right["on"]): CustomResourceOptions => {
      const it = this.#declaredHere(on, topics);
      return platform.ready(this, it === undefined ? [] : [it]);
    };
    const allowed = this.#keep(...declareBindings(first, input, afterIt));
    const functions = this.#declareFunctions(accounts, allowed);
    this.#declareFeeds(accounts, topics, functions, { input, rights, allowed });
  }

  #declareTopics(ready: CustomResourceOptions): Map<string, Topic> {
    const { plan } = this;
    const undelivered = undeliveredName(plan.pipeline);
    const own = feedsOf(plan).flatMap(({ name, topic }) => (topic.kind === "own" ? [name] : []));
    const names = [...own, plan.deadLetterTopic, undelivered];
    const topics = new Map(
      names.map((name) => [name, declareTopic(name, this.#place, ready)] as const),
    );
    for (const name of [plan.deadLetterTopic, undelivered]) {
      const topic = topics.get(name);
      if (topic !== undefined) this.#keep(declareKeeper(topic, name, this.#place, ready));
    }
    return topics;
  }

  #declareFunctions(
    accounts: MeshAccounts,
    allowed: readonly Resource[],
  ): ReadonlyMap<string, CloudFunction> {
    const { platform, bundles, env = {} } = this.#args;
    const secrets = this.#secrets;
    const { pipeline } = this.plan;
    return new Map(
      bundles.map((bundle) => {
        const { name } = bundle;
        const resource = `${pipeline}-${name}`;
        const options = platform.ready(this, [...platform.buildRights, ...allowed]);
        const code = declareCode(
          resource,
          platform.bucket.name,
          pipeline,
          bundle,
          platform.ready(this),
        );
        const { labels } = this.#place;
        const made = declareFunction(
          resource,
          {
            platform,
            name: functionName(pipeline, name),
            description: `Tidemark, pipeline ${pipeline}: ${this.#words(name)}`,
            code,
            settings: this.#settings(name),
            account: accounts.functions.get(name)?.email ?? "",
            variables: this.#addresses.variables(name).apply((own) => ({ ...env, ...own })),
            secrets,
            labels: { ...labels, stage: labelValue(name) },
          },
          options,
        );
        this.#keep(made);
        return [name, made] as const;
      }),
    );
  }

  #declareFeeds(
    accounts: MeshAccounts,
    topics: ReadonlyMap<string, Topic>,
    functions: ReadonlyMap<string, CloudFunction>,
    given: { input: BindingInput; rights: readonly Right[]; allowed: readonly Resource[] },
  ): void {
    const { platform } = this.#args;
    const { project } = platform;
    const undelivered = topics.get(undeliveredName(this.plan.pipeline));
    const { input, rights } = given;
    const named = { ...input, functionName: (name: string) => functions.get(name)?.name ?? name };
    const invokes = rights.filter(({ on }) => on.kind === "service");
    const invoked = this.#keep(...declareBindings(invokes, named, () => platform.ready(this)));
    const after = platform.ready(this, [...given.allowed, ...invoked, ...functions.values()]);
    const feeds = new Map<string, Resource>();
    for (const feed of feedsOf(this.plan)) {
      const { name, topic, stage } = feed;
      const from = topic.kind === "own" ? topics.get(name) : platform.topic(topic.name);
      const target = {
        url: this.urls[stage] ?? "",
        account: accounts.caller.email,
        topic: from?.id ?? fullTopic(topic.kind === "own" ? name : topic.name, project),
        undelivered: undelivered?.id ?? "",
      };
      feeds.set(name, this.#keep(declareFeed(feed, this.#place, target, after))[0] as Resource);
    }
    const moves = rights.filter(({ on }) => on.kind === "subscription");
    const afterFeed = (on: Right["on"]): CustomResourceOptions => {
      const feed = "name" in on ? feeds.get(on.name) : undefined;
      return platform.ready(this, feed === undefined ? [] : [feed]);
    };
    this.#keep(...declareBindings(moves, input, afterFeed));
  }

  /** What people look at, and are told; no job waits for it. */
  #watch(): Output<string> {
    const { platform, alerts = NO_ALERTS, engine } = this.#args;
    const { project, database } = platform;
    const { plan } = this;
    const { watermarkLogMs } = { ...DEFAULT_OPTIONS, ...engine };
    const settingsOf = (name: string): FunctionSettings => this.#settings(name);
    const seen = { project, plan, watermarkLogMs, settingsOf };
    const metrics =
      watermarkLogMs === 0
        ? []
        : [declareWatermarkMetric(project, plan.pipeline, platform.ready(this))];
    const ready = platform.ready(this, metrics);
    const channels = [...alerts.channels, ...platform.channels];
    const { labels } = this.#place;
    declareAlerts({ ...seen, alerts: { ...alerts, channels }, labels }, ready);
    const { id } = declareDashboard({ ...seen, database }, ready);
    return id.apply((known) => dashboardUrl(known, project));
  }

  #bindingInput(accounts: MeshAccounts, [queue]: readonly Queue[]): BindingInput {
    const { platform } = this.#args;
    const { pipeline } = this.plan;
    return {
      platform,
      pipeline,
      accounts,
      queue: queue?.name ?? queueName(pipeline),
      functionName: (name) => functionName(pipeline, name),
    };
  }

  /** What a right is on, where it is this stack's own. */
  #declaredHere(on: Right["on"], topics: ReadonlyMap<string, Topic>): Resource | undefined {
    const { platform } = this.#args;
    if (on.kind === "topic") return topics.get(on.name) ?? platform.topic(on.name);
    if (on.kind !== "secret") return undefined;
    return [...platform.secrets.values()].find(({ id }) => id === on.name)?.resource;
  }

  /** By variable: secrets that are there already, and those that the stack makes. */
  get #secrets(): Readonly<Record<string, SecretSource>> {
    const { platform, secrets = {} } = this.#args;
    const made = [...platform.secrets].map(
      ([variable, { id, version }]) =>
        [variable, { secret: id, version: version.version }] as const,
    );
    return { ...secrets, ...Object.fromEntries(made) };
  }

  /** A shard is one activation at a time: more instances than shards have nothing to do. */
  #settings(name: string): FunctionSettings {
    const { functions, stages = {} } = this.#args;
    const where = `${this.plan.pipeline}, ${name}`;
    const settings = settingsOf(where, functions, stages[name]);
    if (name === TRACKER) {
      return { ...settings, maxInstances: stages[name]?.maxInstances ?? TRACKERS_MAX };
    }
    const shards = this.plan.stages.find(({ id }) => id === name)?.shards ?? 0;
    if (shards === 0) return settings;
    return { ...settings, maxInstances: Math.min(settings.maxInstances, shards) };
  }

  #words(name: string): string {
    const stage = this.plan.stages.find(({ id }) => id === name);
    return stage === undefined ? "watermarks and timers" : `stage "${stage.name}"`;
  }

  /** What the job must wait for. */
  #keep<T extends Resource>(...resources: T[]): T[] {
    this.#declared.push(...resources);
    return resources;
  }
}

/** Policies without a channel show in the console alone. */
const NO_ALERTS: AlertSettings = {
  channels: [],
  freshnessSeconds: 300,
  watermarkLagSeconds: undefined,
  budgetPerMonth: undefined,
};

/** One at a time does the work; a second one takes over while the first ends. */
const TRACKERS_MAX = 2;

function fullTopic(name: string, project: string): string {
  return name.startsWith("projects/") ? name : `projects/${project}/topics/${name}`;
}
