/**
 * Local rights: who signs and who is asked for rights, in one local world.
 *
 * Owns: the issuer and the callers of a world, and what each server is told of them. Does not own:
 * the decisions (iam/policy.ts), the servers (local-world.ts).
 */
import { MeshError } from "../sdk/model/errors.ts";
import type { FunctionHost } from "./function-host.ts";
import { Access } from "./iam/access.ts";
import { pubsubAgent, tasksAgent } from "./iam/agents.ts";
import { invokerAdmission } from "./iam/invoker.ts";
import { signAs } from "./iam/needs.ts";
import type { IamPolicy } from "./iam/policy.ts";
import { type LocalIssuer, startLocalIssuer } from "./local-issuer.ts";
import type { PubsubServerOptions } from "./pubsub/index.ts";
import type { TasksServerOptions } from "./tasks/index.ts";

/** What decides on the rights of a world. */
export interface RightsOptions {
  readonly world: "embedded" | "google";
  readonly project: string;
  readonly functions?: FunctionHost;
  readonly isAuthenticated?: boolean;
  readonly policy?: IamPolicy;
}

/** The rights of a world; both undefined where everybody may do everything. */
export interface LocalRights {
  readonly project: string;
  readonly issuer: LocalIssuer | undefined;
  readonly access: Access | undefined;
}

/**
 * Starts the issuer, where one is needed, and lets functions ask for rights.
 *
 * @throws ERR_OPTION in Google's world, whose emulators know no callers
 */
export async function startLocalRights(options: RightsOptions): Promise<LocalRights> {
  const { world, project, functions, policy, isAuthenticated = policy !== undefined } = options;
  if (!isAuthenticated && policy === undefined) {
    return { project, issuer: undefined, access: undefined };
  }
  if (world !== "embedded") {
    throw new MeshError(
      "ERR_OPTION",
      "Google's emulators sign nothing and know no rights. Use the embedded world.",
    );
  }
  const issuer = await startLocalIssuer();
  if (policy === undefined) return { project, issuer, access: undefined };
  const access = new Access(policy);
  if (functions !== undefined) {
    const serviceOf = functions.serviceOf;
    functions.admitBy(invokerAdmission({ access, issuer, project, serviceOf }));
  }
  return { project, issuer, access };
}

/** What Pub/Sub is told. */
export function pubsubRights(
  rights: LocalRights,
): Pick<PubsubServerOptions, "access"> & Required<Pick<PubsubServerOptions, "push">> {
  const { access } = rights;
  return {
    push: signing(rights, pubsubAgent, "sign a push"),
    ...(access !== undefined && { access: { callers: access, agent: pubsubAgent } }),
  };
}

/** What Cloud Tasks is told. */
export function tasksRights(
  rights: LocalRights,
): Pick<TasksServerOptions, "access" | "identityToken"> {
  const { access } = rights;
  return {
    ...signing(rights, tasksAgent, "sign a task"),
    ...(access !== undefined && { access }),
  };
}

/** The service signs as an account that it may sign as: without the right nothing is sent. */
function signing(
  { issuer, access, project }: LocalRights,
  agent: string,
  method: string,
): { identityToken?: (audience: string, email: string) => string } {
  if (issuer === undefined) return {};
  return {
    identityToken: (audience, email) => {
      access?.require(agent, signAs(email, `projects/${project}`), method);
      return issuer.token(audience, email);
    },
  };
}
