import { expect, test } from "vitest";
import { startLocalIssuer } from "../../../emulators/local-issuer.ts";

test("a token is used again for the same audience and account, until the key changes", async () => {
  const issuer = await startLocalIssuer();
  try {
    const first = issuer.token("https://a", "x@p.iam.gserviceaccount.com");
    expect(issuer.token("https://a", "x@p.iam.gserviceaccount.com")).toBe(first);
    expect(issuer.token("https://b", "x@p.iam.gserviceaccount.com")).not.toBe(first);
    expect(issuer.token("https://a", "y@p.iam.gserviceaccount.com")).not.toBe(first);
    expect(issuer.token("https://a", "x@p.iam.gserviceaccount.com", { exp: 0 })).not.toBe(first);
    issuer.rotate();
    const next = issuer.token("https://a", "x@p.iam.gserviceaccount.com");
    expect(next).not.toBe(first);
    expect(issuer.verify(next)).toEqual({
      audience: "https://a",
      email: "x@p.iam.gserviceaccount.com",
    });
  } finally {
    await issuer.stop();
  }
});
