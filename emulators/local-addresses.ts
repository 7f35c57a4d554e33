/**
 * Local addresses: how functions reach the services of a local world, and who may call functions.
 *
 * Owns: the way around a relay that a test puts between. Does not own: the services (local-world.ts).
 */
import type { PushAuth } from "../functions/gcp/push-auth.ts";
import type { LocalWorld } from "./local-world.ts";

/** A service that functions call. */
export type ServiceName = "pubsub" | "firestore" | "tasks";

/** `host:port` of each service, as functions reach it. */
export type Addresses = Readonly<Record<ServiceName, string>>;

/** Gives another address for a service. */
export type Relay = (service: ServiceName, address: string) => Promise<string>;

/** Returns whom functions expect to be called by. */
export function authOf({ issuer }: LocalWorld, project: string): PushAuth {
  if (issuer === undefined) return { kind: "emulated" };
  const accounts = [`tidemark-push@${project}.iam.gserviceaccount.com`];
  return { kind: "oidc", audience: "tidemark-local", accounts, keysUrl: issuer.keysUrl };
}

/** Returns the addresses of services, each by way of what stands between. */
export async function addressesOf(
  { pubsubAddress, firestoreAddress, tasks }: LocalWorld,
  relay: Relay = (_service, address) => Promise.resolve(address),
): Promise<Addresses> {
  return {
    pubsub: await relay("pubsub", pubsubAddress),
    firestore: await relay("firestore", firestoreAddress),
    tasks: await relay("tasks", tasks.address),
  };
}
