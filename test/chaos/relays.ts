/**
 * Relays: one severable proxy before each service that functions call.
 */
import type { ServiceName } from "../../emulators/local-addresses.ts";
import type { LocalMeshOptions } from "../../emulators/local-mesh.ts";
import { SeverableProxy } from "./severable-proxy.ts";

/** The proxies of a mesh. */
export class Relays {
  readonly #proxies = new Map<ServiceName, SeverableProxy>();

  /** For the mesh's option of the same name. */
  readonly relay: NonNullable<LocalMeshOptions["relay"]> = async (service, address) => {
    const proxy = await SeverableProxy.start(address);
    this.#proxies.set(service, proxy);
    return proxy.address;
  };

  /** `host:port` of each proxy. */
  get addresses(): readonly string[] {
    return [...this.#proxies.values()].map(({ address }) => address);
  }

  /** Services that functions are connected to now. */
  connected(): readonly ServiceName[] {
    return [...this.#proxies]
      .filter(([, { connections }]) => connections > 0)
      .map(([name]) => name);
  }

  /** Breaks every connection to a service; returns how many. */
  sever(service: ServiceName): number {
    return this.#proxies.get(service)?.sever() ?? 0;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.stop()));
  }
}
