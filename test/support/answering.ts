/**
 * Ports that answer otherwise: what a test says in the place of one call.
 *
 * Owns: nothing but the exchange. Every other call goes to the port itself.
 */
import type { Subscriptions } from "../../functions/ports.ts";

/** Returns a port of which some calls are others. */
export function answering<T extends object>(port: T, others: Partial<T>): T {
  return new Proxy(port, {
    get(target, name) {
      const own: unknown = Reflect.get(others, name);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Returns subscriptions as they are when all of a plan was deployed. */
export function withAll(subscriptions: Subscriptions): Subscriptions {
  return answering(subscriptions, { missing: async () => [] });
}
