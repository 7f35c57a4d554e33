/**
 * Update server: takes updates of a local mesh from another terminal, and asks for them there.
 *
 * Owns: the request on the loopback and its token, which is stored with the deployment. Does not own:
 * the update (dev-session.ts).
 *
 * US1. Only who can read the mesh's own store knows the token.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Deployment } from "../functions/deployment.ts";
import type { PlanComparison, UpdateOptions } from "../sdk/compile/compatibility.ts";
import { isMeshError, MeshError, type MeshErrorCode } from "../sdk/model/errors.ts";

/** What is asked for. */
export interface UpdateRequest extends UpdateOptions {
  /** Absolute path of the module that exports the pipeline. */
  readonly file: string;
  /** As before where left out. */
  readonly shards?: number;
  readonly timeoutMs?: number;
}

type Updater = NonNullable<Deployment["updater"]>;

type Answer = PlanComparison | { readonly code: MeshErrorCode; readonly message: string };

/** Takes updates while a mesh runs here. */
export class UpdateServer {
  readonly #update: (request: UpdateRequest) => Promise<PlanComparison>;
  readonly #token = randomBytes(24).toString("hex");
  #server: Server | undefined;

  constructor(update: (request: UpdateRequest) => Promise<PlanComparison>) {
    this.#update = update;
  }

  /** Starts to listen, once, and returns where. */
  async start(): Promise<Updater> {
    if (this.#server === undefined) {
      this.#server = createServer((request, response) => {
        void this.#answer(request).then(([status, body]) => {
          response.writeHead(status, { "content-type": "application/json", connection: "close" });
          response.end(JSON.stringify(body));
        });
      });
      await new Promise<void>((resolve) => this.#server?.listen(0, "127.0.0.1", resolve));
    }
    const { port } = this.#server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}/update`, token: this.#token };
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage): Promise<[status: number, body: Answer | object]> {
    if (!this.#isAllowed(request.headers.authorization ?? "")) return [403, {}];
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const wanted = JSON.parse(Buffer.concat(chunks).toString("utf8")) as UpdateRequest;
      return [200, await this.#update(wanted)];
    } catch (error) {
      const code = isMeshError(error) ? error.code : "ERR_EMULATOR";
      return [409, { code, message: error instanceof Error ? error.message : String(error) }];
    }
  }

  #isAllowed(given: string): boolean {
    const wanted = Buffer.from(`Bearer ${this.#token}`);
    const had = Buffer.from(given);
    return had.length === wanted.length && timingSafeEqual(had, wanted);
  }
}

/**
 * Asks the process that runs a local mesh to update it.
 *
 * @throws what the update gave there
 * @throws ERR_EMULATOR if nobody answers
 */
export async function askToUpdate(
  { url, token }: Updater,
  request: UpdateRequest,
): Promise<PlanComparison> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(request),
    });
  } catch (cause) {
    throw new MeshError(
      "ERR_EMULATOR",
      "The mesh runs in another process, and that does not answer: is tidemark dev still there?",
      { cause },
    );
  }
  const answer = (await response.json()) as Answer;
  if ("stages" in answer) return answer;
  throw new MeshError(answer.code ?? "ERR_EMULATOR", answer.message ?? "The update was refused.");
}
