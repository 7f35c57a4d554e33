/**
 * The Listen method: streams of what changes.
 *
 * Owns: the streams and their targets. Does not own: what a target shows (listen-target.ts).
 *
 * S1. After ADD and the documents comes CURRENT for the target, then NO_CHANGE for the whole stream:
 *     a NO_CHANGE without target ids and with a read time is a consistent snapshot of all targets.
 * S2. A target that is resumed is RESET first and shown in full: no difference is worked out.
 * S3. A stream hears of each commit in the order of the commits.
 */
import { type handleBidiStreamingCall, type ServerDuplexStream, status } from "@grpc/grpc-js";
import { type Faults, StatusError } from "../faults.ts";
import type { CancelTimer, Timers } from "../timers.ts";
import type { Database } from "./database.ts";
import type { Databases } from "./databases.ts";
import type { DocumentChange } from "./document-store.ts";
import { invalidArgument } from "./errors.ts";
import { listenHeartbeatMs } from "./limits.ts";
import { documentsTarget, type ListenTarget, queryTarget } from "./listen-target.ts";
import { parseDocumentName } from "./names.ts";
import type { Received } from "./protos.ts";
import { planQuery } from "./query/plan.ts";
import { toServiceError } from "./rpc.ts";
import { toTimestamp } from "./time.ts";
import type { StructuredQuery, Timestamp } from "./wire.ts";

type Call = ServerDuplexStream<Received, object>;

interface Target {
  readonly targetId?: number;
  readonly query?: { parent: string; structuredQuery?: StructuredQuery | null } | null;
  readonly documents?: { documents?: readonly string[] } | null;
  readonly resumeToken?: Buffer;
  readonly readTime?: Timestamp | null;
  readonly once?: boolean;
}

interface ListenRequest {
  readonly database: string;
  readonly addTarget?: Target | null;
  readonly removeTarget?: number;
}

/** All Listen streams of a server. */
export class ListenStreams {
  readonly #databases: Databases;
  readonly #faults: Faults;
  readonly #timers: Timers;
  readonly #open = new Set<ListenStream>();

  constructor(databases: Databases, faults: Faults, timers: Timers) {
    this.#databases = databases;
    this.#faults = faults;
    this.#timers = timers;
  }

  /** Returns the gRPC handler of Listen. */
  handler(): handleBidiStreamingCall<Received, object> {
    return (call: Call): void => {
      const stream = new ListenStream(call, this.#databases, this.#timers);
      this.#open.add(stream);
      const close = (): void => {
        stream.close();
        this.#open.delete(stream);
      };
      call.on("data", (received: Received) => {
        this.#faults
          .run("Listen", () => stream.receive(received.message as ListenRequest))
          .catch((error: unknown) => {
            close();
            call.emit("error", toServiceError(error));
          });
      });
      call.on("end", () => {
        close();
        call.end();
      });
      call.on("cancelled", close);
      call.on("error", close);
    };
  }

  /** Ends all streams. */
  stop(): void {
    for (const stream of this.#open) {
      stream.fail(new StatusError(status.UNAVAILABLE, "The server stops."));
    }
    this.#open.clear();
  }
}

class ListenStream {
  readonly #call: Call;
  readonly #databases: Databases;
  readonly #timers: Timers;
  readonly #targets = new Map<number, ListenTarget>();
  #database: Database | undefined;
  #unsubscribe: () => void = () => {};
  #cancelHeartbeat: CancelTimer = () => {};
  #isClosed = false;

  constructor(call: Call, databases: Databases, timers: Timers) {
    this.#call = call;
    this.#databases = databases;
    this.#timers = timers;
  }

  receive(request: ListenRequest): void {
    if (this.#isClosed) return;
    const database = this.#open(request.database);
    if (request.addTarget) this.#add(database, request.addTarget);
    else if (request.removeTarget !== undefined) this.#remove(request.removeTarget);
  }

  fail(error: StatusError): void {
    this.close();
    this.#call.emit("error", toServiceError(error));
  }

  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
    this.#cancelHeartbeat();
    this.#targets.clear();
  }

  #open(name: string): Database {
    if (this.#database === undefined) {
      const database = this.#databases.of(name);
      this.#database = database;
      this.#unsubscribe = database.subscribe((commitMicros, changes) =>
        this.#committed(commitMicros, changes),
      );
      this.#beat(database);
    }
    return this.#database;
  }

  #add(database: Database, target: Target): void {
    const targetId = target.targetId || 1;
    let listened: ListenTarget;
    try {
      listened = listenTarget(database, targetId, target);
    } catch (error) {
      this.#refuse(targetId, error);
      return;
    }
    const readMicros = database.store.clock.readMicros();
    this.#targetChange("ADD", [targetId]);
    if ((target.resumeToken?.length ?? 0) > 0 || target.readTime) {
      this.#targetChange("RESET", [targetId]);
    }
    for (const response of listened.start(readMicros)) this.#call.write(response);
    this.#targetChange("CURRENT", [targetId], readMicros);
    this.#targetChange("NO_CHANGE", [], readMicros);
    if (target.once) this.#targetChange("REMOVE", [targetId]);
    else this.#targets.set(targetId, listened);
  }

  #remove(targetId: number): void {
    this.#targets.delete(targetId);
    this.#targetChange("REMOVE", [targetId]);
  }

  // A bad target ends alone; the stream and its other targets go on.
  #refuse(targetId: number, error: unknown): void {
    if (!(error instanceof StatusError)) throw error;
    const cause = { code: error.code, message: error.details };
    this.#call.write({
      targetChange: { targetChangeType: "REMOVE", targetIds: [targetId], cause },
    });
  }

  #committed(commitMicros: number, changes: readonly DocumentChange[]): void {
    const responses = [...this.#targets.values()].flatMap((target) =>
      target.update(commitMicros, changes),
    );
    if (responses.length === 0) return;
    for (const response of responses) this.#call.write(response);
    this.#targetChange("NO_CHANGE", [], commitMicros);
  }

  #beat(database: Database): void {
    this.#cancelHeartbeat = this.#timers.after(listenHeartbeatMs, () => {
      this.#targetChange("NO_CHANGE", [], database.store.clock.readMicros());
      this.#beat(database);
    });
  }

  #targetChange(targetChangeType: string, targetIds: number[], readMicros?: number): void {
    const time =
      readMicros === undefined
        ? {}
        : { readTime: toTimestamp(readMicros), resumeToken: Buffer.from(String(readMicros)) };
    this.#call.write({ targetChange: { targetChangeType, targetIds, ...time } });
  }
}

function listenTarget(database: Database, targetId: number, target: Target): ListenTarget {
  if (target.documents) {
    const names = target.documents.documents ?? [];
    for (const name of names) parseDocumentName(name);
    return documentsTarget(database, targetId, names);
  }
  if (target.query) {
    const plan = planQuery(target.query.parent, target.query.structuredQuery ?? {});
    return queryTarget(database, targetId, plan);
  }
  throw invalidArgument("A target has neither documents nor a query.");
}
