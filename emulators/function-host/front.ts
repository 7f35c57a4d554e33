/**
 * The front: one port that routes `/<name>` to the functions.
 *
 * Owns: the server and the names. Does not own: what happens to a request (exchange.ts, pool.ts).
 */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { MeshError } from "../../sdk/model/errors.ts";
import { Exchange } from "./exchange.ts";
import type { FunctionPool } from "./pool.ts";

/** How long the front keeps an unused connection of a caller; callers reuse theirs within seconds. */
const KEEP_ALIVE_MS = 60_000;

/** Why a request does not reach a function. */
export interface Refusal {
  readonly statusCode: number;
  readonly reason: string;
}

/** Says why a request may not go to a function; undefined where it may. */
export type Admission = (
  functionName: string,
  authorization: string | undefined,
) => Refusal | undefined;

/** A front that listens. */
export interface Front {
  readonly origin: string;
  close(): Promise<void>;
}

/**
 * Starts the front on the loopback.
 *
 * @throws ERR_PORT_IN_USE
 */
export async function startFront(
  port: number,
  pools: ReadonlyMap<string, FunctionPool>,
  admission: Admission,
): Promise<Front> {
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    const route = routeOf(request.url ?? "/");
    const pool = pools.get(route.name);
    if (pool === undefined) {
      noSuchFunction(response, route.name);
      return;
    }
    const exchange = new Exchange(pool, route.path, { request, response });
    const refusal = admission(route.name, request.headers.authorization);
    if (refusal === undefined) exchange.begin();
    else exchange.refuse(refusal.statusCode, refusal.reason);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await listen(server, port);
  const { port: actualPort } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${actualPort}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Returns function and path of a URL's path: `/name/rest?query` is `/rest?query` of `name`. */
export function routeOf(url: string): { readonly name: string; readonly path: string } {
  const nameEnd = url.slice(1).search(/[/?]/);
  if (nameEnd === -1) return { name: url.slice(1), path: "/" };
  const rest = url.slice(nameEnd + 1);
  return { name: url.slice(1, nameEnd + 1), path: rest.startsWith("/") ? rest : `/${rest}` };
}

function noSuchFunction(response: ServerResponse, name: string): void {
  response.writeHead(404, { "content-type": "text/plain", connection: "close" });
  response.end(`There is no function "${name}" here.\n`);
}

async function listen(server: Server, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ host: "127.0.0.1", port }, resolve);
  try {
    await promise;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new MeshError(
      "ERR_PORT_IN_USE",
      `Port ${port} of 127.0.0.1 is taken: end the program that has it, or choose another port.`,
      { cause: error },
    );
  }
}
