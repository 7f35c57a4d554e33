/**
 * Starts Google's own emulators, for the conformance of ours and for `--emulators=google`.
 *
 * Owns: their processes. Does not own: where they are (find.ts), what they can do (Google does).
 *
 * G1. Java is started directly and ended by its own process id: gcloud's wrapper would leave it behind.
 * G2. It doesn't outlive this process, also where this one is killed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { MeshError } from "../../sdk/model/errors.ts";
import { eachLine } from "../function-host/lines.ts";
import { killGroup, Reaper } from "../function-host/reaper.ts";
import { type GoogleSearch, searchGoogleEmulators } from "./find.ts";

/** How long an emulator may take until its port answers. Measured: 1 to 4 s; the rest is for load. */
const START_MS_MAX = 60_000;
/** Between two looks at the port. */
const POLL_MS = 25;
/** From SIGTERM to SIGKILL. They keep nothing, so there is nothing to wait for. */
const TERMINATE_MS_MAX = 3000;
/** Starts on a free port that another program took meanwhile. */
const FREE_PORT_ATTEMPTS = 3;
/** Lines of output that a failed start shows. */
const OUTPUT_LINES_KEPT = 20;

/** Half the start-up time and a bounded heap; without -Xmx it takes a quarter of the machine. */
const javaFlags = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m", "-Duser.language=en"];

/** How an emulator is started. */
export interface GoogleEmulatorOptions {
  /** A free one when left out. */
  readonly port?: number;
}

/** An emulator of Google's that answers. */
export interface GoogleEmulator {
  /** For PUBSUB_EMULATOR_HOST or FIRESTORE_EMULATOR_HOST. */
  readonly address: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/**
 * Starts Google's Pub/Sub emulator. It keeps nothing: message ids start again at 1.
 *
 * @throws ERR_EMULATOR with what to do, where it or Java is missing or doesn't start
 * @throws ERR_PORT_IN_USE
 */
export function startGooglePubsub(options: GoogleEmulatorOptions = {}): Promise<GoogleEmulator> {
  return start({ title: "Pub/Sub", jarKey: "pubsubJar", run: (jar) => ["-jar", jar] }, options);
}

/**
 * Starts Google's Firestore emulator. It never gives memory back: restart it between long suites.
 *
 * @throws ERR_EMULATOR with what to do, where it or Java is missing or doesn't start
 * @throws ERR_PORT_IN_USE
 */
export function startGoogleFirestore(options: GoogleEmulatorOptions = {}): Promise<GoogleEmulator> {
  // The jar has no manifest that names its main class.
  const run = (jar: string): string[] => [
    "-cp",
    jar,
    "com.google.cloud.datastore.emulator.firestore.CloudFirestore",
  ];
  return start({ title: "Firestore", jarKey: "firestoreJar", run }, options);
}

/** What differs between the two. */
interface Kind {
  readonly title: string;
  readonly jarKey: "pubsubJar" | "firestoreJar";
  /** Java's arguments that run this jar. */
  readonly run: (jar: string) => string[];
}

async function start(kind: Kind, options: GoogleEmulatorOptions): Promise<GoogleEmulator> {
  const search = await searchGoogleEmulators();
  const { java, [kind.jarKey]: jar } = search;
  if (!java || !jar) throw missing(kind.title, search);
  if (options.port !== undefined) await claimPort(options.port);
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await claimPort(0));
    const given = [...kind.run(jar), "--host=127.0.0.1", `--port=${port}`];
    const running = new JavaProcess(kind.title, java, given);
    try {
      await running.answers(port);
      return {
        address: `127.0.0.1:${port}`,
        pid: running.pid,
        stop: () => running.stop(),
      };
    } catch (error) {
      await running.stop();
      // Between finding a free port and Java's listening, another program may take it.
      if (options.port !== undefined || attempt >= FREE_PORT_ATTEMPTS) throw error;
    }
  }
}

function missing(title: string, search: GoogleSearch): MeshError {
  return new MeshError(
    "ERR_EMULATOR",
    `Google's ${title} emulator can't be started. ${search.missing.join(" ")} The embedded one needs none of it.`,
  );
}

/** One emulator's Java. */
class JavaProcess {
  readonly pid: number;
  readonly #title: string;
  readonly #child: ChildProcess;
  readonly #reaper = new Reaper();
  readonly #exited: Promise<void>;
  readonly #output: string[] = [];
  #ended = false;

  constructor(title: string, java: string, given: readonly string[]) {
    this.#title = title;
    this.#child = spawn(java, [...javaFlags, ...given], {
      // Ctrl-C of a terminal asks this process alone, and this one ends Java.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.pid = this.#child.pid ?? 0;
    if (this.pid !== 0) this.#reaper.watch(this.pid);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) eachLine(stream, (line) => this.#keep(line));
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#exited = promise.then(() => {
      this.#ended = true;
      if (this.pid !== 0) this.#reaper.forget(this.pid);
      this.#reaper.close();
    });
    this.#child.once("exit", () => resolve());
    this.#child.once("error", (error) => {
      this.#keep(String(error));
      if (this.pid === 0) resolve();
    });
  }

  /** Resolves when the port takes a connection. */
  async answers(port: number): Promise<void> {
    const endMs = Date.now() + START_MS_MAX;
    while (!this.#ended && Date.now() < endMs) {
      if (await canConnect(port)) return;
      await sleep(POLL_MS);
    }
    const how = this.#ended ? "ended before it listened" : `did not listen in ${START_MS_MAX} ms`;
    throw new MeshError(
      "ERR_EMULATOR",
      `Google's ${this.#title} emulator ${how}. It wrote:\n${this.#output.join("\n")}`,
    );
  }

  async stop(): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGTERM");
    const timer = setTimeout(() => {
      if (!this.#ended && this.pid !== 0) killGroup(this.pid, "SIGKILL");
    }, TERMINATE_MS_MAX);
    await this.#exited;
    clearTimeout(timer);
  }

  #keep(line: string): void {
    this.#output.push(line);
    if (this.#output.length > OUTPUT_LINES_KEPT) this.#output.shift();
  }
}

function canConnect(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: "127.0.0.1", port });
  socket.once("connect", () => resolve(true));
  socket.once("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}

/** Makes sure that a port is free, and returns it; 0 asks for any. */
async function claimPort(port: number): Promise<number> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once("error", reject);
  server.listen({ host: "127.0.0.1", port }, () => {
    const address = server.address();
    server.close(() => resolve(typeof address === "object" ? (address?.port ?? port) : port));
  });
  try {
    return await promise;
  } catch (error) {
    throw new MeshError("ERR_PORT_IN_USE", `Port ${port} of 127.0.0.1 is taken: choose another.`, {
      cause: error,
    });
  }
}
