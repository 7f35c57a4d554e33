/**
 * Nothing left: what a stopped mesh must not leave behind.
 */
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { LocalMesh } from "../../emulators/local-mesh.ts";

/** A killed process is gone when its parent has noticed. */
const GONE_MS_MAX = 5_000;
const POLL_MS = 50;

/** Returns the processes of a mesh's functions. */
export function pidsOf(mesh: LocalMesh): number[] {
  return mesh.functions
    .status()
    .flatMap(({ instances, lastExit }) => [...instances.map(({ pid }) => pid), lastExit?.pid ?? 0])
    .filter((pid) => pid !== 0);
}

/**
 * Checks that no process lives and no port takes a connection.
 *
 * @param texts - those that look like `host:port` are tried
 * @throws Error that names what is left
 */
export async function assertGone(pids: Iterable<number>, texts: readonly string[]): Promise<void> {
  const addresses = texts.filter((text) => /^[\w.]+:\d+$/.test(text));
  const endMs = Date.now() + GONE_MS_MAX;
  for (;;) {
    const left: string[] = [...pids].filter(isAlive).map((pid) => `process ${pid}`);
    for (const address of addresses) if (await isOpen(address)) left.push(`port ${address}`);
    if (left.length === 0) return;
    if (Date.now() > endMs) throw new Error(`Left behind: ${left.join(", ")}.`);
    await sleep(POLL_MS);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // ESRCH: there is none.
  }
}

function isOpen(address: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const [host = "", port = ""] = address.split(":");
  const socket = connect({ host, port: Number(port) });
  socket.once("connect", () => resolve(true));
  socket.once("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}
