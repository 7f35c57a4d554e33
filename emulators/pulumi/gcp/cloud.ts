/**
 * Local cloud: a project of Google Cloud on this machine, to which a Pulumi program is applied.
 *
 * Owns: what no emulated service keeps (APIs, accounts, buckets, dashboards, …), by its full name as
 * in Google's APIs. Does not own: the services themselves (local-world.ts), who may do what (iam/).
 */
import { status } from "@grpc/grpc-js";
import { StatusError } from "../../faults.ts";
import type { FunctionHost } from "../../function-host.ts";
import { PROJECT_NUMBER } from "../../iam/agents.ts";
import type { IamPolicy } from "../../iam/policy.ts";
import type { LocalWorld } from "../../local-world.ts";
import type { Properties } from "../values.ts";

/** What a local cloud is made of. */
export interface LocalCloudParts {
  readonly project: string;
  readonly world: LocalWorld;
  readonly functions: FunctionHost;
  readonly policy: IamPolicy;
  /** Where uploaded objects and the code of functions are kept. */
  readonly folder: string;
}

/** APIs without which nothing can be enabled or bound: a project that is used has them. */
const ALWAYS_ENABLED: ReadonlySet<string> = new Set([
  "cloudresourcemanager.googleapis.com",
  "serviceusage.googleapis.com",
]);

/** A project on this machine. */
export class LocalCloud {
  readonly project: string;
  readonly world: LocalWorld;
  readonly functions: FunctionHost;
  readonly policy: IamPolicy;
  readonly folder: string;
  readonly #things = new Map<string, Properties>();

  constructor({ project, world, functions, policy, folder }: LocalCloudParts) {
    this.project = project;
    this.world = world;
    this.functions = functions;
    this.policy = policy;
    this.folder = folder;
  }

  /** Full names of all that is there and begins so. */
  names(prefix = ""): readonly string[] {
    return [...this.#things.keys()].filter((name) => name.startsWith(prefix));
  }

  has(name: string): boolean {
    return this.#things.has(name);
  }

  /** What a thing was made from. @throws StatusError NOT_FOUND */
  get(name: string): Properties {
    const thing = this.#things.get(name);
    if (thing !== undefined) return thing;
    throw new StatusError(status.NOT_FOUND, `${name} was not found.`);
  }

  /** Adds a thing. @throws StatusError ALREADY_EXISTS */
  add(name: string, properties: Properties): void {
    if (this.#things.has(name)) {
      throw new StatusError(status.ALREADY_EXISTS, `${name} exists already.`);
    }
    this.#things.set(name, properties);
  }

  /** Changes a thing. @throws StatusError NOT_FOUND */
  put(name: string, properties: Properties): void {
    this.get(name);
    this.#things.set(name, properties);
  }

  /** Takes a thing away. @throws StatusError NOT_FOUND */
  remove(name: string): void {
    this.get(name);
    this.#things.delete(name);
  }

  /** The full name of an API. */
  apiName(api: string): string {
    return `projects/${this.project}/services/${api}`;
  }

  /** @throws StatusError PERMISSION_DENIED if the API is not enabled */
  requireApi(api: string): void {
    if (ALWAYS_ENABLED.has(api) || this.has(this.apiName(api))) return;
    throw new StatusError(
      status.PERMISSION_DENIED,
      `${api} has not been used in project ${this.project} before or it is disabled ` +
        "(SERVICE_DISABLED). Enable it with a projects.Service, and let this resource depend on it.",
    );
  }

  /** The full name of a service account of this project. */
  accountName(email: string): string {
    return `projects/${this.project}/serviceAccounts/${email}`;
  }

  /** @throws StatusError NOT_FOUND if there is no such service account */
  requireAccount(email: string): void {
    if (this.has(this.accountName(email))) return;
    throw new StatusError(status.NOT_FOUND, `Service account ${email} does not exist.`);
  }
}

/** The address at which Cloud Run serves a function: known before it is there. */
export function functionUrl(name: string, location: string): string {
  return `https://${name}-${PROJECT_NUMBER}.${location}.run.app`;
}
