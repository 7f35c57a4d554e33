/**
 * Least privilege, tried: each right of a mesh is taken away while it runs. Work that needs it is then
 * refused with an error that names the right, and is not done until the right is back.
 *
 * A right that no work needs makes the test fail: it is too wide.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Binding, IamPolicy } from "../../emulators/iam/policy.ts";
import { describeDenial, describeUnused } from "../../emulators/iam/report.ts";
import { accountEmail, accountId, undeliveredName } from "../../infra/names.ts";
import { isRefusalOf, triedRights } from "../support/rights.ts";
import { ATTEMPTS_MAX, RightsMesh, type Work } from "../support/rights-mesh.ts";
import { PROJECT, redeploy } from "../support/standing-stack.ts";

const TIMEOUT_MS = 600_000;
/** A piece of work takes a second, and several while other tests run. */
const WORK_TIMEOUT_MS = 60_000;
/** So long a refused piece of work is looked at: it must not get done in spite of the refusal. */
const REFUSED_MS = 200;
/** The fewest after which Pub/Sub sets a message aside. */
const ATTEMPTS_MIN = 5;
const PUBLISHER = "roles/pubsub.publisher";
const INVOKER = "roles/run.invoker";

let mesh: RightsMesh;
let policy: IamPolicy;
let all: readonly Binding[];
/** Orders whose totals must come, each once. */
const expected: string[] = [];

beforeAll(async () => {
  mesh = await RightsMesh.start();
  ({ policy } = mesh.stack.cloud);
  all = triedRights(policy.bindings());
}, TIMEOUT_MS);
afterAll(() => mesh.stop());

describe("the rights of a mesh", { timeout: TIMEOUT_MS }, () => {
  test("without any one of a function, or of who calls it, work is refused that needs it", async () => {
    const others = new Set([...ofForwarding(), ...ofBuilds()]);
    const own = all.filter((binding) => !others.has(binding));
    expect(own.length).toBeGreaterThan(20);
    const needless: string[] = [];
    for (const binding of own) {
      const trial = isOfSink(binding) ? withoutSink(binding) : withoutRight(binding);
      const complaint = await trial.catch((cause: unknown) => {
        const { role, member, resource } = binding;
        throw new Error(`The trial of ${role} of ${member} on ${resource} failed.`, { cause });
      });
      if (complaint !== undefined) needless.push(`${describeUnused(binding)} ${complaint}`);
    }
    expect(needless).toEqual([]);
  });

  test("without any one of Pub/Sub's own, what no function takes is not set aside", async () => {
    const feeds = mesh.feeds.map((feed) => ({ feed, right: subscriberOf(feed) }));
    const [first] = mesh.feeds;
    const right = all.find(({ resource }) => resource === undeliveredTopic());
    expect(ofForwarding()).toEqual(
      expect.arrayContaining([right, ...feeds.map((each) => each.right)]),
    );
    expect(ofForwarding()).toHaveLength(feeds.length + 1);
    await withoutInvokers(async () => {
      await Promise.all(feeds.map((each) => withoutForwarding(each.right, each.feed)));
    });
    // A push that succeeds: before, Pub/Sub would wait longer after each one that fails.
    await doWork();
    await withoutInvokers(() => withoutForwarding(right, first));
    await doWork();
  });

  test("without any one of the account that builds, no function is built", async () => {
    expect(ofBuilds().map(({ role }) => role)).toHaveLength(3);
    const tracker = accountOf("tracker");
    for (const binding of ofBuilds()) {
      await without(binding, async (refusals) => {
        const { role, member } = binding;
        const to = `Grant ${role} to ${member.replace("serviceAccount:", "")}`;
        await expect(redeploy(mesh.stack, tracker)).rejects.toThrow(to);
        expect(refusals()).toHaveLength(1);
      });
      expect(await redeploy(mesh.stack, tracker)).toBe(1);
    }
    await doWork();
  });

  test("with all of them nothing is left over, nothing else was refused, and all totals are right", async () => {
    const totals = await mesh.outputs.totals.takeJson<{ name: string }>(
      expected.length,
      WORK_TIMEOUT_MS,
    );
    expect(totals).toEqual(expect.arrayContaining(expected.map((name) => ({ name, count: 1 }))));
    expect(totals).toHaveLength(expected.length);
    expect(mesh.outputs.totals.strays).toEqual([]);
    const others = policy.denials.filter(
      (denial) => !all.some((binding) => isRefusalOf(binding, denial)),
    );
    expect(others.map(describeDenial)).toEqual([]);
    expect(policy.unused().map(describeUnused)).toEqual([]);
    expect(policy.untried()).toEqual([]);
    expect(policy.bindings()).toHaveLength(all.length);
  });
});

