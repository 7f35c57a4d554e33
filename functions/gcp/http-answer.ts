/**
 * HTTP answer: what a function answers, and what it refuses before any work.
 *
 * Owns: status codes, and which requests are none for a function. Does not own: who may call
 * (push-auth.ts), what a push holds (push-request.ts).
 *
 * HT1. 204 means acknowledged; 4xx, not for this function at all; 500, deliver it again.
 */
import { isMeshError } from "../../sdk/model/errors.ts";
import { failureText } from "../metrics/failures.ts";
import type { Log } from "../ports.ts";

/** As much of an Express request as is used. */
export interface FunctionRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
  readonly body?: unknown;
  /** The body's bytes, which the framework keeps. */
  readonly rawBody?: Uint8Array;
}

/** As much of an Express response as is used: the same in Express 4 and 5. */
export interface FunctionResponse {
  status(code: number): FunctionResponse;
  send(body?: string): unknown;
}

/** An HTTP function as functions-framework calls it. */
export type HttpFunction = (request: FunctionRequest, response: FunctionResponse) => Promise<void>;

/** A request that is not for this function: it is answered, and nothing is done. */
export class Refusal extends Error {
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super(message);
    this.name = "Refusal";
    this.statusCode = statusCode;
  }
}

/**
 * Body of a push at most: data of 10 MB as base64, and 100 attributes of 1,280 bytes, escaped
 * (docs/limits.md).
 */
const PUSH_BYTES_MAX = 15_000_000;

/** @throws Refusal if a request is no POST, or larger than any that Google sends */
export function checkRequest({ method, headers, rawBody }: FunctionRequest): void {
  if (method !== undefined && method !== "POST") {
    throw new Refusal(405, `This function takes POST, not ${method.slice(0, 20)}.`);
  }
  const bodyBytes = rawBody?.length ?? Number(headers?.["content-length"] ?? 0);
  if (bodyBytes > PUSH_BYTES_MAX) {
    throw new Refusal(
      413,
      `The body has ${bodyBytes} bytes; a push has ${PUSH_BYTES_MAX} at most.`,
    );
  }
}

/** Does the work of a request, and answers it. Never rejects. */
export async function answer(
  response: FunctionResponse,
  log: Log,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
    response.status(204).send();
  } catch (error) {
    const statusCode = statusOf(error);
    const message = error instanceof Error ? error.message : String(error);
    const isOurs = statusCode < 500;
    // What user code said of an element stays out of the log (SL1).
    log(isOurs ? "WARNING" : "ERROR", isOurs ? message : `Refused: ${failureText(error)}.`, {
      code: isMeshError(error) ? error.code : undefined,
      ...(!isOurs && { error }),
    });
    response.status(statusCode).send(message);
  }
}

function statusOf(error: unknown): number {
  if (error instanceof Refusal) return error.statusCode;
  if (!isMeshError(error)) return 500;
  if (error.code === "ERR_UNAUTHENTICATED") return 401;
  return error.code === "ERR_FORBIDDEN" ? 403 : 500;
}
