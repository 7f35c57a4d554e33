/**
 * Subscription names: which subscriptions feed a plan's mesh.
 *
 * Owns: nothing but the rule. A stage has one subscription, its mailbox's or its source's; beside a
 * source's stands the one that brings dead letters back.
 */
import type { MeshPlan, StagePlan } from "../../sdk/compile/plan.ts";

/** A plan's subscriptions, by what they bring. */
export interface SubscriptionNames {
  /** What comes from outside, dead letters that come back included. */
  readonly sources: readonly string[];
  /** What stages send each other. */
  readonly mailboxes: readonly string[];
  readonly all: readonly string[];
}

/** Returns the name of the subscription that feeds a stage. */
export function subscriptionOf({ mailbox, ingest }: StagePlan): string {
  return mailbox ?? ingest?.subscription ?? "";
}

/** Returns the names of a plan's subscriptions. */
export function subscriptionsOf({ stages }: MeshPlan): SubscriptionNames {
  const sources = stages
    .filter(({ mailbox }) => mailbox === undefined)
    .flatMap((stage) => [subscriptionOf(stage), ...(stage.ingest ? [stage.ingest.replay] : [])]);
  const mailboxes = stages.flatMap(({ mailbox }) => mailbox ?? []);
  return { sources, mailboxes, all: [...sources, ...mailboxes] };
}
