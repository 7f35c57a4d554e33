/**
 * Addresses: where the functions of a pipeline are and who calls them, known before any of it stands.
 *
 * Owns: what functions are told by their variables, and what is stored beside the job. Does not own:
 * names (names.ts), the variables' form (functions/gcp/environment.ts).
 */
import { all, type Output } from "@pulumi/pulumi";
import { type Deployment, placesOf } from "../functions/deployment.ts";
import { environmentVariables } from "../functions/gcp/environment.ts";
import { DEFAULT_OPTIONS, type EngineOptions } from "../functions/options.ts";
import type { CompileOptions, MeshPlan } from "../sdk/compile/plan.ts";
import type { PipelineGraph } from "../sdk/model/graph.ts";
import { CALLER } from "./accounts.ts";
import { TRACKER } from "./functions.ts";
import { accountEmail, accountId, functionName, functionUrl, queueName } from "./names.ts";
import type { MeshPlatform } from "./platform.ts";

/** What addresses are computed of. */
export interface AddressInput {
  readonly platform: MeshPlatform;
  readonly plan: MeshPlan;
  readonly graph: PipelineGraph;
  readonly compile: CompileOptions;
  readonly engine?: Partial<EngineOptions>;
}

/** The addresses of one pipeline. */
export class MeshAddresses {
  readonly #input: AddressInput;
  /** URLs of functions: by the id of a stage, and `tracker`. */
  readonly urls: Readonly<Record<string, Output<string>>>;

  constructor(input: AddressInput) {
    this.#input = input;
    const names = [...input.plan.stages.map(({ id }) => id), TRACKER];
    this.urls = Object.fromEntries(names.map((name) => [name, this.#url(name)]));
  }

  /** Returns what a function is told. */
  variables(name: string): Output<Record<string, string>> {
    const { platform, plan, compile, engine = {} } = this.#input;
    return all([this.#url(name), this.#url(TRACKER)]).apply(([audience, trackerUrl]) =>
      environmentVariables({
        project: platform.project,
        database: platform.database,
        planHash: plan.hash,
        compile,
        options: engine,
        queue: this.#queue,
        trackerUrl,
        tasksEmulatorHost: undefined,
        auth: { kind: "oidc", audience, trackerAudience: trackerUrl, accounts: [this.#caller] },
      }),
    );
  }

  /** What is stored beside the job. */
  get deployment(): Output<Deployment> {
    const { plan, graph, compile, engine } = this.#input;
    return all(this.urls).apply((urls) => {
      const trackerUrl = urls[TRACKER] ?? "";
      return {
        plan,
        compile,
        options: { ...DEFAULT_OPTIONS, ...engine },
        queue: this.#queue,
        trackerUrl,
        endpoints: Object.fromEntries(plan.stages.map(({ id }) => [id, urls[id] ?? ""])),
        places: placesOf(graph),
        caller: { account: this.#caller, audience: trackerUrl },
      };
    });
  }

  get #queue(): string {
    const { platform, plan } = this.#input;
    const { project, region } = platform;
    return `projects/${project}/locations/${region}/queues/${queueName(plan.pipeline)}`;
  }

  get #caller(): string {
    const { platform, plan } = this.#input;
    return accountEmail(accountId(plan.pipeline, CALLER), platform.project);
  }

  #url(name: string): Output<string> {
    const { platform, plan } = this.#input;
    return platform.projectNumber.apply((number) =>
      functionUrl(functionName(plan.pipeline, name), number, platform.region),
    );
  }
}
