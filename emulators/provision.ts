/**
 * Provision: topics, subscriptions and the queue of a plan, made in a local world.
 *
 * Owns: what Pulumi makes in the cloud, here by the ordinary clients. Making what is there already
 * changes nothing; where subscriptions push to is said apart.
 */
import type { PubSub, PushConfig } from "@google-cloud/pubsub";
import type { CloudTasksClient } from "@google-cloud/tasks";
import { isCode } from "../functions/gcp/grpc-errors.ts";
import type { PushAuth } from "../functions/gcp/push-auth.ts";
import { ACK_DEADLINE_SECONDS } from "../functions/options.ts";
import { assertionsTopicName } from "../sdk/compile/names.ts";
import type { MeshPlan, StagePlan } from "../sdk/compile/plan.ts";
import type { GraphNode } from "../sdk/model/graph.ts";

/** Where things are made, and where functions listen. */
export interface ProvisionTarget {
  readonly pubsub: PubSub;
  readonly tasks: CloudTasksClient;
  /** `projects/P/locations/L`. */
  readonly location: string;
  readonly queueName: string;
  /** URL of a stage's function. */
  readonly urlOf: (stage: string) => string;
  /** Whom functions expect to be called by. */
  readonly auth: PushAuth;
}

/** Makes all that a plan needs. */
export async function provision(
  plan: MeshPlan,
  nodes: readonly GraphNode[],
  target: ProvisionTarget,
): Promise<void> {
  const { pubsub } = target;
  const topics = new Set([plan.deadLetterTopic]);
  for (const { mailbox, ingest } of plan.stages) {
    if (mailbox !== undefined) topics.add(mailbox);
    if (ingest?.topic !== undefined) topics.add(ingest.topic);
    if (ingest !== undefined) topics.add(ingest.replay);
  }
  for (const node of nodes) {
    if (node.kind === "sink" && node.sink.type === "pubsub") topics.add(node.sink.topic);
  }
  const isTest = nodes.some((node) => node.kind === "sink" && node.sink.type === "assert");
  if (isTest) topics.add(assertionsTopicName(plan.pipeline));
  await Promise.all([...topics].map((topic) => ifNew(() => pubsub.createTopic(topic))));
  if (isTest) await provisionAssertions(plan, target);
  await Promise.all(plan.stages.map((stage) => provisionStage(stage, target)));
  await ifNew(() =>
    target.tasks.createQueue({
      parent: target.location,
      queue: {
        name: `${target.location}/queues/${target.queueName}`,
        retryConfig: { minBackoff: { nanos: 200e6 }, maxBackoff: { seconds: 5 }, maxAttempts: 100 },
      },
    }),
  );
}

async function provisionStage(
  stage: StagePlan,
  { pubsub, urlOf, auth }: ProvisionTarget,
): Promise<void> {
  const pushConfig = pushConfigOf(urlOf(stage.id), auth);
  for (const { topic, name } of feedsOf(stage)) {
    if (topic === undefined) continue;
    await ifNew(() =>
      pubsub.createSubscription(topic, name, {
        pushConfig,
        ackDeadlineSeconds: ACK_DEADLINE_SECONDS,
        enableMessageOrdering: stage.mailbox !== undefined,
        expirationPolicy: {},
      }),
    );
  }
}

/**
 * Lets a plan's subscriptions push to where its functions are: one that was there before still pushes
 * to where they were last time, or stands still.
 */
export async function pointSubscriptions(
  { stages }: MeshPlan,
  { pubsub, urlOf, auth }: ProvisionTarget,
): Promise<void> {
  const calls = stages.flatMap((stage) => {
    const pushConfig = pushConfigOf(urlOf(stage.id), auth);
    return feedsOf(stage).map(({ name }) => pubsub.subscription(name).modifyPushConfig(pushConfig));
  });
  await Promise.all(calls);
}

interface Feed {
  /** Undefined where the subscription is somebody else's. */
  readonly topic: string | undefined;
  readonly name: string;
}

function feedsOf({ mailbox, ingest }: StagePlan): readonly Feed[] {
  const feed = { topic: mailbox ?? ingest?.topic, name: mailbox ?? ingest?.subscription ?? "" };
  return ingest === undefined ? [feed] : [feed, { topic: ingest.replay, name: ingest.replay }];
}

function pushConfigOf(pushEndpoint: string, auth: PushAuth): PushConfig {
  const [serviceAccountEmail] = auth.kind === "oidc" ? auth.accounts : [];
  if (auth.kind === "emulated" || serviceAccountEmail === undefined) return { pushEndpoint };
  return { pushEndpoint, oidcToken: { serviceAccountEmail, audience: auth.audience } };
}

/** Subscriptions that keep what a test looks at, from the first element on, until it is read. */
async function provisionAssertions(plan: MeshPlan, { pubsub }: ProvisionTarget): Promise<void> {
  for (const name of [assertionsTopicName(plan.pipeline), plan.deadLetterTopic]) {
    await ifNew(() => pubsub.createSubscription(name, name));
  }
}

async function ifNew(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!isCode(error, "ALREADY_EXISTS")) throw error;
  }
}
