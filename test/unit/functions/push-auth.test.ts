/** Push auth: who may call a function (AU1, AU2). */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalIssuer, startLocalIssuer } from "../../../emulators/local-issuer.ts";
import {
  type CallerCheck,
  callerCheck,
  pushAuthVariables,
  readPushAuth,
} from "../../../functions/gcp/push-auth.ts";
import { pushFunction } from "../../../functions/gcp/stage-function.ts";
import { codeOf } from "../../support/builders.ts";

const AUDIENCE = "orders";
const ACCOUNT = "push@tea.iam.gserviceaccount.com";
const nowSeconds = Math.floor(Date.now() / 1_000);

let issuer: LocalIssuer;
let stranger: LocalIssuer;
let check: CallerCheck;

beforeAll(async () => {
  [issuer, stranger] = await Promise.all([startLocalIssuer(), startLocalIssuer()]);
  const { keysUrl } = issuer;
  check = callerCheck({ kind: "oidc", audience: AUDIENCE, accounts: [ACCOUNT], keysUrl });
});

afterAll(async () => {
  await Promise.all([issuer.stop(), stranger.stop()]);
});

const called = (authorization?: string): Promise<string | undefined> =>
  codeOf(() => check({ headers: { authorization } }));

const withClaims = (claims: Record<string, unknown>): Promise<string | undefined> =>
  called(`Bearer ${issuer.token(AUDIENCE, ACCOUNT, claims)}`);

describe("a caller", () => {
  test("with a good token may call", async () => {
    expect(await withClaims({})).toBeUndefined();
    expect(await withClaims({ iss: "accounts.google.com" })).toBeUndefined();
  });

  test.each([
    ["no token", undefined],
    ["no bearer token", "Basic dGVhOmp1Zw=="],
    ["a text that is none", "Bearer tea"],
    ["an endless one", `Bearer ${"a".repeat(100_000)}.b.c`],
  ])("with %s is not known", async (_, authorization) => {
    expect(await called(authorization)).toBe("ERR_UNAUTHENTICATED");
  });

  test("with a token that another issuer has signed is not known", async () => {
    expect(await called(`Bearer ${stranger.token(AUDIENCE, ACCOUNT)}`)).toBe("ERR_UNAUTHENTICATED");
  });

  test("with a token without a signature is not known", async () => {
    const [, claims = ""] = issuer.token(AUDIENCE, ACCOUNT).split(".");
    const none = Buffer.from('{"alg":"none"}').toString("base64url");
    expect(await called(`Bearer ${none}.${claims}.x`)).toBe("ERR_UNAUTHENTICATED");
    expect(await called(`Bearer ${none}.${claims}.`)).toBe("ERR_UNAUTHENTICATED");
  });

  test("with a token whose claims were changed is not known", async () => {
    const [head, , signature] = issuer.token(AUDIENCE, "mallory@tea").split(".");
    const [, claims] = issuer.token(AUDIENCE, ACCOUNT).split(".");
    expect(await called(`Bearer ${head}.${claims}.${signature}`)).toBe("ERR_UNAUTHENTICATED");
  });

  test.each([
    ["expired", { exp: nowSeconds - 60 }],
    ["not yet good", { nbf: nowSeconds + 3_600 }],
    ["without an end", { exp: undefined }],
    ["of another issuer", { iss: "https://accounts.tea" }],
  ])("with a token that is %s is not known", async (_, claims) => {
    expect(await withClaims(claims)).toBe("ERR_UNAUTHENTICATED");
  });

  test.each([
    ["for another audience", { aud: "invoices" }],
    ["of another account", { email: "push@jam.iam.gserviceaccount.com" }],
    ["of an address that was not verified", { email_verified: false }],
    ["of an address that says it was", { email_verified: "true" }],
  ])("with a good token %s may not call", async (_, claims) => {
    expect(await withClaims(claims)).toBe("ERR_FORBIDDEN");
  });

  test("is told to come again where the issuer's keys can't be read", async () => {
    const keysUrl = "http://127.0.0.1:1/certs";
    const blind = callerCheck({ kind: "oidc", audience: AUDIENCE, accounts: [ACCOUNT], keysUrl });
    const headers = { authorization: `Bearer ${issuer.token(AUDIENCE, ACCOUNT)}` };
    expect(await codeOf(() => blind({ headers }))).toBe("ERR_UNAVAILABLE");
  });
});

