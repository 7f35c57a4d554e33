/**
 * Bindings: the table of rights → resources of IAM.
 *
 * Owns: which type of resource gives a right on what. Does not own: the table (rights.ts).
 */
import { ServiceIamMember } from "@pulumi/gcp/cloudrunv2/serviceIamMember.js";
import { QueueIamMember } from "@pulumi/gcp/cloudtasks/queueIamMember.js";
import { IAMMember as ProjectMember } from "@pulumi/gcp/projects/iammember.js";
import { SubscriptionIAMMember } from "@pulumi/gcp/pubsub/subscriptionIAMMember.js";
import { TopicIAMMember } from "@pulumi/gcp/pubsub/topicIAMMember.js";
import { SecretIamMember } from "@pulumi/gcp/secretmanager/secretIamMember.js";
import { IAMMember as AccountMember } from "@pulumi/gcp/serviceaccount/iammember.js";
import {
  type CustomResourceOptions,
  type Input,
  interpolate,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import type { MeshAccounts } from "./accounts.ts";
import type { MeshPlatform } from "./platform.ts";
import type { Holder, Right, RightOn } from "./rights.ts";

/** What bindings refer to. */
export interface BindingInput {
  readonly platform: MeshPlatform;
  readonly pipeline: string;
  readonly accounts: MeshAccounts;
  readonly queue: Input<string>;
  /** Names of functions at Google, by stage. */
  readonly functionName: (name: string) => Input<string>;
}

/** Declares rights; those that are the same for one account are declared once. */
export function declareBindings(
  rights: readonly Right[],
  input: BindingInput,
  optionsOf: (on: RightOn) => CustomResourceOptions,
): Resource[] {
  const seen = new Set<unknown>();
  return rights.flatMap((right) => {
    const { holder, role, on } = right;
    const label = holderLabel(holder, input);
    const name = [input.pipeline, label, role.replace(/^roles\//, ""), ...labelOf(on)].join("-");
    if (seen.has(name)) return [];
    seen.add(name);
    const member = memberOf(holder, input);
    return [declare(name.replaceAll("/", "-"), { role, member }, on, input, optionsOf(on))];
  });
}

type Grant = { readonly role: string; readonly member: Input<string> };

function declare(
  name: string,
  grant: Grant,
  on: RightOn,
  { platform, accounts, queue, functionName }: BindingInput,
  options: CustomResourceOptions,
): Resource {
  const { project, region, database } = platform;
  switch (on.kind) {
    case "topic":
      return new TopicIAMMember(name, { ...grant, ...topicPlace(on.name, project) }, options);
    case "subscription":
      return new SubscriptionIAMMember(name, { ...grant, project, subscription: on.name }, options);
    case "service": {
      const service = { project, location: region, name: functionName(on.name) };
      return new ServiceIamMember(name, { ...grant, ...service }, options);
    }
    case "secret":
      return new SecretIamMember(name, { ...grant, project, secretId: on.name }, options);
    case "queue":
      return new QueueIamMember(
        name,
        { ...grant, project, location: region, name: queue },
        options,
      );
    case "caller":
      return new AccountMember(name, { ...grant, serviceAccountId: accounts.caller.name }, options);
    case "database":
      return new ProjectMember(
        name,
        {
          ...grant,
          project,
          condition: {
            title: `database-${database.replace(/[()]/g, "")}`,
            expression: `resource.name == "projects/${project}/databases/${database}"`,
          },
        },
        options,
      );
  }
}

/** A topic may lie in another project: `projects/P/topics/T`. */
function topicPlace(name: string, project: string): { project: string; topic: string } {
  const [, other, topic] = /^projects\/([^/]+)\/topics\/([^/]+)$/.exec(name) ?? [];
  return other === undefined || topic === undefined
    ? { project, topic: name }
    : { project: other, topic };
}

function memberOf(holder: Holder, { accounts, platform }: BindingInput): Output<string> {
  switch (holder.kind) {
    case "function":
      return interpolate`serviceAccount:${accounts.functions.get(holder.name)?.email}`;
    case "caller":
      return interpolate`serviceAccount:${accounts.caller.email}`;
    case "pubsubAgent":
      return platform.pubsubAgent.member;
    case "tasksAgent":
      return platform.tasksAgent.member;
  }
}

/** Functions that share an account share their bindings too. */
function holderLabel(holder: Holder, { accounts }: BindingInput): string {
  if (holder.kind !== "function") return holder.kind;
  return new Set(accounts.functions.values()).size === 1 ? "functions" : holder.name;
}

function labelOf(on: RightOn): string[] {
  return "name" in on ? [on.name] : on.kind === "caller" ? ["caller-account"] : [on.kind];
}
