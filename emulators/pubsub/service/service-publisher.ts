/**
 * google.pubsub.v1.Publisher over the broker.
 *
 * Owns: the calls' requests and answers. Does not own: what they do (broker/).
 */
import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import type { Faults } from "../../faults.ts";
import type { Broker } from "../broker/broker.ts";
import { parseProjectName } from "../names.ts";
import type { TopicConfig, WireMessage } from "../wire.ts";
import { pageOf } from "./pages.ts";
import { unary } from "./unary.ts";

interface PageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

const itself = (name: string): string => name;

/** Returns the handlers of all calls of the service. */
export function publisherService(
  broker: Broker,
  faults: Faults | undefined,
): UntypedServiceImplementation {
  return {
    CreateTopic: unary(faults, "CreateTopic", (config: TopicConfig) => broker.createTopic(config)),
    GetTopic: unary(
      faults,
      "GetTopic",
      ({ topic }: { topic: string }) => broker.topic(topic).config,
    ),
    UpdateTopic: unary(
      faults,
      "UpdateTopic",
      ({ topic, updateMask }: { topic: TopicConfig; updateMask: { paths: string[] } | null }) =>
        broker.updateTopic(topic, updateMask?.paths ?? []),
    ),
    DeleteTopic: unary(faults, "DeleteTopic", ({ topic }: { topic: string }) => {
      broker.deleteTopic(topic);
      return {};
    }),
    Publish: unary(
      faults,
      "Publish",
      ({ topic, messages }: { topic: string; messages: WireMessage[] }) => ({
        messageIds: broker.publish(topic, messages),
      }),
    ),
    ...listCalls(broker, faults),
    DetachSubscription: unary(
      faults,
      "DetachSubscription",
      ({ subscription }: { subscription: string }) => {
        broker.detachSubscription(subscription);
        return {};
      },
    ),
  };
}

function listCalls(broker: Broker, faults: Faults | undefined): UntypedServiceImplementation {
  return {
    ListTopics: unary(faults, "ListTopics", (request: PageRequest & { project: string }) => {
      const prefix = `projects/${parseProjectName(request.project)}/`;
      const topics = [...broker.topics()].filter(({ name }) => name.startsWith(prefix));
      const { items, nextPageToken } = pageOf(topics, ({ name }) => name, request);
      return { topics: items.map(({ config }) => config), nextPageToken };
    }),
    ListTopicSubscriptions: unary(
      faults,
      "ListTopicSubscriptions",
      (request: PageRequest & { topic: string }) => {
        const names = [...broker.topic(request.topic).subscriptions].map(({ name }) => name);
        const { items, nextPageToken } = pageOf(names, itself, request);
        return { subscriptions: items, nextPageToken };
      },
    ),
    ListTopicSnapshots: unary(
      faults,
      "ListTopicSnapshots",
      (request: PageRequest & { topic: string }) => {
        const { name } = broker.topic(request.topic);
        const names = broker.snapshots.all().filter(({ topic }) => topic === name);
        const page = pageOf(
          names.map((snapshot) => snapshot.name),
          itself,
          request,
        );
        return { snapshots: page.items, nextPageToken: page.nextPageToken };
      },
    ),
  };
}
