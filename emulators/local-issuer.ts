/**
 * Local issuer: signs OIDC tokens as Google does for Pub/Sub and Cloud Tasks, with a key of its own.
 *
 * Owns: the key, the tokens, and where the key can be read. Does not own: who checks them
 * (functions/gcp/push-auth.ts).
 */
import {
  createSign,
  createVerify,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** How long a token is good, as Google's. */
const TOKEN_SECONDS = 3_600;
/** How long one is used again: signing takes a millisecond of a core. */
const TOKEN_REUSE_MS = 5 * 60_000;
const KEY_BITS = 2_048;

/** An issuer that listens. */
export interface LocalIssuer {
  readonly keysUrl: string;
  /** Makes a token, as a push with `oidcToken` has it; `claims` stand for others of its own. */
  readonly token: (
    audience: string,
    email: string,
    claims?: Readonly<Record<string, unknown>>,
  ) => string;
  /** What a token of this issuer says; undefined for one that is not good any more, or never was. */
  readonly verify: (token: string) => TokenClaims | undefined;
  /** Signs with another key from now on; the keys that can be read are both. */
  rotate(): void;
  stop(): Promise<void>;
}

/** Whom a token is of, and for what. */
export interface TokenClaims {
  readonly audience: string;
  readonly email: string;
}

interface Key {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Starts an issuer on the loopback. */
export async function startLocalIssuer(): Promise<LocalIssuer> {
  const keys = [newKey()];
  /** Tokens of now, by whom they are for: Google's services use one again, too. */
  let tokens = new Map<string, string>();
  let tokensMs = 0;
  const server = createServer((_request, response) => {
    const published = keys.map(({ id, publicKey }) => {
      return { ...publicKey.export({ format: "jwk" }), kid: id, alg: "RS256", use: "sig" };
    });
    response.writeHead(200, { "content-type": "application/json", connection: "close" });
    response.end(JSON.stringify({ keys: published }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    keysUrl: `http://127.0.0.1:${port}/certs`,
    token: (audience, email, claims) => {
      const nowMs = Date.now();
      if (nowMs - tokensMs > TOKEN_REUSE_MS) {
        tokens = new Map();
        tokensMs = nowMs;
      }
      const name = `${audience}\n${email}`;
      const known = claims === undefined ? tokens.get(name) : undefined;
      if (known !== undefined) return known;
      const nowSeconds = Math.floor(nowMs / 1_000);
      const own = {
        iss: "https://accounts.google.com",
        aud: audience,
        email,
        email_verified: true,
        sub: email,
        iat: nowSeconds,
        exp: nowSeconds + TOKEN_SECONDS,
      };
      const token = signed({ ...own, ...claims }, keys.at(-1) as Key);
      if (claims === undefined) tokens.set(name, token);
      return token;
    },
    verify: (token) => verified(token, keys),
    rotate: () => {
      keys.push(newKey());
      tokens.clear();
    },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function newKey(): Key {
  const id = randomBytes(8).toString("hex");
  return { id, ...generateKeyPairSync("rsa", { modulusLength: KEY_BITS }) };
}

function signed(claims: object, { id, privateKey }: Key): string {
  const encoded = [{ alg: "RS256", typ: "JWT", kid: id }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString("base64url"),
  );
  const text = encoded.join(".");
  return `${text}.${createSign("RSA-SHA256").update(text).sign(privateKey, "base64url")}`;
}

function verified(token: string, keys: readonly Key[]): TokenClaims | undefined {
  const [head = "", body = "", signature = ""] = token.split(".");
  const key = keys.find(({ id }) => id === partOf(head)["kid"]);
  if (key === undefined) return undefined;
  const isSigned = createVerify("RSA-SHA256")
    .update(`${head}.${body}`)
    .verify(key.publicKey, signature, "base64url");
  const { aud, email, exp } = isSigned ? partOf(body) : {};
  if (typeof aud !== "string" || typeof email !== "string") return undefined;
  if (typeof exp !== "number" || exp * 1_000 <= Date.now()) return undefined;
  return { audience: aud, email };
}

function partOf(encoded: string): Readonly<Record<string, unknown>> {
  try {
    const part: unknown = JSON.parse(Buffer.from(encoded, "base64url").toString());
    return typeof part === "object" && part !== null ? { ...part } : {};
  } catch {
    // Not a part of a token: then it says nothing.
    return {};
  }
}
