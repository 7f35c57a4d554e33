/**
 * Bind: lets an embedded gRPC server listen on its port.
 *
 * Owns: what is said when that fails. Does not own: the servers (a folder each).
 */
import { createServer } from "node:net";
import { type Server, ServerCredentials } from "@grpc/grpc-js";
import { MeshError } from "../sdk/model/errors.ts";

/** Who wants to listen where. */
export interface BindOptions {
  /** The service's name, for the error. */
  readonly service: string;
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
}

/**
 * Lets the server listen, and returns its address, `host:port`.
 *
 * @throws ERR_PORT_IN_USE when the port is taken; ERR_EMULATOR when it can't listen otherwise
 */
export async function bind(server: Server, options: BindOptions): Promise<string> {
  const { host, port } = options;
  try {
    // Asked before gRPC is, which would write to the terminal that it found no port.
    if (port !== 0) await checkFree(host, port);
    return `${host}:${await listen(server, `${host}:${port}`)}`;
  } catch (error) {
    throw bindError(options, error);
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

function bindError({ service, host, port }: BindOptions, cause: unknown): MeshError {
  const failed = `The embedded ${service} can't listen on ${host}:${port}`;
  if (!String(cause).includes("EADDRINUSE")) {
    return new MeshError("ERR_EMULATOR", `${failed}: ${String(cause)}`, { cause });
  }
  return new MeshError(
    "ERR_PORT_IN_USE",
    `${failed}: the port is taken. Stop what listens there, or ask for another port (0 for any ` +
      "free one).",
    { cause },
  );
}