/** Does the work that needs a right without it, and then with it; returns why the right is needless. */
async function withoutRight(binding: Binding): Promise<string | undefined> {
  const name = `order ${expected.length}`;
  const signal = AbortSignal.timeout(WORK_TIMEOUT_MS);
  const logged = mesh.log.length;
  let isDone = false;
  let complaint: string | undefined;
  const kind = workFor(binding);
  const doing = await without(binding, async (refusals) => {
    const work = mesh.work(name, kind, signal).then(() => {
      isDone = true;
    });
    work.catch(() => {});
    await mesh.until(() => isDone || refusals().length > 0, signal);
    if (refusals().length === 0) complaint = "The work was done without it.";
    await sleep(REFUSED_MS);
    if (isDone) complaint ??= "The work was done in spite of a refusal.";
    if (complaint === undefined) await untilTold(binding, refusals, logged, signal);
    return { work };
  });
  if (isOfTracker(binding)) await mesh.advance();
  await doing.work;
  if (!kind.startsWith("letter")) expected.push(name);
  return complaint;
}

/** What a sink refuses for good becomes a dead letter, which says why; the next goes through again. */
async function withoutSink(binding: Binding): Promise<string | undefined> {
  const { letters } = mesh.outputs;
  const name = `order ${expected.length}, refused by a sink`;
  const stopped = new AbortController();
  const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(WORK_TIMEOUT_MS)]);
  const before = letters.count;
  let isDone = false;
  await without(binding, async (refusals) => {
    const work = mesh.work(name, "total", signal).then(() => {
      isDone = true;
    });
    work.catch(() => {});
    await mesh.until(() => isDone || letters.count > before, signal);
    if (!isDone) expect(letters.all().at(-1)?.text).toContain(refusals()[0]?.permission);
    stopped.abort();
  });
  if (isDone) return "The work was done without it.";
  if (!binding.resource.endsWith("/totals")) expected.push(name);
  await doWork();
  return undefined;
}

/** Work that nothing is in the way of. */
async function doWork(): Promise<void> {
  const name = `order ${expected.length}`;
  await mesh.work(name, "total", AbortSignal.timeout(WORK_TIMEOUT_MS));
  expected.push(name);
}

/** A message that nobody takes is set aside by Pub/Sub as soon as it may. */
async function withoutForwarding(binding: Binding | undefined, feed = ""): Promise<void> {
  if (binding === undefined) throw new Error(`Pub/Sub has no right on ${feed}.`);
  const signal = AbortSignal.timeout(WORK_TIMEOUT_MS);
  const isFrom = "CloudPubSubDeadLetterSourceSubscription";
  const setAside = (): number =>
    mesh.outputs.undelivered.all().filter(({ attributes }) => attributes[isFrom] === feed).length;
  const before = setAside();
  await mesh.setAttempts(feed, ATTEMPTS_MIN);
  await without(binding, async (refusals) => {
    await mesh.publishInVain(feed);
    await mesh.until(() => refusals().length > 0, signal);
    await sleep(REFUSED_MS);
    expect(setAside()).toBe(before);
  });
  await mesh.until(() => setAside() > before, signal);
  await mesh.setAttempts(feed, ATTEMPTS_MAX);
}

