/**
 * Secrets that the stack makes, and those that it adopts: who reads them, and that no value is shown.
 */
import { type Output, secret } from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { readConfig } from "../../infra/config.ts";
import { declareSecret } from "../../infra/secrets.ts";
import {
  configOf,
  type Declared,
  declared,
  declarePipeline,
  flights,
  ofType,
  only,
  PROJECT,
} from "./support.ts";

const VALUE = "canary-5b1f";
const adopted = { TOKEN: { secret: "token", version: "3" } };

function declareBoth(isPreview = false): Promise<readonly Declared[]> {
  return declared(
    () =>
      declarePipeline(
        flights,
        { secrets: adopted },
        { secretValues: { API_KEY: secret(VALUE) }, hasSecrets: true },
      ),
    { isPreview },
  );
}

describe("a secret of the stack", () => {
  test("is made in the stack's region alone, and functions name its version", async () => {
    const made = await declareBoth();
    const { inputs } = only(made, "secretmanager/secret:Secret", "tidemark-secret-API_KEY");
    expect(inputs).toMatchObject({
      secretId: "tm-test-API_KEY",
      replication: { userManaged: { replicas: [{ location: "europe-west1" }] } },
    });
    const functions = ofType(made, "cloudfunctionsv2/function:Function");
    expect(functions).toHaveLength(5);
    for (const each of functions) {
      expect(each.inputs.serviceConfig.secretEnvironmentVariables).toEqual([
        { key: "TOKEN", projectId: PROJECT, secret: "token", version: "3" },
        { key: "API_KEY", projectId: PROJECT, secret: "tm-test-API_KEY", version: "7" },
      ]);
    }
  });

  test("is read by the accounts of functions, and by nobody else", async () => {
    const members = ofType(await declareBoth(), "secretmanager/secretIamMember:SecretIamMember");
    const functions = /^serviceAccount:tm-flights-(?!caller)/;
    expect(members).toHaveLength(2 * 5);
    for (const { inputs } of members) {
      expect(inputs.role).toBe("roles/secretmanager.secretAccessor");
      expect(inputs.member).toMatch(functions);
    }
    expect(new Set(members.map(({ inputs }) => inputs.secretId))).toEqual(
      new Set(["token", "tm-test-API_KEY"]),
    );
  });

  test("turns on Secret Manager, also without any that is adopted", async () => {
    const made = await declared(() =>
      declarePipeline(flights, {}, { secretValues: { API_KEY: VALUE } }),
    );
    const services = ofType(made, "projects/service:Service").map(({ inputs }) => inputs.service);
    expect(services).toContain("secretmanager.googleapis.com");
    expect(ofType(made, "secretmanager/secret:Secret")).toHaveLength(1);
  });

  test("is under a customer's key where there is one", async () => {
    const made = await declared(() =>
      declarePipeline(flights, {}, { secretValues: { API_KEY: VALUE }, kmsKey: "k" }),
    );
    const { inputs } = only(made, "secretmanager/secret:Secret", "tidemark-secret-API_KEY");
    expect(inputs.replication.userManaged.replicas).toEqual([
      { location: "europe-west1", customerManagedEncryption: { kmsKeyName: "k" } },
    ]);
  });
});

describe("a value", () => {
  test("is a secret for Pulumi although it was given as text, and its version is none (SM1)", async () => {
    let found: readonly [boolean, boolean] | undefined;
    await declared(async () => {
      const place = { project: PROJECT, region: "r", id: "s", labels: {}, kmsKey: undefined };
      const { version } = declareSecret("s", { ...place, value: VALUE }, {});
      const isSecret = (output: Output<unknown>): Promise<boolean> =>
        (output as unknown as { readonly isSecret: Promise<boolean> }).isSecret;
      found = [await isSecret(version.secretData), await isSecret(version.version)];
    });
    expect(found).toEqual([true, false]);
  });

  test("is in no other resource", async () => {
    for (const isPreview of [false, true]) {
      const made = await declareBoth(isPreview);
      const holders = made.filter(({ inputs }) => JSON.stringify(inputs).includes(VALUE));
      expect(holders.map(({ type }) => type)).toEqual([
        "gcp:secretmanager/secretVersion:SecretVersion",
      ]);
    }
  });

  test("is read where it is encrypted, and never repeated in an error", () => {
    const key = "tidemark:secretValues";
    const config = configOf({ secretValues: { API_KEY: VALUE } });
    expect(readConfig(config, [key]).secretValues).toEqual({ API_KEY: VALUE });
    const wrong: readonly Readonly<Record<string, unknown>>[] = [
      { secretValues: { API_KEY: VALUE } },
      { secretValues: VALUE },
      { secretValues: [VALUE] },
      { secretValues: { API_KEY: { value: VALUE } } },
      { secretValues: { TIDEMARK_PLAN: VALUE } },
      { secretValues: { API_KEY: VALUE.repeat(10_000) } },
      { secretValues: { API_KEY: VALUE }, env: { API_KEY: "x" } },
      { secretValues: { API_KEY: VALUE }, secrets: { API_KEY: "x" } },
    ];
    wrong.forEach((keys, i) => {
      const read = (): unknown => readConfig(configOf(keys), i === 0 ? [] : [key]);
      expect(read).toThrow(expect.objectContaining({ code: "ERR_OPTION" }));
      expect(read).toThrow(/tidemark:secretValues/);
      expect(read).not.toThrow(VALUE);
    });
  });
});
