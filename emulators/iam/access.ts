/**
 * Access: who calls an embedded service, and whether it may.
 *
 * Owns: which address is whose, and the check in front of every call. Does not own: the decision
 * (policy.ts), nor which permission a call needs (permissions.ts of each service).
 *
 * The cloud knows a caller by its token, and the clients send none to an emulator. So each principal
 * has an address of its own, and the service sees in `:authority` which one was called.
 *
 * AC1. A call is looked at before its server sees it, whatever the call is: a service can't forget it.
 * AC2. A call to an address of nobody is refused: nothing is the deployer's by accident.
 */
import {
  Metadata,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServerListener,
  type ServerOptions,
  status,
} from "@grpc/grpc-js";
import { StatusError } from "../faults.ts";
import type { Decision, IamPolicy } from "./policy.ts";

/** A permission that a call needs. */
export interface Need {
  readonly permission: string;
  /** Its full name. */
  readonly resource: string;
}

/** What each call of a service needs, by the name of the call. */
export type Needs = Readonly<Record<string, (request: never) => readonly Need[]>>;

/** The callers of a local world's services. */
export class Access {
  readonly #policy: IamPolicy;
  /** By port. The deployer has no name, and may do everything. */
  readonly #callers = new Map<string, string | undefined>();

  constructor(policy: IamPolicy) {
    this.#policy = policy;
  }

  /** Makes an address that of a member, or of the deployer. */
  own(address: string, member: string | undefined): void {
    this.#callers.set(portOf(address), member);
  }

  /** Asks the policy about a member; what is refused is remembered with the method. */
  check(member: string, { permission, resource }: Need, method: string): Decision {
    return this.#policy.check(member, permission, resource, method);
  }

  /**
   * Goes on if a member may.
   *
   * @throws StatusError PERMISSION_DENIED
   */
  require(member: string, need: Need, method: string): void {
    const decision = this.check(member, need, method);
    if (!decision.isAllowed) throw new StatusError(status.PERMISSION_DENIED, decision.reason);
  }

  /** What a gRPC server is made with, so that it asks before each call. */
  serverOptions(
    needs: Needs,
    requestOf: (message: never) => unknown = (message) => message,
  ): ServerOptions {
    return { interceptors: [this.#interceptor(needs, requestOf)] };
  }

  #interceptor(needs: Needs, requestOf: (message: never) => unknown): ServerInterceptor {
    return ({ path }, call) => {
      const method = path.slice(path.lastIndexOf("/") + 1);
      // What the server does not have needs nothing, and answers that it is not there.
      const needsOf = needs[method];
      let isRefused = false;
      const listener: ServerListener = {
        onReceiveMetadata: (metadata, next) => next(metadata),
        onReceiveMessage: (message, next) => {
          try {
            this.#admit(
              call.getHost(),
              method,
              () => needsOf?.(requestOf(message as never) as never) ?? [],
            );
          } catch (error) {
            isRefused = true;
            call.sendStatus(statusOf(error));
            return;
          }
          next(message);
        },
        // The handler never saw the request, and must not take its end for one.
        onReceiveHalfClose: (next) => {
          if (!isRefused) next();
        },
        onCancel: () => {},
      };
      return new ServerInterceptingCall(call, { start: (next) => next(listener) });
    };
  }

  /** @throws StatusError UNAUTHENTICATED, PERMISSION_DENIED */
  #admit(authority: string, method: string, needsOf: () => readonly Need[]): void {
    const port = portOf(authority);
    if (!this.#callers.has(port)) {
      throw new StatusError(
        status.UNAUTHENTICATED,
        `${method} came to ${authority}, which is the address of no principal of this world.`,
      );
    }
    const member = this.#callers.get(port);
    if (member === undefined) return;
    for (const need of needsOf()) this.require(member, need, method);
  }
}

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(":") + 1);
}

function statusOf(error: unknown): { code: status; details: string; metadata: Metadata } {
  const metadata = new Metadata();
  if (error instanceof StatusError) return { code: error.code, details: error.details, metadata };
  return { code: status.INTERNAL, details: String(error), metadata };
}
