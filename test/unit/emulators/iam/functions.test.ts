import { v1 } from "@google-cloud/pubsub";
import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import type { FunctionHost } from "../../../../emulators/function-host.ts";
import { pubsubAgent, tasksAgent } from "../../../../emulators/iam/agents.ts";
import type { Binding } from "../../../../emulators/iam/policy.ts";
import { startLocalWorld } from "../../../../emulators/local-world.ts";
import { clientOptions } from "../../../../functions/gcp/pubsub-mailboxes.ts";
import { Bench, soon } from "../function-host/support.ts";
import { inProject, PolicyWorld, project, pusherAccount, pusherEmail } from "./support.ts";

const host = "stage-a-1000000000001.europe-west1.run.app";
const url = `https://${host}`;
const service = inProject("locations/europe-west1/services/stage-a");
const pusher = `serviceAccount:${pusherEmail}`;
const invokes: Binding = { resource: service, role: "roles/run.invoker", member: pusher };
const signs = (member: string): Binding => ({
  resource: pusherAccount,
  role: "roles/iam.serviceAccountOpenIdTokenCreator",
  member,
});
const topic = inProject("topics/tttt");
const subscription = inProject("subscriptions/ssss");
const queue = inProject("locations/l/queues/q");
const oidcToken = { serviceAccountEmail: pusherEmail, audience: url };

/** A function that counts its requests, behind a service's URL, in a world with rights. */
class Rig implements AsyncDisposable {
  readonly #bench: Bench;
  readonly functions: FunctionHost;
  readonly world: PolicyWorld;

  private constructor(bench: Bench, functions: FunctionHost, world: PolicyWorld) {
    this.#bench = bench;
    this.functions = functions;
    this.world = world;
  }

  static async start(): Promise<Rig> {
    const bench = await Bench.create();
    const body = 'res.status(req.path === "/sub" ? 204 : 200).send("ok");';
    const functions = await bench.host([await bench.spec(body)]);
    functions.route(host, "stage-a");
    return new Rig(bench, functions, await PolicyWorld.start({ functions }));
  }

  get policy(): PolicyWorld["policy"] {
    return this.world.policy;
  }

  /** Requests that got as far as the function. */
  get answered(): number {
    return this.functions.status()[0]?.coldStarts ?? 0;
  }

  call(token?: string): Promise<Response> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return fetch(`${this.functions.url("stage-a")}/sub`, { method: "POST", headers });
  }

  token(audience = url, email = pusherEmail): string {
    return this.world.world.issuer?.token(audience, email) ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
    await this.#bench[Symbol.asyncDispose]();
  }
}

describe("a function's front", () => {
  test("answers 401 without a good token for this service, and 403 without the right", async () => {
    await using rig = await Rig.start();
    const missing = await rig.call();
    expect([missing.status, await missing.text()]).toEqual([401, "The request has no token.\n"]);
    const forged = rig.token().replace(/.{8}$/, "AAAAAAAA");
    expect((await rig.call(forged)).status).toBe(401);
    expect((await rig.call("not.a.token")).status).toBe(401);
    const abroad = await rig.call(rig.token("https://other-1000000000001.europe-west1.run.app"));
    expect([abroad.status, await abroad.text()]).toEqual([
      401,
      expect.stringContaining("audience https://other-1000000000001.europe-west1.run.app"),
    ]);
    const refused = await rig.call(rig.token());
    expect([refused.status, await refused.text()]).toEqual([
      403,
      `Permission 'run.routes.invoke' denied on resource '${service}' (or it may not exist). ` +
        `Caller: ${pusher}.\n`,
    ]);
    // Nothing was started for any of them.
    expect(rig.answered).toBe(0);
    rig.policy.grant(invokes);
    expect((await rig.call(rig.token())).status).toBe(204);
    expect((await rig.call(rig.token(`${url}/`))).status).toBe(204);
  });

  test("lets everybody in where allUsers may call", async () => {
    await using rig = await Rig.start();
    rig.policy.grant({ ...invokes, member: "allUsers" });
    expect((await rig.call()).status).toBe(204);
    expect((await rig.call("not.a.token")).status).toBe(204);
  });
});