test("a new key of the issuer's is found when the old ones don't fit", async () => {
  const own = await startLocalIssuer();
  try {
    own.rotate();
    const { keysUrl } = own;
    const fresh = callerCheck({ kind: "oidc", audience: AUDIENCE, accounts: [ACCOUNT], keysUrl });
    const headers = { authorization: `Bearer ${own.token(AUDIENCE, ACCOUNT)}` };
    expect(await codeOf(() => fresh({ headers }))).toBeUndefined();
  } finally {
    await own.stop();
  }
});

describe("a function", () => {
  async function push(authorization: string | undefined, body: object) {
    const delivered: unknown[] = [];
    const handle = pushFunction(
      async (message) => void delivered.push(message),
      check,
      () => {},
    );
    let statusCode = 0;
    const response = {
      status(code: number) {
        statusCode = code;
        return response;
      },
      send() {},
    };
    await handle({ method: "POST", headers: { authorization }, body }, response);
    return { statusCode, delivered };
  }

  const body = { message: { data: "", messageId: "1" } };
  /** Any look at it throws. */
  const untouchable = new Proxy(
    {},
    {
      get() {
        throw new Error("somebody looked");
      },
    },
  );

  test("answers 401 and 403 without a look at the body (AU1)", async () => {
    expect(await push(undefined, untouchable)).toEqual({ statusCode: 401, delivered: [] });
    const foreign = `Bearer ${issuer.token("invoices", ACCOUNT)}`;
    expect(await push(foreign, untouchable)).toEqual({ statusCode: 403, delivered: [] });
  });

  test("takes the push of a good caller", async () => {
    const { statusCode, delivered } = await push(`Bearer ${issuer.token(AUDIENCE, ACCOUNT)}`, body);
    expect([statusCode, delivered.length]).toEqual([204, 1]);
  });
});

describe("the environment (AU2)", () => {
  const oidc = { TIDEMARK_PUSH_AUDIENCE: AUDIENCE, TIDEMARK_PUSH_ACCOUNTS: ACCOUNT };

  test("what is written is read back", () => {
    const keysUrl = "https://keys.tea/certs";
    const accounts = [ACCOUNT, "tasks@tea.iam.gserviceaccount.com"];
    for (const auth of [
      { kind: "emulated" },
      { kind: "oidc", audience: AUDIENCE, accounts, keysUrl },
      { kind: "oidc", audience: AUDIENCE, trackerAudience: "https://tracker.tea", accounts },
    ] as const) {
      expect(readPushAuth(pushAuthVariables(auth))).toEqual(auth);
    }
  });

  test("audience and accounts alone mean OIDC", () => {
    expect(readPushAuth(oidc)).toEqual({ kind: "oidc", audience: AUDIENCE, accounts: [ACCOUNT] });
  });

  test.each([
    ["nothing", {}],
    ["an audience alone", { TIDEMARK_PUSH_AUDIENCE: AUDIENCE }],
    ["accounts alone", { TIDEMARK_PUSH_ACCOUNTS: ACCOUNT }],
    ["no account", { ...oidc, TIDEMARK_PUSH_ACCOUNTS: "," }],
    ["a word that is nearly the right one", { TIDEMARK_PUSH_AUTH: "emulate" }],
    ["another word, and all the rest", { ...oidc, TIDEMARK_PUSH_AUTH: "none" }],
    ["keys that come unprotected", { ...oidc, TIDEMARK_PUSH_KEYS_URL: "http://keys.tea/" }],
  ])("%s does not start a function", async (_, env) => {
    expect(await codeOf(async () => readPushAuth(env))).toBe("ERR_OPTION");
  });
});
