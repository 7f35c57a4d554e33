/**
 * Push auth: who may call a function.
 *
 * Owns: the check of the OIDC token that Pub/Sub and Cloud Tasks send. Does not own: status codes
 * (http-answer.ts), which account may do what else (IAM).
 *
 * AU1. Nothing of a request but its headers is looked at before its token was found good.
 * AU2. A function that is not told who may call it doesn't start: nothing is open by accident.
 *
 * @see https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions
 */
import type { JWTPayload, JWTVerifyGetKey } from "jose";
import { MeshError } from "../../sdk/model/errors.ts";
import type { FunctionRequest } from "./http-answer.ts";

/** Who may call a function. */
export type PushAuth =
  /** Anybody: only in a local world, and only where it says so. */
  | { readonly kind: "emulated" }
  | {
      readonly kind: "oidc";
      /** What tokens must be for: in the cloud the function's own URL, which Cloud Run asks for too. */
      readonly audience: string;
      /** What the tracker's tokens must be for; the same audience where left out. */
      readonly trackerAudience?: string;
      /** E-mail addresses of service accounts; wake-ups are asked for with the first. */
      readonly accounts: readonly string[];
      /** Where the issuer's keys are; Google's where left out. */
      readonly keysUrl?: string;
    };

/** Rejects where a request is of nobody who may call. */
export type CallerCheck = (request: Pick<FunctionRequest, "headers">) => Promise<void>;

const GOOGLE_KEYS_URL = "https://www.googleapis.com/oauth2/v3/certs";
const ISSUERS = ["accounts.google.com", "https://accounts.google.com"];
/** Clocks of Google and of the instance may be so far apart. */
const CLOCK_TOLERANCE_SECONDS = 30;

/** A token of Google's has about 1,000 characters. */
const TOKEN_CHARS_MAX = 8_192;

/** Returns the check of a function's callers. */
export function callerCheck(auth: PushAuth): CallerCheck {
  if (auth.kind === "emulated") return async () => {};
  let verify: Promise<Verify> | undefined;
  return async ({ headers }) => {
    const token = tokenOf(headers);
    verify ??= newVerify(auth.keysUrl ?? GOOGLE_KEYS_URL);
    const { aud, email, email_verified: isVerified } = await (await verify)(token);
    const audiences = Array.isArray(aud) ? aud : [aud];
    if (!audiences.includes(auth.audience)) {
      throw new MeshError("ERR_FORBIDDEN", "The request's token is for another audience.");
    }
    if (typeof email !== "string" || isVerified !== true || !auth.accounts.includes(email)) {
      throw new MeshError(
        "ERR_FORBIDDEN",
        "The request's token is of an account that may not call.",
      );
    }
  };
}

type Verify = (token: string) => Promise<JWTPayload>;

/** Parts of the library are loaded with the first request: an emulated function never needs them. */
async function newVerify(keysUrl: string): Promise<Verify> {
  const [{ jwtVerify }, { createRemoteJWKSet }] = await Promise.all([
    import("jose/jwt/verify"),
    import("jose/jwks/remote"),
  ]);
  // Keeps the keys, and asks again for one that it doesn't know: issuers change them.
  const keys: JWTVerifyGetKey = createRemoteJWKSet(new URL(keysUrl));
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: ISSUERS,
        algorithms: ["RS256"],
        requiredClaims: ["exp", "iat", "aud", "email"],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
      });
      return payload;
    } catch (error) {
      throw tokenError(error);
    }
  };
}

/** The token's own fault, or the keys can't be had: then nothing is known of the token. */
function tokenError(error: unknown): MeshError {
  const code = String((error as { code?: unknown } | null)?.code);
  const isOfToken = /^ERR_(JWT|JWS|JWKS_NO_MATCHING_KEY|JOSE_ALG|JOSE_NOT_SUPPORTED)/.test(code);
  if (!isOfToken) {
    return new MeshError("ERR_UNAVAILABLE", "The issuer's keys can't be read.", { cause: error });
  }
  return new MeshError("ERR_UNAUTHENTICATED", `The request's token is not good (${code}).`);
}

function tokenOf(headers: FunctionRequest["headers"]): string {
  const given = headers?.["authorization"];
  const [, token] =
    /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(String(given).slice(0, TOKEN_CHARS_MAX)) ?? [];
  if (token !== undefined) return token;
  throw new MeshError("ERR_UNAUTHENTICATED", "The request has no token of an OIDC issuer.");
}

/** Returns the variables that tell a function who may call it: the inverse of `readPushAuth`. */
export function pushAuthVariables(auth: PushAuth): Record<string, string> {
  if (auth.kind === "emulated") return { TIDEMARK_PUSH_AUTH: "emulated" };
  return {
    TIDEMARK_PUSH_AUTH: "oidc",
    TIDEMARK_PUSH_AUDIENCE: auth.audience,
    TIDEMARK_PUSH_ACCOUNTS: auth.accounts.join(","),
    ...(auth.trackerAudience !== undefined && { TIDEMARK_TRACKER_AUDIENCE: auth.trackerAudience }),
    ...(auth.keysUrl !== undefined && { TIDEMARK_PUSH_KEYS_URL: auth.keysUrl }),
  };
}

/**
 * Reads who may call a function.
 *
 * @throws ERR_OPTION if nothing says so, or not all of it (AU2)
 */
export function readPushAuth(env: Readonly<Record<string, string | undefined>>): PushAuth {
  const kind = env["TIDEMARK_PUSH_AUTH"];
  if (kind === "emulated") return { kind };
  const audience = env["TIDEMARK_PUSH_AUDIENCE"] ?? "";
  const accounts = (env["TIDEMARK_PUSH_ACCOUNTS"] ?? "").split(",").filter((each) => each !== "");
  if ((kind !== undefined && kind !== "oidc") || audience === "" || accounts.length === 0) {
    throw new MeshError(
      "ERR_OPTION",
      "Nothing says who may call this function. Set TIDEMARK_PUSH_AUDIENCE and " +
        "TIDEMARK_PUSH_ACCOUNTS to those of the push subscriptions; in a local world, set " +
        "TIDEMARK_PUSH_AUTH=emulated.",
    );
  }
  const keysUrl = env["TIDEMARK_PUSH_KEYS_URL"];
  const trackerAudience = env["TIDEMARK_TRACKER_AUDIENCE"];
  return {
    kind: "oidc",
    audience,
    accounts,
    ...(trackerAudience !== undefined && { trackerAudience }),
    ...(keysUrl !== undefined && { keysUrl: safe(keysUrl) }),
  };
}

/** Keys that come unprotected over a network could be anybody's. */
function safe(keysUrl: string): string {
  const { protocol, hostname } = URL.parse(keysUrl) ?? {};
  if (protocol === "https:" || (protocol === "http:" && hostname === "127.0.0.1")) return keysUrl;
  throw new MeshError(
    "ERR_OPTION",
    `TIDEMARK_PUSH_KEYS_URL is ${keysUrl}: give an https: URL, or one of http://127.0.0.1.`,
  );
}
