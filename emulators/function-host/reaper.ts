/**
 * Ends children whose parent is gone, also where the parent was killed and the child doesn't listen.
 *
 * Owns: one small shell that waits for the end of its input. Does not own: the orderly end of a child.
 *
 * R1. Only process groups that were handed to `watch` are ended, and only those not yet forgotten.
 */
import { type ChildProcess, spawn } from "node:child_process";

// Reads "+ pid" and "- pid". The end of the input means that the parent ended: kill what is left.
// Ctrl-C reaches the whole terminal, and this must outlive the parent.
const script = `
trap '' INT TERM HUP
pids=" "
while read -r op pid; do
  case "$op" in
    +) pids="$pids$pid " ;;
    -) kept=" "; for each in $pids; do [ "$each" = "$pid" ] || kept="$kept$each "; done; pids="$kept" ;;
  esac
done
for pid in $pids; do kill -s KILL -- "-$pid" 2>/dev/null; done
`;

/** Watches process groups on behalf of this process. */
export class Reaper {
  readonly #shell: ChildProcess;

  constructor() {
    this.#shell = spawn("/bin/sh", ["-c", script], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    this.#shell.unref();
    const input = this.#shell.stdin;
    if (input !== null && "unref" in input && typeof input.unref === "function") input.unref();
    // Without a shell, the children still end by themselves when their IPC channel closes.
    this.#shell.on("error", () => {});
    input?.on("error", () => {});
  }

  /** Watches the group that `pid` leads. */
  watch(pid: number): void {
    this.#shell.stdin?.write(`+ ${pid}\n`);
  }

  /** Forgets a group whose leader ended. */
  forget(pid: number): void {
    this.#shell.stdin?.write(`- ${pid}\n`);
  }

  /** Ends the shell itself; what is still watched is killed. */
  close(): void {
    this.#shell.stdin?.end();
  }
}

/** Ends every process of the group that `pid` leads; silent where none is left. */
export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: it already ended, which is what was wanted.
  }
}
