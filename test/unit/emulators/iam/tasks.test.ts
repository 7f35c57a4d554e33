import { describe, expect, test } from "vitest";
import { tasksNeeds } from "../../../../emulators/tasks/permissions.ts";
import { tasksService } from "../../../../emulators/tasks/wire.ts";
import {
  type Case,
  checkCase,
  inProject,
  needing,
  PolicyWorld,
  pusherAccount,
  pusherEmail,
} from "./support.ts";

const location = inProject("locations/l");
const queue = `${location}/queues/q`;
const name = `${queue}/tasks/known`;
const tomorrow = { seconds: Math.floor(Date.now() / 1_000) + 86_400 };
const http = { url: "http://127.0.0.1:9/", httpMethod: "POST" as const };
const task = { httpRequest: http, scheduleTime: tomorrow };
const signed = {
  ...task,
  httpRequest: { ...http, oidcToken: { serviceAccountEmail: pusherEmail } },
};
const enqueues = { resource: queue, role: "roles/cloudtasks.enqueuer" };

const cases: Readonly<Record<string, readonly Case[]>> = {
  CreateQueue: [
    needing(
      "cloudtasks.queues.create",
      `${location}/queues/newer`,
      "cloudtasks.queueAdmin",
      ({ tasks }) =>
        tasks.createQueue({ parent: location, queue: { name: `${location}/queues/newer` } }),
      { at: "projects/p" },
    ),
  ],
  UpdateQueue: [
    needing("cloudtasks.queues.update", queue, "cloudtasks.queueAdmin", ({ tasks }) =>
      tasks.updateQueue({ queue: { name: queue } }),
    ),
  ],
  GetQueue: [
    needing("cloudtasks.queues.get", queue, "cloudtasks.viewer", ({ tasks }) =>
      tasks.getQueue({ name: queue }),
    ),
  ],
  ListQueues: [
    needing("cloudtasks.queues.list", "projects/p", "cloudtasks.viewer", ({ tasks }) =>
      tasks.listQueues({ parent: location }),
    ),
  ],
  DeleteQueue: [
    needing("cloudtasks.queues.delete", queue, "cloudtasks.queueAdmin", ({ tasks }) =>
      tasks.deleteQueue({ name: queue }),
    ),
  ],
  PauseQueue: [
    needing("cloudtasks.queues.pause", queue, "cloudtasks.queueAdmin", ({ tasks }) =>
      tasks.pauseQueue({ name: queue }),
    ),
  ],
  ResumeQueue: [
    needing("cloudtasks.queues.resume", queue, "cloudtasks.queueAdmin", ({ tasks }) =>
      tasks.resumeQueue({ name: queue }),
    ),
  ],
  PurgeQueue: [
    needing("cloudtasks.queues.purge", queue, "cloudtasks.queueAdmin", ({ tasks }) =>
      tasks.purgeQueue({ name: queue }),
    ),
  ],
  CreateTask: [
    needing("cloudtasks.tasks.create", queue, "cloudtasks.enqueuer", ({ tasks }) =>
      tasks.createTask({ parent: queue, task }),
    ),
    needing(
      "iam.serviceAccounts.actAs",
      pusherAccount,
      "iam.serviceAccountUser",
      ({ tasks }) => tasks.createTask({ parent: queue, task: signed }),
      { also: [enqueues] },
    ),
  ],
  GetTask: [
    needing("cloudtasks.tasks.get", queue, "cloudtasks.viewer", ({ tasks }) =>
      tasks.getTask({ name }),
    ),
  ],
  ListTasks: [
    needing("cloudtasks.tasks.list", queue, "cloudtasks.viewer", ({ tasks }) =>
      tasks.listTasks({ parent: queue, responseView: "FULL" }),
    ),
  ],
  DeleteTask: [
    needing("cloudtasks.tasks.delete", queue, "cloudtasks.taskDeleter", ({ tasks }) =>
      tasks.deleteTask({ name }),
    ),
  ],
  RunTask: [
    needing("cloudtasks.tasks.run", queue, "cloudtasks.taskRunner", ({ tasks }) =>
      tasks.runTask({ name }),
    ),
  ],
};

describe("Cloud Tasks", () => {
  test("has a need for each of its calls", () => {
    // Not there: answered with UNIMPLEMENTED.
    const missing = ["GetIamPolicy", "SetIamPolicy", "TestIamPermissions"];
    const expected = Object.keys(tasksService()).filter((call) => !missing.includes(call));
    expect(Object.keys(tasksNeeds).sort()).toEqual(expected.sort());
    expect(Object.keys(cases).sort()).toEqual(expected.sort());
  });

  const numbered = Object.entries(cases).flatMap(([method, each]) =>
    each.map((one) => ({ method, ...one })),
  );
  test.each(numbered)("$method needs $permission", async (each) => {
    await using rig = await PolicyWorld.start();
    const { tasks } = rig.deployer;
    await tasks.createQueue({ parent: location, queue: { name: queue } });
    await tasks.createTask({ parent: queue, task: { ...task, name } });
    await checkCase(rig, each);
  });
});
