/**
 * Severable proxy: a TCP port in front of another, whose connections can be cut.
 *
 * Owns: the sockets of both sides. Does not own: when they are cut (troubles.ts).
 *
 * SP1. A cut breaks both sides at once, with whatever was on its way: nobody learns what arrived.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A proxy that listens on a free port of the loopback. */
export class SeverableProxy {
  readonly address: string;
  readonly #server: Server;
  readonly #pairs: Set<readonly [Socket, Socket]>;

  private constructor(server: Server, pairs: Set<readonly [Socket, Socket]>) {
    const { port } = server.address() as AddressInfo;
    this.address = `127.0.0.1:${port}`;
    this.#server = server;
    this.#pairs = pairs;
  }

  /** Starts a proxy. @param target - `host:port` */
  static async start(target: string): Promise<SeverableProxy> {
    const [host = "", port = ""] = target.split(":");
    const pairs = new Set<readonly [Socket, Socket]>();
    const server = createServer((near) => {
      const far = connect({ host, port: Number(port), noDelay: true });
      near.setNoDelay(true);
      const pair = [near, far] as const;
      pairs.add(pair);
      const end = (): void => {
        near.destroy();
        far.destroy();
        pairs.delete(pair);
      };
      // Whoever breaks off, breaks off the other: as on a network, there is no more to it.
      for (const socket of pair) socket.on("error", end).on("close", end);
      near.pipe(far);
      far.pipe(near);
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: 0 }, resolve);
    await promise;
    return new SeverableProxy(server, pairs);
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Breaks every open connection; returns how many (SP1). */
  sever(): number {
    const open = [...this.#pairs];
    for (const [near, far] of open) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
    return open.length;
  }

  /** Breaks every connection and stops listening. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.sever();
    await closed;
  }
}