/** No function is called while `use` runs. */
async function withoutInvokers(use: () => Promise<void>): Promise<void> {
  const invokers = all.filter(({ role }) => role === INVOKER);
  for (const binding of invokers) policy.revoke(binding);
  await use();
  for (const binding of invokers) policy.grant(binding);
}

type Refusals = () => ReturnType<typeof refusalsOf>;

/** Takes a right away while `use` runs, which is told of what is refused meanwhile. */
async function without<T>(binding: Binding, use: (refusals: Refusals) => Promise<T>): Promise<T> {
  const before = new Map(refusalsOf(binding).map((denial) => [keyOf(denial), denial.times]));
  policy.revoke(binding);
  try {
    return await use(() =>
      refusalsOf(binding).filter((denial) => denial.times > (before.get(keyOf(denial)) ?? 0)),
    );
  } finally {
    policy.grant(binding);
  }
}

function refusalsOf(binding: Binding): IamPolicy["denials"] {
  return policy.denials.filter((denial) => isRefusalOf(binding, denial));
}

function keyOf({ permission, resource, method }: IamPolicy["denials"][number]): string {
  return JSON.stringify([permission, resource, method]);
}

/**
 * A function that is refused logs an error that names the permission. Not waited for is what Firestore
 * refuses: its client asks again for seconds before it tells.
 */
async function untilTold(
  { member, role }: Binding,
  refusals: Refusals,
  from: number,
  signal: AbortSignal,
): Promise<void> {
  if (role === "roles/datastore.user") return;
  if (!functionAccounts().some((email) => member === `serviceAccount:${email}`)) return;
  await mesh.until(() => {
    const lines = mesh.log.slice(from).map(({ text }) => text);
    return refusals().some(({ permission }) =>
      lines.some((line) => line.includes(`Permission '${permission}' denied`)),
    );
  }, signal);
}

/** What needs a right of a function, or of who calls it. */
function workFor({ role, member, resource }: Binding): Work {
  const { stages, deadLetterTopic } = mesh.plan;
  const own = stages.find(({ id }) => member === `serviceAccount:${accountOf(id)}`);
  if (role !== PUBLISHER) return "total";
  if (resource === topicName(deadLetterTopic)) {
    return own?.kind === "ingest" ? "letter before the shuffle" : "letter behind it";
  }
  return resource === topicName(own?.mailbox ?? "") ? "many keys" : "total";
}

function isOfTracker({ role, member }: Binding): boolean {
  return role === PUBLISHER && member === `serviceAccount:${accountOf("tracker")}`;
}

function isOfSink({ role, resource }: Binding): boolean {
  const own = mesh.plan.stages.flatMap(({ mailbox }) => mailbox ?? []);
  const topics = [...own, mesh.plan.deadLetterTopic].map(topicName);
  return role === PUBLISHER && !topics.includes(resource);
}

/** Rights with which Pub/Sub itself sets aside what no function takes. */
function ofForwarding(): readonly Binding[] {
  return all.filter(
    ({ role, resource }) => role === "roles/pubsub.subscriber" || resource === undeliveredTopic(),
  );
}

function ofBuilds(): readonly Binding[] {
  return all.filter(({ member }) => member.includes(":tm-build-"));
}

function subscriberOf(feed: string): Binding | undefined {
  return all.find(({ resource }) => resource === `projects/${PROJECT}/subscriptions/${feed}`);
}

function undeliveredTopic(): string {
  return topicName(undeliveredName(mesh.plan.pipeline));
}

function functionAccounts(): readonly string[] {
  return [...mesh.plan.stages.map(({ id }) => id), "tracker"].map(accountOf);
}

function accountOf(name: string): string {
  return accountEmail(accountId(mesh.plan.pipeline, name), PROJECT);
}

function topicName(topic: string): string {
  return `projects/${PROJECT}/topics/${topic}`;
}
