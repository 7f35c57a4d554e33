/**
 * Invoker: who may call a function, as Cloud Run's own front asks before it starts anything.
 *
 * Owns: the check of a request's token and of its account's right. Does not own: what the function
 * checks itself (functions/gcp/push-auth.ts).
 *
 * @see https://docs.cloud.google.com/run/docs/authenticating/service-to-service
 */
import type { Admission, Refusal } from "../function-host/front.ts";
import type { ServiceHost } from "../function-host/service-hosts.ts";
import type { LocalIssuer } from "../local-issuer.ts";
import type { Access, Need } from "./access.ts";

/** What a check of callers works with. */
export interface InvokerWorld {
  readonly access: Access;
  readonly issuer: LocalIssuer;
  readonly project: string;
  /** The service that a function stands for, where it stands for one. */
  readonly serviceOf: (functionName: string) => ServiceHost | undefined;
}

/** The region of a function that stands for no service. */
const NO_REGION = "local";
const METHOD = "call the function";

/** Returns the check in front of all functions: 401 without a good token, 403 without the right. */
export function invokerAdmission(world: InvokerWorld): Admission {
  return (functionName, authorization) => {
    const service = world.serviceOf(functionName);
    const { access } = world;
    const need = needOf(world.project, functionName, service);
    const caller = callerOf(world.issuer, authorization, service?.origin);
    if (typeof caller !== "string") {
      // Who says no name may call what everybody may call.
      const isOpen = access.check("allUsers", need, METHOD).isAllowed;
      return isOpen ? undefined : caller;
    }
    const decision = access.check(caller, need, METHOD);
    return decision.isAllowed ? undefined : { statusCode: 403, reason: decision.reason };
  };
}

function needOf(project: string, functionName: string, service: ServiceHost | undefined): Need {
  const { region = NO_REGION, service: name = functionName } = service ?? {};
  const resource = `projects/${project}/locations/${region}/services/${name}`;
  return { permission: "run.routes.invoke", resource };
}

/** The member that a token is of; or why it is of none. */
function callerOf(
  issuer: LocalIssuer,
  authorization: string | undefined,
  origin: string | undefined,
): string | Refusal {
  const [, token] = /^Bearer (\S+)$/i.exec(authorization ?? "") ?? [];
  if (token === undefined) return unauthenticated("The request has no token.");
  const claims = issuer.verify(token);
  if (claims === undefined) {
    return unauthenticated("The request's token is not good, or has expired.");
  }
  // A token for one service is no good for another one.
  if (origin !== undefined && URL.parse(claims.audience)?.origin !== origin) {
    return unauthenticated(
      `The request's token is for the audience ${claims.audience}, and the service is ${origin}.`,
    );
  }
  return `serviceAccount:${claims.email}`;
}

function unauthenticated(reason: string): Refusal {
  return { statusCode: 401, reason };
}
