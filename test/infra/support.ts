/**
 * What tests of the Pulumi program share: an engine that records what is registered.
 */
import { runtime } from "@pulumi/pulumi";
import earthquakes from "../../examples/earthquakes.ts";
import flights from "../../examples/flights.ts";
import { MeshPipeline, type MeshPipelineArgs } from "../../infra/pipeline.ts";
import { MeshPlatform, type MeshPlatformArgs } from "../../infra/platform.ts";
import { compile } from "../../sdk/compile/compile.ts";
import type { CompileOptions, MeshPlan } from "../../sdk/compile/plan.ts";
import type { Pipeline } from "../../sdk/pipeline.ts";

export { earthquakes, flights };

/** A registered resource. */
export interface Declared {
  readonly type: string;
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: inputs are of every form, and tests say which.
  readonly inputs: any;
}

export const PROJECT = "demo-project";
export const NUMBER = "1000000000001";

/** Records what `program` declares; in a preview, outputs of new resources are unknown. */
export async function declared(
  program: () => unknown,
  options: { isPreview?: boolean } = {},
): Promise<readonly Declared[]> {
  const made: Declared[] = [];
  const isPreview = options.isPreview === true;
  await runtime.setMocks(
    {
      newResource({ type, name, inputs }) {
        made.push({ type, name, inputs });
        const state = isPreview ? inputs : { ...inputs, ...computed(type, inputs) };
        return { id: isPreview ? undefined : idOf(type, name, inputs), state };
      },
      call: ({ token }) => (token.endsWith(":getProject") ? { number: NUMBER } : {}),
    },
    "tidemark",
    "test",
    isPreview,
  );
  await program();
  await runtime.disconnect();
  // Pulumi registers what is ready first: in the order of their names they are always the same.
  const key = ({ type, name }: Declared): string => `${type} ${name}`;
  return made.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

// biome-ignore lint/suspicious/noExplicitAny: as above.
function computed(type: string, inputs: any): object {
  if (type === "gcp:serviceaccount/account:Account") {
    const email = `${inputs.accountId}@${inputs.project}.iam.gserviceaccount.com`;
    return { email, name: `projects/${inputs.project}/serviceAccounts/${email}` };
  }
  if (type === "gcp:projects/serviceIdentity:ServiceIdentity") {
    const [api] = inputs.service.split(".");
    return { member: `serviceAccount:service-${NUMBER}@gcp-sa-${api}.iam.gserviceaccount.com` };
  }
  if (type === "gcp:monitoring/notificationChannel:NotificationChannel") {
    return {
      name: `projects/${inputs.project}/notificationChannels/${inputs.labels.email_address}`,
    };
  }
  if (type === "gcp:secretmanager/secretVersion:SecretVersion") return { version: "7" };
  return {};
}

// biome-ignore lint/suspicious/noExplicitAny: as above.
function idOf(type: string, name: string, inputs: any): string {
  if (type === "gcp:pubsub/topic:Topic") return `projects/${inputs.project}/topics/${inputs.name}`;
  return `${name}-id`;
}

/** What `MeshPipeline` takes, with bundles that nobody made. */
export function argsOf(
  pipeline: Pipeline,
  options: CompileOptions = {},
): Omit<MeshPipelineArgs, "platform"> & { readonly plan: MeshPlan } {
  const plan = compile(pipeline, options);
  const names = [...plan.stages.map(({ id }) => id), "tracker"];
  const bundles = names.map((name) => ({ name, folder: ".", bytes: 1, hash: `hash-of-${name}` }));
  return { plan, graph: pipeline.graph, compile: options, bundles };
}

/** Declares a platform and one pipeline on it. */
export function declarePipeline(
  pipeline: Pipeline,
  args: Partial<MeshPipelineArgs> = {},
  platform: Partial<MeshPlatformArgs> = {},
): MeshPipeline {
  const own = argsOf(pipeline, args.compile);
  return new MeshPipeline(own.plan.pipeline, {
    platform: new MeshPlatform("tidemark", {
      project: PROJECT,
      region: "europe-west1",
      ...platform,
    }),
    ...own,
    ...args,
  });
}

/** Returns those of a type: `pubsub/topic:Topic`. */
export function ofType(all: readonly Declared[], type: string): readonly Declared[] {
  return all.filter((each) => each.type === `gcp:${type}`);
}

/** Returns the only one of a type and name. */
export function only(all: readonly Declared[], type: string, name: string): Declared {
  const found = ofType(all, type).filter((each) => each.name === name);
  if (found.length !== 1 || found[0] === undefined) {
    const names = ofType(all, type).map((each) => each.name);
    throw new Error(`${found.length} ${type} of name ${name}; there are: ${names.join(", ")}`);
  }
  return found[0];
}

/** A stack's configuration, with `tidemark:` before each key. */
export function configOf(keys: Readonly<Record<string, unknown>> = {}): Record<string, string> {
  const own = Object.entries({ pipelines: ["examples/flights.ts"], ...keys }).map(
    ([key, value]) =>
      [`tidemark:${key}`, typeof value === "string" ? value : JSON.stringify(value)] as const,
  );
  return { "gcp:project": PROJECT, ...Object.fromEntries(own) };
}
