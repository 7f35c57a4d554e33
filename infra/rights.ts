/**
 * Rights: who of a pipeline may do what. Pure: a plan → a table.
 *
 * Owns: the least that each function, and each of Google's agents, needs. Does not own: declaring it
 * (bindings.ts).
 *
 * RI1. Every right is on one resource; that to Firestore, which has no policies of its own, is on the
 *      project and bound to one database by a condition.
 * RI2. A function may publish to what its own code sends to, and to nothing else.
 */
import type { MeshPlan, StagePlan } from "../sdk/compile/plan.ts";
import type { PipelineGraph } from "../sdk/model/graph.ts";
import { TRACKER } from "./functions.ts";

/** Who has a right: a function by its stage, or `tracker`; or one of the others. */
export type Holder =
  | { readonly kind: "function"; readonly name: string }
  /** The account in whose name functions are called. */
  | { readonly kind: "caller" }
  | { readonly kind: "pubsubAgent" }
  | { readonly kind: "tasksAgent" };

/** What a right is on. */
export type RightOn =
  | { readonly kind: "topic"; readonly name: string }
  | { readonly kind: "subscription"; readonly name: string }
  | { readonly kind: "service"; readonly name: string }
  | { readonly kind: "secret"; readonly name: string }
  | { readonly kind: "queue" | "caller" | "database" };

/** One line of the table. */
export interface Right {
  readonly holder: Holder;
  readonly role: string;
  readonly on: RightOn;
}

/** What rights are computed of. */
export interface RightsInput {
  readonly plan: MeshPlan;
  readonly graph: PipelineGraph;
  /** Subscriptions of this stack, which move what can't be delivered. */
  readonly subscriptions: readonly string[];
  readonly undelivered: string;
  /** Ids of secrets that every function reads. */
  readonly secrets: readonly string[];
}

/** Returns the rights of a pipeline. */
export function rightsOf(input: RightsInput): Right[] {
  const { plan, graph } = input;
  const functions = [...plan.stages.map(({ id }) => id), TRACKER];
  const mailboxes = plan.stages.flatMap(({ mailbox }) => mailbox ?? []);
  return [
    ...plan.stages.flatMap((stage) => publishes(stage.id, topicsOf(plan, graph, stage))),
    ...publishes(TRACKER, mailboxes),
    ...functions.flatMap((name) => ofEach(name, input.secrets)),
    ...functions.map((name): Right => {
      return {
        holder: { kind: "caller" },
        role: "roles/run.invoker",
        on: { kind: "service", name },
      };
    }),
    ...ofAgents(input),
  ];
}

/** What the code of a stage publishes to, each once. */
function topicsOf(plan: MeshPlan, { nodes }: PipelineGraph, stage: StagePlan): string[] {
  const here = new Set(stage.nodes);
  const mailboxOf = new Map(plan.stages.map(({ id, mailbox }) => [id, mailbox]));
  const sinks = nodes.flatMap((node) =>
    node.kind === "sink" && here.has(node.id) && node.sink.type === "pubsub"
      ? [node.sink.topic]
      : [],
  );
  const next = plan.edges.flatMap(({ from, to }) =>
    from === stage.id ? (mailboxOf.get(to) ?? []) : [],
  );
  // A shard sends itself what one activation has left over.
  const own = stage.mailbox === undefined ? [] : [stage.mailbox];
  return [...new Set([...own, ...next, ...sinks, plan.deadLetterTopic])];
}

function publishes(name: string, topics: readonly string[]): Right[] {
  return topics.map((topic) => ({
    holder: { kind: "function", name },
    role: "roles/pubsub.publisher",
    on: { kind: "topic", name: topic },
  }));
}

/** Every function keeps state, and makes sure of a tick, which is asked for in the caller's name. */
function ofEach(name: string, secrets: readonly string[]): Right[] {
  const holder: Holder = { kind: "function", name };
  return [
    { holder, role: "roles/datastore.user", on: { kind: "database" } },
    { holder, role: "roles/cloudtasks.enqueuer", on: { kind: "queue" } },
    { holder, role: "roles/iam.serviceAccountUser", on: { kind: "caller" } },
    ...secrets.map((secret): Right => {
      return {
        holder,
        role: "roles/secretmanager.secretAccessor",
        on: { kind: "secret", name: secret },
      };
    }),
  ];
}

/** Agents sign in the caller's name, and Pub/Sub's own moves what can't be delivered. */
function ofAgents({ subscriptions, undelivered }: RightsInput): Right[] {
  const signs = "roles/iam.serviceAccountOpenIdTokenCreator";
  const pubsubAgent: Holder = { kind: "pubsubAgent" };
  return [
    { holder: pubsubAgent, role: signs, on: { kind: "caller" } },
    { holder: { kind: "tasksAgent" }, role: signs, on: { kind: "caller" } },
    {
      holder: pubsubAgent,
      role: "roles/pubsub.publisher",
      on: { kind: "topic", name: undelivered },
    },
    ...subscriptions.map((name): Right => {
      return {
        holder: pubsubAgent,
        role: "roles/pubsub.subscriber",
        on: { kind: "subscription", name },
      };
    }),
  ];
}
