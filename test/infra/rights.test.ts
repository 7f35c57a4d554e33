/**
 * Least privilege: who of `flights` may do what, line by line, and that no more is declared.
 */
import { describe, expect, test } from "vitest";
import { type Holder, type Right, type RightOn, rightsOf } from "../../infra/rights.ts";
import { argsOf, type Declared, declared, declarePipeline, flights } from "./support.ts";

const ingest = "read-pubsub-flights-e12b93";
const hours = "airport-hours-8d7545";
const days = "airport-days-d5ae9c";
const worst = "worst-airports-combine-per-key-6819f3";

const { plan, graph } = argsOf(flights);
const rights = rightsOf({
  plan,
  graph,
  subscriptions: [`tm-flights-${hours}`],
  undelivered: "tm-flights-undelivered",
  secrets: ["api-key"],
});

function holderName(holder: Holder): string {
  return holder.kind === "function" ? holder.name : holder.kind;
}

function onName(on: RightOn): string {
  return "name" in on ? `${on.kind} ${on.name}` : on.kind;
}

/** `role on what`, of one holder. */
function linesOf(name: string): string[] {
  const own = rights.filter(({ holder }) => holderName(holder) === name);
  return own.map(({ role, on }: Right) => `${role.slice("roles/".length)} on ${onName(on)}`).sort();
}

/** What every function may do. */
const common = [
  "cloudtasks.enqueuer on queue",
  "datastore.user on database",
  "iam.serviceAccountUser on caller",
];
const secret = "secretmanager.secretAccessor on secret api-key";
const letters = "pubsub.publisher on topic tm-flights-dead-letters";

const table: readonly (readonly [holder: string, lines: readonly string[]])[] = [
  [ingest, [...common, letters, `pubsub.publisher on topic tm-flights-${hours}`, secret]],
  [
    hours,
    [
      ...common,
      letters,
      `pubsub.publisher on topic tm-flights-${hours}`,
      `pubsub.publisher on topic tm-flights-${days}`,
      secret,
    ],
  ],
  [
    days,
    [
      ...common,
      letters,
      `pubsub.publisher on topic tm-flights-${days}`,
      `pubsub.publisher on topic tm-flights-${worst}`,
      secret,
    ],
  ],
  [
    worst,
    [
      ...common,
      letters,
      `pubsub.publisher on topic tm-flights-${worst}`,
      "pubsub.publisher on topic worst-airports",
      secret,
    ],
  ],
  [
    "tracker",
    [
      ...common,
      ...[hours, days, worst].map((stage) => `pubsub.publisher on topic tm-flights-${stage}`),
      secret,
    ],
  ],
  [
    "caller",
    [ingest, hours, days, worst, "tracker"].map((name) => `run.invoker on service ${name}`),
  ],
  [
    "pubsubAgent",
    [
      "iam.serviceAccountOpenIdTokenCreator on caller",
      "pubsub.publisher on topic tm-flights-undelivered",
      `pubsub.subscriber on subscription tm-flights-${hours}`,
    ],
  ],
  ["tasksAgent", ["iam.serviceAccountOpenIdTokenCreator on caller"]],
];

describe("the table of rights", () => {
  test.each(table)("%s", (holder, lines) => {
    expect(linesOf(holder)).toEqual([...lines].sort());
  });

  test("names nobody else", () => {
    const holders = new Set(rights.map(({ holder }) => holderName(holder)));
    expect([...holders].sort()).toEqual(table.map(([name]) => name).sort());
  });
});

describe("declared rights", () => {
  const members = (all: readonly Declared[]): readonly Declared[] =>
    all.filter(({ type }) => /member/i.test(type));

  test("none but those of the table and of builds; on the project only with a condition, or for builds", async () => {
    const all = members(await declared(() => declarePipeline(flights)));
    const roles = new Set(all.map(({ inputs }) => inputs.role));
    expect([...roles].filter((role) => /admin|owner|editor/i.test(role))).toEqual([]);
    expect(all.some(({ inputs }) => /allUsers|allAuthenticated/.test(inputs.member))).toBe(false);
    const wide = all.filter(
      ({ type, inputs }) => type.startsWith("gcp:projects/") && inputs.condition === undefined,
    );
    expect(wide.map(({ inputs }) => inputs.role).sort()).toEqual([
      "roles/artifactregistry.writer",
      "roles/logging.logWriter",
    ]);
    expect(wide.every(({ inputs }) => inputs.member.startsWith("serviceAccount:tm-build-"))).toBe(
      true,
    );
  });

  test("Firestore's is bound to the database", async () => {
    const all = members(
      await declared(() => declarePipeline(flights, {}, { database: "(default)" })),
    );
    const ours = all.filter(({ inputs }) => inputs.role === "roles/datastore.user");
    expect(ours).toHaveLength(5);
    for (const { inputs } of ours) {
      expect(inputs.condition).toEqual({
        title: "database-default",
        expression: 'resource.name == "projects/demo-project/databases/(default)"',
      });
    }
  });

  test("a shared account has each right once", async () => {
    const all = await declared(() => declarePipeline(flights, { serviceAccounts: "shared" }));
    const accounts = all.filter(({ type }) => type === "gcp:serviceaccount/account:Account");
    expect(accounts.map(({ inputs }) => inputs.accountId).sort()).toEqual([
      "tm-build-test",
      "tm-flights-caller",
      "tm-flights-functions",
    ]);
    const shared = members(all).filter(({ inputs }) => inputs.member.includes("-functions@"));
    const keys = shared.map(({ type, inputs }) =>
      JSON.stringify([type, { ...inputs, condition: 0 }]),
    );
    expect(new Set(keys).size).toBe(keys.length);
    // The database, the queue, the caller; topics: dead letters, three mailboxes, a sink's.
    expect(shared).toHaveLength(8);
  });

  test("each has a name of its own in the stack", async () => {
    for (const mode of ["perStage", "shared"] as const) {
      const all = await declared(() => declarePipeline(flights, { serviceAccounts: mode }));
      const urns = all.map(({ type, name }) => `${type} ${name}`);
      expect(urns.filter((urn, at) => urns.indexOf(urn) !== at)).toEqual([]);
    }
  });
});
