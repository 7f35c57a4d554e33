/**
 * google.pubsub.v1.Subscriber over the broker.
 *
 * Owns: the calls' requests and answers. Does not own: what they do (broker/), nor the two ways to
 * pull (pull.ts, streaming-pull.ts).
 */
import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import type { Faults } from "../../faults.ts";
import type { Timers } from "../../timers.ts";
import type { Broker } from "../broker/broker.ts";
import { acknowledgeIds, type LeaseAnswer, modifyIds } from "../broker/leases.ts";
import { invalidArgument, parseProjectName } from "../names.ts";
import { type PushConfig, type SecondsAndNanos, type SubscriptionConfig, toMs } from "../wire.ts";
import { pageOf } from "./pages.ts";
import { pull } from "./pull.ts";
import { invalidAckIdsError } from "./status-details.ts";
import { StreamingPull, type StreamingPullCall } from "./streaming-pull.ts";
import { toServiceError, unary } from "./unary.ts";

interface ListRequest {
  readonly project: string;
  readonly pageSize: number;
  readonly pageToken: string;
}

interface LeaseRequest {
  readonly subscription: string;
  readonly ackIds: readonly string[];
}

/** What the service needs. */
interface SubscriberWorld {
  readonly broker: Broker;
  readonly timers: Timers;
  readonly faults: Faults | undefined;
}

/** Returns the handlers of all calls of the service. */
export function subscriberService(world: SubscriberWorld): UntypedServiceImplementation {
  return {
    ...subscriptionCalls(world),
    ...snapshotCalls(world),
    ...messageCalls(world),
    StreamingPull: (call: StreamingPullCall) => streamingPull(world, call),
  };
}

function subscriptionCalls(world: SubscriberWorld): UntypedServiceImplementation {
  const { broker, faults } = world;
  return {
    CreateSubscription: unary(faults, "CreateSubscription", (config: SubscriptionConfig) =>
      broker.createSubscription(config),
    ),
    GetSubscription: unary(
      faults,
      "GetSubscription",
      ({ subscription }: { subscription: string }) => broker.subscription(subscription).config,
    ),
    UpdateSubscription: unary(
      faults,
      "UpdateSubscription",
      (request: { subscription: SubscriptionConfig; updateMask: { paths: string[] } | null }) =>
        broker.updateSubscription(request.subscription, request.updateMask?.paths ?? []),
    ),
    ModifyPushConfig: unary(
      faults,
      "ModifyPushConfig",
      (request: { subscription: string; pushConfig: PushConfig | null }) => {
        broker.modifyPushConfig(request.subscription, request.pushConfig);
        return {};
      },
    ),
    DeleteSubscription: unary(
      faults,
      "DeleteSubscription",
      ({ subscription }: { subscription: string }) => {
        broker.deleteSubscription(subscription);
        return {};
      },
    ),
    ListSubscriptions: unary(faults, "ListSubscriptions", (request: ListRequest) => {
      const prefix = `projects/${parseProjectName(request.project)}/`;
      const all = [...broker.subscriptions()].filter(({ name }) => name.startsWith(prefix));
      const { items, nextPageToken } = pageOf(all, ({ name }) => name, request);
      return { subscriptions: items.map(({ config }) => config), nextPageToken };
    }),
  };
}

function snapshotCalls(world: SubscriberWorld): UntypedServiceImplementation {
  const { broker, faults } = world;
  return {
    CreateSnapshot: unary(
      faults,
      "CreateSnapshot",
      (request: { name: string; subscription: string; labels: Record<string, string> }) =>
        broker.createSnapshot(request.name, request.subscription, request.labels),
    ),
    GetSnapshot: unary(faults, "GetSnapshot", ({ snapshot }: { snapshot: string }) =>
      broker.snapshots.get(snapshot),
    ),
    ListSnapshots: unary(faults, "ListSnapshots", (request: ListRequest) => {
      const prefix = `projects/${parseProjectName(request.project)}/`;
      const all = broker.snapshots.all().filter(({ name }) => name.startsWith(prefix));
      const { items, nextPageToken } = pageOf(all, ({ name }) => name, request);
      return { snapshots: items, nextPageToken };
    }),
    DeleteSnapshot: unary(faults, "DeleteSnapshot", ({ snapshot }: { snapshot: string }) => {
      broker.snapshots.delete(snapshot);
      return {};
    }),
    Seek: unary(
      faults,
      "Seek",
      (request: { subscription: string; time?: SecondsAndNanos | null; snapshot?: string }) => {
        const target = request.time ? toMs(request.time) : request.snapshot;
        if (!request.time && !request.snapshot) {
          throw invalidArgument("A seek needs a time or a snapshot.");
        }
        broker.seek(request.subscription, target ?? "");
        return {};
      },
    ),
  };
}

function messageCalls(world: SubscriberWorld): UntypedServiceImplementation {
  const { broker, timers, faults } = world;
  return {
    Pull: unary(
      faults,
      "Pull",
      async (
        request: { subscription: string; maxMessages: number; returnImmediately: boolean },
        onCancelled,
      ) => {
        const subscription = broker.pullable(request.subscription);
        if (request.maxMessages <= 0) throw invalidArgument("max_messages must be positive.");
        broker.counts.pulls++;
        const receivedMessages = await pull({
          subscription,
          messagesMax: request.maxMessages,
          isImmediate: request.returnImmediately,
          timers,
          counts: broker.counts,
          onCancelled,
        });
        return { receivedMessages };
      },
    ),
    Acknowledge: unary(faults, "Acknowledge", ({ subscription, ackIds }: LeaseRequest) =>
      answerLeases(acknowledgeIds(broker.pullable(subscription), ackIds)),
    ),
    ModifyAckDeadline: unary(
      faults,
      "ModifyAckDeadline",
      ({
        subscription,
        ackIds,
        ackDeadlineSeconds,
      }: LeaseRequest & { ackDeadlineSeconds: number }) =>
        answerLeases(modifyIds(broker.pullable(subscription), ackIds, ackDeadlineSeconds)),
    ),
  };
}

function answerLeases({ invalidAckIds }: LeaseAnswer): object {
  if (invalidAckIds.length > 0) throw invalidAckIdsError(invalidAckIds);
  return {};
}

/** The first request opens the stream; an error ends it with its status. */
function streamingPull(world: SubscriberWorld, call: StreamingPullCall): void {
  const { broker, faults } = world;
  let stream: StreamingPull | undefined;
  let isOpened = false;
  const fail = (error: unknown): void => {
    stream?.end();
    call.emit("error", toServiceError(error));
  };
  call.on("data", (request) => {
    if (isOpened) {
      attempt(() => stream?.handle(request), fail);
      return;
    }
    isOpened = true;
    const open = (): void => {
      if (call.cancelled) return;
      const subscription = broker.pullable(request.subscription);
      stream = new StreamingPull({ call, subscription, first: request, counts: broker.counts });
      broker.counts.streamingPulls++;
      stream.start(request);
    };
    if (faults === undefined) attempt(open, fail);
    else faults.run("StreamingPull", open).catch(fail);
  });
  call.on("cancelled", () => stream?.end());
  call.on("end", () => {
    stream?.end();
    call.end();
  });
}

function attempt(run: () => void, fail: (error: unknown) => void): void {
  try {
    run();
  } catch (error) {
    fail(error);
  }
}
