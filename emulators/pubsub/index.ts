/**
 * An embedded Pub/Sub server: Google's gRPC protocol on a port of this machine.
 *
 * Owns: starting and stopping. Programs reach it through the ordinary client libraries, with
 * PUBSUB_EMULATOR_HOST set to its address.
 *
 *   client ──gRPC──▶ service/ ──▶ broker/ ──▶ push/ ──HTTP──▶ endpoint
 *                                   │
 *                                   └──▶ persistence.ts
 */
import { Server } from "@grpc/grpc-js";
import { bind } from "../bind.ts";
import type { Faults } from "../faults.ts";
import type { Access } from "../iam/access.ts";
import { Entrances } from "../iam/entrances.ts";
import { realTimers, type Timers } from "../timers.ts";
import { Broker } from "./broker/broker.ts";
import type { Backlog, Subscription } from "./broker/subscription.ts";
import type { PubsubCounts } from "./counts.ts";
import {
  grpcReceiveBytesMax,
  pushBackoffMaxMs,
  pushBackoffMinMs,
  pushOutstandingMax,
  pushOutstandingStart,
} from "./limits.ts";
import { deadLetterNeeds, pubsubNeeds } from "./permissions.ts";
import { FileJournal } from "./persistence.ts";
import { type DirectDispatch, PushClient } from "./push/push-client.ts";
import { PushDispatcher } from "./push/push-dispatcher.ts";
import type { IdentityToken } from "./push/push-request.ts";
import { loadServices } from "./service/descriptor.ts";
import { publisherService } from "./service/service-publisher.ts";
import { subscriberService } from "./service/service-subscriber.ts";

export type { Backlog } from "./broker/subscription.ts";
export type { PubsubCounts } from "./counts.ts";

/** How pushes are paced and authenticated. */
export interface PushOptions {
  /** Outstanding pushes of a subscription at the start, and after a failure at least. Default 8. */
  readonly outstandingStart?: number;
  /** Outstanding pushes of a subscription, at most. Default 1000. */
  readonly outstandingMax?: number;
  /** The first pause after a failure, in ms. Default 100. */
  readonly backoffMinMs?: number;
  /** The longest pause after failures, in ms. Default 60,000. */
  readonly backoffMaxMs?: number;
  /** Makes the bearer token of subscriptions that have an `oidcToken`. */
  readonly identityToken?: IdentityToken;
  /** A shorter way to endpoints that this process serves itself. */
  readonly direct?: DirectDispatch;
}

/** Options of a server. */
export interface PubsubServerOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Where topics, subscriptions and unacknowledged messages are kept; nowhere by default. */
  readonly persistFolder?: string;
  readonly faults?: Faults;
  readonly timers?: Timers;
  readonly push?: PushOptions;
  /** Whose calls are taken, and as whom the server itself acts; all calls where left out. */
  readonly access?: PubsubAccess;
}

/** The rights of callers and of the service itself. */
export interface PubsubAccess {
  readonly callers: Access;
  /** The member that Pub/Sub is when it forwards dead letters. */
  readonly agent: string;
}

/** A running server. */
export interface PubsubServer {
  /** `127.0.0.1:port`, the value for PUBSUB_EMULATOR_HOST. */
  readonly address: string;
  /** Exact counters; a live object. */
  readonly counts: PubsubCounts;
  /**
   * How much a subscription (its full name) still has to deliver.
   *
   * @throws StatusError NOT_FOUND
   */
  backlog(subscription: string): Backlog;
  /** The address of a principal of its own; without `access`, that of everybody. */
  addressFor(member: string): Promise<string>;
  /** Ends all calls, streams and pushes, and frees the port. */
  stop(): Promise<void>;
}

/**
 * Starts a server.
 *
 * @throws MeshError ERR_PORT_IN_USE, ERR_EMULATOR
 */
export async function startPubsub(options: PubsubServerOptions = {}): Promise<PubsubServer> {
  const { host = "127.0.0.1", port = 0, faults, timers = realTimers, persistFolder } = options;
  const { access } = options;
  const server = new Server({
    "grpc.max_receive_message_length": grpcReceiveBytesMax,
    "grpc.max_send_message_length": -1,
    ...access?.callers.serverOptions(pubsubNeeds((name) => broker.subscription(name).config.topic)),
  });
  const services = loadServices();
  // The port first: whoever can't have it must not touch the files of the one who has it.
  const service = "Pub/Sub";
  const address = await bind(server, { service, host, port });
  const entrances = new Entrances(server, {
    service,
    host,
    main: address,
    access: access?.callers,
  });
  const journal = persistFolder === undefined ? undefined : new FileJournal(persistFolder);
  const pushes = newPushes(options, timers);
  const broker: Broker = new Broker({
    timers,
    ...(journal === undefined ? {} : { journal }),
    newPushConsumer: (subscription) => pushes.newConsumer(subscription, broker.counts),
    ...(access !== undefined && { mayForward: mayForward(access) }),
  });
  journal?.restoreInto(broker);
  server.addService(services.publisher, publisherService(broker, faults));
  server.addService(services.subscriber, subscriberService({ broker, timers, faults }));
  return {
    address,
    counts: broker.counts,
    backlog: (name) => broker.subscription(name).backlog(),
    addressFor: (member) => entrances.addressFor(member),
    stop: async () => {
      broker.close();
      await pushes.close();
      server.forceShutdown();
      journal?.close();
    },
  };
}

/** A dead letter that Pub/Sub may not forward stays where it is. */
function mayForward({ callers, agent }: PubsubAccess) {
  return (subscription: string, topic: string): boolean =>
    deadLetterNeeds(subscription, topic).every(
      (need) => callers.check(agent, need, "forward a dead letter").isAllowed,
    );
}

interface Pushes {
  newConsumer(subscription: Subscription, counts: PubsubCounts): PushDispatcher;
  close(): Promise<void>;
}

function newPushes(options: PubsubServerOptions, timers: Timers): Pushes {
  const { push = {}, faults } = options;
  const pace = {
    outstandingStart: push.outstandingStart ?? pushOutstandingStart,
    outstandingMax: push.outstandingMax ?? pushOutstandingMax,
    backoffMinMs: push.backoffMinMs ?? pushBackoffMinMs,
    backoffMaxMs: push.backoffMaxMs ?? pushBackoffMaxMs,
  };
  const client = new PushClient(pace.outstandingMax, push.direct);
  const dispatchers = new Set<PushDispatcher>();
  return {
    newConsumer(subscription, counts) {
      const { identityToken } = push;
      const world = { timers, counts, client, pace, faults, identityToken };
      const dispatcher = new PushDispatcher(subscription, world);
      dispatchers.add(dispatcher);
      return dispatcher;
    },
    async close() {
      // Also those that a changed push configuration has replaced.
      for (const dispatcher of dispatchers) dispatcher.closed();
      await client.close();
    },
  };
}
