/**
 * Binding the server to its port.
 *
 * Owns: what is said when that fails. Does not own: the server (index.ts).
 */
import { createServer } from "node:net";
import { type Server, ServerCredentials } from "@grpc/grpc-js";
import { MeshError } from "../../sdk/model/errors.ts";

/**
 * Lets the server listen, and returns its address, `host:port`.
 *
 * @param port - 0 for any free one
 * @throws ERR_PORT_IN_USE when the port is taken; ERR_EMULATOR when it can't listen otherwise
 */
export async function bind(server: Server, host: string, port: number): Promise<string> {
  const wanted = `${host}:${port}`;
  try {
    // Asked before gRPC is, which would write to the terminal that it found no port.
    if (port !== 0) await checkFree(host, port);
    return `${host}:${await listen(server, wanted)}`;
  } catch (error) {
    throw bindError(wanted, error);
  }
}

function checkFree(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve()));
  });
}

function listen(server: Server, wanted: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(wanted, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

function bindError(wanted: string, cause: unknown): MeshError {
  if (String(cause).includes("EADDRINUSE")) {
    const message = `The embedded Firestore can't listen on ${wanted}: the port is taken. Stop what listens there, or ask for another port (0 for any free one).`;
    return new MeshError("ERR_PORT_IN_USE", message, { cause });
  }
  const message = `The embedded Firestore can't listen on ${wanted}: ${String(cause)}`;
  return new MeshError("ERR_EMULATOR", message, { cause });
}
