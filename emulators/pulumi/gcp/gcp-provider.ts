/**
 * The `gcp` provider for a local cloud: what Pulumi's own does with Google's APIs.
 *
 * Owns: what all resource types have in common. Does not own: each type (kinds.ts lists them).
 *
 * GP1. An input that Google would refuse is refused before anything is made.
 * GP2. A resource whose API is not enabled can't be made, changed or deleted.
 */
import { status } from "@grpc/grpc-js";
import { StatusError } from "../../faults.ts";
import { PROJECT_NUMBER } from "../../iam/agents.ts";
import type { CheckFailure, Difference, Existing, Made, Provider } from "../provider.ts";
import { isEqual, type Properties } from "../values.ts";
import type { LocalCloud } from "./cloud.ts";
import { InputCheck } from "./input-check.ts";
import { kinds } from "./kinds.ts";
import type { ResourceKind } from "./resource-kind.ts";
import { schemaOf } from "./schema.ts";

/** Applies resources to a local cloud. */
export class GcpProvider implements Provider {
  readonly name = "gcp";
  readonly #cloud: LocalCloud;

  constructor(cloud: LocalCloud) {
    this.#cloud = cloud;
  }

  async check(type: string, inputs: Properties): Promise<readonly CheckFailure[]> {
    const kind = kinds.get(type);
    const schema = schemaOf(type);
    if (schema === undefined) return [{ property: "", reason: `There is no type ${type}.` }];
    if (kind === undefined) {
      return [{ property: "", reason: `The local provider can't make a ${type} yet.` }];
    }
    const failures = schema.check(inputs);
    const check = new InputCheck(inputs);
    const project = check.at("project");
    if (project !== undefined && project !== this.#cloud.project) {
      check.fail("project", `"${String(project)}" is not this world's, ${this.#cloud.project}`);
    }
    if (failures.length === 0) kind.check?.(check);
    return [...failures, ...check.failures];
  }

  diff(type: string, { inputs: old }: Existing, inputs: Properties): Difference {
    const kind = this.#kind(type);
    const names = [...new Set([...Object.keys(old), ...Object.keys(inputs)])];
    const changes = names.filter((name) => !isEqual(old[name], inputs[name]));
    const replaces = changes.filter(
      (name) => kind.update === undefined || kind.fixed.includes(name),
    );
    const isDeletedFirst = kind.id(this.#full(old)) === kind.id(this.#full(inputs));
    return { changes, replaces, isDeletedFirst };
  }

  async create(type: string, inputs: Properties): Promise<Made> {
    const kind = this.#enabled(type);
    const full = this.#full(inputs);
    const id = kind.id(full);
    return { id, outputs: { ...full, ...(await kind.create(full, this.#cloud)) } };
  }

  async update(type: string, before: Existing, inputs: Properties): Promise<Properties> {
    const kind = this.#enabled(type);
    const full = this.#full(inputs);
    const changed = await kind.update?.(full, this.#cloud, this.#full(before.inputs));
    return { ...before.outputs, ...full, ...changed };
  }

  async delete(type: string, { inputs }: Existing): Promise<void> {
    try {
      await this.#enabled(type).delete(this.#full(inputs), this.#cloud);
    } catch (error) {
      // Somebody else took it away: that is what was wanted.
      if ((error as Partial<StatusError>).code !== status.NOT_FOUND) throw error;
    }
  }

  async read(type: string, id: string): Promise<Made> {
    const kind = this.#enabled(type);
    if (kind.read === undefined) {
      throw new StatusError(status.UNIMPLEMENTED, `The local provider can't look up a ${type}.`);
    }
    return { id, outputs: await kind.read(id, this.#cloud) };
  }

  async invoke(token: string, args: Properties): Promise<Properties> {
    const { project } = this.#cloud;
    switch (token) {
      case "gcp:organizations/getProject:getProject": {
        const asked = args["projectId"] ?? project;
        if (asked !== project) {
          throw new StatusError(status.NOT_FOUND, `There is no project ${String(asked)} here.`);
        }
        return {
          id: `projects/${project}`,
          projectId: project,
          name: project,
          number: PROJECT_NUMBER,
        };
      }
      default:
        throw new StatusError(status.UNIMPLEMENTED, `The local provider has no function ${token}.`);
    }
  }

  #kind(type: string): ResourceKind {
    const kind = kinds.get(type);
    if (kind !== undefined) return kind;
    throw new StatusError(status.UNIMPLEMENTED, `The local provider can't make a ${type} yet.`);
  }

  #enabled(type: string): ResourceKind {
    const kind = this.#kind(type);
    for (const api of kind.apis) this.#cloud.requireApi(api);
    return kind;
  }

  #full(inputs: Properties): Properties {
    return { project: this.#cloud.project, ...inputs };
  }
}