describe("pushes", () => {
  async function pushed(rig: Rig): Promise<void> {
    const { publisher, subscriber } = rig.world.deployer;
    await publisher.createTopic({ name: topic });
    await subscriber.createSubscription({
      name: subscription,
      topic,
      pushConfig: { pushEndpoint: `${url}/sub`, oidcToken },
    });
    await publisher.publish({ topic, messages: [{ data: Buffer.from("x") }] });
  }

  test("go to the URL of Cloud Run, once signing and invoking are allowed", async () => {
    await using rig = await Rig.start();
    await pushed(rig);
    await soon(() =>
      rig.policy.denials.map(({ member, permission }) => [member, permission]),
    ).toEqual([[pubsubAgent, "iam.serviceAccounts.getOpenIdToken"]]);
    rig.policy.grant(signs(pubsubAgent));
    await soon(() => rig.policy.denials.at(-1)).toMatchObject({
      member: pusher,
      permission: "run.routes.invoke",
      resource: service,
    });
    expect(rig.answered).toBe(0);
    rig.policy.grant(invokes);
    await soon(() => rig.world.world.pubsub?.backlog(subscription)).toMatchObject({
      undelivered: 0,
      outstanding: 0,
    });
    expect(rig.answered).toBe(1);
    expect(rig.policy.unused()).toEqual([]);
  });

  test("to a service that nothing here stands for never leave this machine", async () => {
    await using rig = await Rig.start();
    rig.functions.unroute(host);
    rig.policy.grant(signs(pubsubAgent));
    rig.policy.grant(invokes);
    await pushed(rig);
    await soon(() => rig.world.world.pubsub?.counts.pushFailures ?? 0).toBeGreaterThan(0);
    expect(rig.answered).toBe(0);
    rig.functions.route(host, "stage-a");
    await soon(() => rig.world.world.pubsub?.backlog(subscription)).toMatchObject({
      undelivered: 0,
      outstanding: 0,
    });
  });
});

describe("tasks", () => {
  test("go to the URL of Cloud Run, once signing and invoking are allowed", async () => {
    await using rig = await Rig.start();
    const { tasks } = rig.world.deployer;
    const retryConfig = { minBackoff: { nanos: 1e7 }, maxBackoff: { nanos: 5e7 } };
    await tasks.createQueue({
      parent: inProject("locations/l"),
      queue: { name: queue, retryConfig },
    });
    const httpRequest = { url: `${url}/sub`, httpMethod: "POST" as const, oidcToken };
    await tasks.createTask({ parent: queue, task: { httpRequest } });
    await soon(() => rig.policy.denials.at(-1)).toMatchObject({
      member: tasksAgent,
      permission: "iam.serviceAccounts.getOpenIdToken",
      resource: pusherAccount,
      method: "sign a task",
    });
    rig.policy.grant(signs(tasksAgent));
    await soon(() => rig.policy.denials.at(-1)).toMatchObject({
      member: pusher,
      permission: "run.routes.invoke",
      resource: service,
    });
    rig.policy.grant(invokes);
    await soon(() => rig.world.world.tasks.counts.succeeded).toBe(1);
    expect(rig.policy.unused()).toEqual([]);
  });
});

describe("a world", () => {
  test("frees the addresses of its principals at the end", async () => {
    const rig = await PolicyWorld.start();
    const member = `serviceAccount:${pusherEmail}`;
    const variables = await rig.world.accessFor(member);
    expect(await rig.world.accessFor(member)).toEqual(variables);
    expect(variables).toMatchObject({ GOOGLE_CLOUD_PROJECT: project });
    expect(variables["PUBSUB_EMULATOR_HOST"]).not.toBe(rig.world.pubsubAddress);
    await rig[Symbol.asyncDispose]();
    const port = variables["PUBSUB_EMULATOR_HOST"]?.split(":")[1];
    await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow("fetch failed");
  });

  test("refuses a caller at an address of nobody", async () => {
    await using rig = await PolicyWorld.start();
    const client = new v1.PublisherClient({
      ...clientOptions(project, rig.world.pubsubAddress),
      "grpc.default_authority": "127.0.0.1:1",
    });
    await expect(client.getTopic({ topic })).rejects.toMatchObject({
      code: status.UNAUTHENTICATED,
      details: "GetTopic came to 127.0.0.1:1, which is the address of no principal of this world.",
    });
    await client.close();
  });

  test("without a policy has one address for everybody, and signs nothing", async () => {
    const world = await startLocalWorld({ world: "embedded", project });
    const variables = await world.accessFor(pusher);
    expect(variables["FIRESTORE_EMULATOR_HOST"]).toBe(world.firestoreAddress);
    expect(variables["PUBSUB_EMULATOR_HOST"]).toBe(world.pubsubAddress);
    expect(variables["CLOUD_TASKS_EMULATOR_HOST"]).toBe(world.tasks.address);
    expect(world.issuer).toBeUndefined();
    await world.stop();
  });

  test.each(["stage-a.run.app", "https://stage-a-1.europe-west1.run.app", "localhost", ""])(
    "routes no host %j",
    async (bad) => {
      await using bench = await Bench.create();
      const functions = await bench.host([]);
      expect(() => functions.route(bad, "stage-a")).toThrow(
        expect.objectContaining({ code: "ERR_OPTION" }),
      );
    },
  );
});
