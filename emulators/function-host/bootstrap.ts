/**
 * The first script of a function's process: runs the functions framework as it is, on a port of the OS's choice.
 *
 * Owns: the port, and that the process ends with its host.
 * Does not own: loading the bundle, parsing bodies, errors (all the framework's own main does).
 *
 * B1. The framework's own `main` runs, unchanged; only the address of its first listen is another.
 * B2. When the host is gone, however it ended, this process ends too.
 */
import { createRequire, flushCompileCache } from "node:module";
import { type AddressInfo, Server } from "node:net";
import { dirname, join } from "node:path";

/** After the first requests, so that what they load is kept as well. */
const COMPILE_CACHE_FLUSH_MS = 1000;

const require = createRequire(import.meta.url);

/** Sends the framework's listen("8080") to a free port of the loopback, and tells the host which one. */
function redirectFirstListen(): void {
  const original = Server.prototype.listen as (...given: unknown[]) => Server;
  const replacement = function (this: Server, ...given: unknown[]): Server {
    // The framework passes PORT on as the string it is; anything else is the author's own server.
    if (given[0] !== process.env["PORT"]) return original.apply(this, given);
    Server.prototype.listen = original;
    // The host's connections are the only ones: it closes them, so that no request meets a closing socket.
    Object.assign(this, { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
    this.once("listening", () => {
      process.send?.({ port: (this.address() as AddressInfo).port });
      setTimeout(flushCompileCache, COMPILE_CACHE_FLUSH_MS).unref();
    });
    const listener = given.find((each) => typeof each === "function");
    return original.call(this, { host: "127.0.0.1", port: 0 }, listener);
  };
  Server.prototype.listen = replacement as typeof Server.prototype.listen;
}

process.on("disconnect", () => process.exit(0));
redirectFirstListen();
require(join(dirname(require.resolve("@google-cloud/functions-framework")), "main.js"));
