import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { Faults } from "../../../../emulators/faults.ts";
import { startTasks } from "../../../../emulators/tasks/index.ts";
import { ManualTimers, parent, queueName, Rig, soon } from "./support.ts";

const dayMs = 24 * 3_600_000;

describe("queues, by the real client", () => {
  test("are created, listed, read and deleted", async () => {
    await using rig = await Rig.start();
    await rig.queue();
    const [queue] = await rig.client.getQueue({ name: queueName });
    expect(queue).toMatchObject({
      name: queueName,
      state: "RUNNING",
      rateLimits: { maxDispatchesPerSecond: 500, maxConcurrentDispatches: 1000, maxBurstSize: 100 },
      retryConfig: { maxAttempts: 100, maxDoublings: 16 },
    });
    expect((await rig.client.listQueues({ parent }))[0].map(({ name }) => name)).toEqual([
      queueName,
    ]);
    await expect(rig.queue()).rejects.toMatchObject({ code: status.ALREADY_EXISTS });
    await rig.client.deleteQueue({ name: queueName });
    await expect(rig.client.getQueue({ name: queueName })).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
    await expect(rig.task()).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  test("hold tasks back while they are paused, and purge drops them", async () => {
    await using rig = await Rig.start();
    await rig.queue();
    await rig.client.pauseQueue({ name: queueName });
    await rig.task();
    await rig.task();
    expect((await rig.client.listTasks({ parent: queueName }))[0]).toHaveLength(2);
    expect(rig.server.pending(queueName)).toBe(2);
    expect(rig.server.nextDueMs()).toBeUndefined();
    await rig.client.purgeQueue({ name: queueName });
    expect(rig.server.pending(queueName)).toBe(0);
    await rig.task();
    expect(rig.handler.seen).toEqual([]);
    await rig.client.resumeQueue({ name: queueName });
    await soon(() => rig.handler.seen.length).toBe(1);
  });

  test("are updated only in what the mask names", async () => {
    await using rig = await Rig.start();
    await rig.queue({ retryConfig: { maxAttempts: 7 } });
    const [updated] = await rig.client.updateQueue({
      queue: { name: queueName, rateLimits: { maxDispatchesPerSecond: 5 } },
      updateMask: { paths: ["rate_limits.max_dispatches_per_second"] },
    });
    expect(updated).toMatchObject({
      rateLimits: { maxDispatchesPerSecond: 5 },
      retryConfig: { maxAttempts: 7 },
    });
  });
});

describe("tasks, by the real client", () => {
  test("reach their URL with their body, headers and token, and the service's own headers", async () => {
    const identityToken = (audience: string, email: string): string => `${email}@${audience}`;
    await using rig = await Rig.start({ identityToken });
    await rig.queue();
    const [task] = await rig.client.createTask({
      parent: queueName,
      task: {
        name: `${queueName}/tasks/window-7`,
        httpRequest: {
          url: rig.handler.url,
          httpMethod: "PUT",
          headers: { "Content-Type": "application/json", "X-CloudTasks-TaskName": "forged" },
          body: Buffer.from('{"tick":1}').toString("base64"),
          oidcToken: { serviceAccountEmail: "mesh", audience: "https://fn" },
        },
      },
    });
    expect(task).toMatchObject({ dispatchCount: 0, view: "BASIC" });
    await soon(() => rig.handler.seen.length).toBe(1);
    expect(rig.handler.seen[0]).toMatchObject({
      method: "PUT",
      url: "/tick",
      body: '{"tick":1}',
      headers: {
        "content-type": "application/json",
        authorization: "Bearer mesh@https://fn",
        "user-agent": "Google-Cloud-Tasks",
        "x-cloudtasks-queuename": "timers",
        "x-cloudtasks-taskname": "window-7",
        "x-cloudtasks-taskretrycount": "0",
        "x-cloudtasks-taskexecutioncount": "0",
        "x-cloudtasks-tasketa": expect.stringMatching(/^\d+\.\d+$/),
      },
    });
    await soon(() => rig.server.pending(queueName)).toBe(0);
    expect(rig.server.counts).toEqual({
      created: 1,
      dispatched: 1,
      succeeded: 1,
      retried: 0,
      exhausted: 0,
    });
  });

  test("run at their time, with one timer for all of them", async () => {
    const timers = new ManualTimers();
    await using rig = await Rig.start({ timers });
    await rig.queue();
    const startMs = timers.nowMs();
    await rig.task({ scheduleMs: startMs + 29 * dayMs, body: "third" });
    await rig.task({ scheduleMs: startMs + 3000, body: "second" });
    await rig.task({ scheduleMs: startMs + 1500, body: "first" });
    await soon(() => rig.server.nextDueMs()).toBe(startMs + 1500);
    await soon(() => timers.waiting).toBe(1);
    timers.advance(1499);
    expect(rig.server.counts.dispatched).toBe(0);
    timers.advance(1);
    expect(rig.server.counts.dispatched).toBe(1);
    await soon(() => rig.server.counts.succeeded).toBe(1);
    timers.advance(1500);
    // Its deadline would pass in the jump to come.
    await soon(() => rig.server.counts.succeeded).toBe(2);
    timers.advance(29 * dayMs - 3001);
    expect(rig.server.counts.dispatched).toBe(2);
    timers.advance(1);
    await soon(() => rig.handler.seen.map(({ body }) => body)).toEqual([
      "first",
      "second",
      "third",
    ]);
  });

  test("are tried again with the queue's backoff until a 2xx", async () => {
    const timers = new ManualTimers();
    await using rig = await Rig.start({ timers });
    await rig.queue({ retryConfig: { minBackoff: { seconds: 1 }, maxBackoff: { seconds: 60 } } });
    rig.handler.statusCode = 503;
    const name = await rig.task();
    await soon(() => rig.server.counts.retried).toBe(1);
    timers.advance(999);
    expect(rig.server.counts.dispatched).toBe(1);
    timers.advance(1);
    await soon(() => rig.server.counts.retried).toBe(2);
    const [task] = await rig.client.getTask({ name });
    expect(task).toMatchObject({ dispatchCount: 2, responseCount: 2 });
    expect(task.lastAttempt?.responseStatus).toMatchObject({ code: status.UNAVAILABLE });
    rig.handler.statusCode = 200;
    timers.advance(2000);
    await soon(() => rig.server.counts.succeeded).toBe(1);
    expect(rig.handler.seen[2]?.headers).toMatchObject({
      "x-cloudtasks-taskretrycount": "2",
      "x-cloudtasks-taskpreviousresponse": "503",
    });
  });

  test("are given up after the most attempts", async () => {
    await using rig = await Rig.start();
    await rig.queue({ retryConfig: { maxAttempts: 2, minBackoff: { nanos: 1_000_000 } } });
    rig.handler.statusCode = 500;
    await rig.task();
    await soon(() => rig.server.counts.exhausted).toBe(1);
    expect(rig.handler.seen).toHaveLength(2);
    expect(rig.server.pending(queueName)).toBe(0);
  });

  test("keep their name taken while they wait and for an hour after they ran", async () => {
    const timers = new ManualTimers();
    await using rig = await Rig.start({ timers });
    await rig.queue();
    await rig.task({ name: "tick-1" });
    await soon(() => rig.server.counts.succeeded).toBe(1);
    timers.advance(3_599_000);
    await expect(rig.task({ name: "tick-1" })).rejects.toMatchObject({
      code: status.ALREADY_EXISTS,
    });
    timers.advance(1000);
    await rig.task({ name: "tick-1", scheduleMs: timers.nowMs() + 1000 });
    await expect(rig.task({ name: "tick-1" })).rejects.toMatchObject({
      code: status.ALREADY_EXISTS,
    });
    await rig.client.deleteTask({ name: `${queueName}/tasks/tick-1` });
    await expect(rig.task({ name: "tick-1" })).rejects.toMatchObject({
      code: status.ALREADY_EXISTS,
    });
  });

  test("run at once when asked, also in a paused queue", async () => {
    await using rig = await Rig.start();
    await rig.queue();
    await rig.client.pauseQueue({ name: queueName });
    const name = await rig.task({ scheduleMs: Date.now() + dayMs });
    await rig.client.runTask({ name });
    await soon(() => rig.server.counts.succeeded).toBe(1);
  });

  test("are listed in pages, with the body only in the full view", async () => {
    await using rig = await Rig.start();
    await rig.queue();
    const scheduleMs = Date.now() + dayMs;
    for (const name of ["a", "b", "c"]) await rig.task({ name, scheduleMs, body: "secret" });
    const [first, , page] = await rig.client.listTasks(
      { parent: queueName, pageSize: 2 },
      { autoPaginate: false },
    );
    expect(first.map(({ httpRequest }) => httpRequest?.body?.length)).toEqual([0, 0]);
    const [rest] = await rig.client.listTasks(
      {
        parent: queueName,
        pageSize: 2,
        responseView: "FULL",
        pageToken: page?.nextPageToken ?? "",
      },
      { autoPaginate: false },
    );
    expect(rest.map(({ name }) => name)).toEqual([`${queueName}/tasks/c`]);
    expect(String(rest[0]?.httpRequest?.body)).toBe("secret");
  });

  test("never run more at once or faster than the queue allows", async () => {
    const timers = new ManualTimers();
    await using rig = await Rig.start({ timers });
    await rig.queue({ rateLimits: { maxDispatchesPerSecond: 10 } });
    const scheduleMs = timers.nowMs() + 1000;
    for (let i = 0; i < 6; i++) await rig.task({ scheduleMs });
    timers.advance(1000);
    // The burst of 10/s is 2; then one each 100 ms.
    expect(rig.server.counts.dispatched).toBe(2);
    timers.advance(200);
    expect(rig.server.counts.dispatched).toBe(4);
  });

  test.each([
    ["more than 30 days ahead", { scheduleTime: { seconds: 4_000_000_000 } }],
    ["over 1 MiB", { httpRequest: { url: "http://127.0.0.1/", body: Buffer.alloc(1024 * 1024) } }],
    ["with a deadline under 15 s", { dispatchDeadline: { seconds: 14 } }],
    ["with a deadline over 30 min", { dispatchDeadline: { seconds: 1801 } }],
    ["with a name of another queue", { name: `${parent}/queues/other/tasks/t` }],
    ["with a URL that is none", { httpRequest: { url: "tick" } }],
    ["with a body for GET", { httpRequest: { url: "http://a/", httpMethod: "GET", body: "eA==" } }],
  ] as const)("are refused %s", async (_title, wrong) => {
    await using rig = await Rig.start();
    await rig.queue();
    const task = { httpRequest: { url: rig.handler.url }, ...wrong };
    await expect(rig.client.createTask({ parent: queueName, task })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
  });
});

describe("faults", () => {
  test("lose the answer of a CreateTask whose task exists all the same", async () => {
    const faults = new Faults();
    await using rig = await Rig.start({ faults });
    await rig.queue();
    faults.inject("CreateTask", { kind: "loseAnswer", code: status.INTERNAL });
    await expect(rig.task()).rejects.toMatchObject({ code: status.INTERNAL });
    await soon(() => rig.handler.seen.length).toBe(1);
  });

  test("let a handler run twice when the answer to a dispatch is lost", async () => {
    const faults = new Faults();
    await using rig = await Rig.start({ faults });
    await rig.queue({ retryConfig: { minBackoff: { nanos: 1_000_000 } } });
    faults.inject("dispatch", { kind: "loseAnswer", code: status.UNAVAILABLE });
    await rig.task();
    await soon(() => rig.server.counts.succeeded).toBe(1);
    expect(rig.handler.seen).toHaveLength(2);
  });
});

test("a port that is taken is refused by name", async () => {
  await using rig = await Rig.start();
  const port = Number(rig.server.address.split(":")[1]);
  await expect(startTasks({ port })).rejects.toMatchObject({ code: "ERR_PORT_IN_USE" });
});
