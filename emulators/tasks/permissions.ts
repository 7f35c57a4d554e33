/**
 * Permissions: what each call of Cloud Tasks needs.
 *
 * Owns: the table. Does not own: who has them (iam/policy.ts).
 *
 * Source: cloud.google.com/tasks/docs/reference-access-control, "Permissions"; for accounts of tasks,
 * cloud.google.com/tasks/docs/creating-http-target-tasks#sa.
 */
import type { Need, Needs } from "../iam/access.ts";
import { actAs, projectOf } from "../iam/needs.ts";
import type { WireQueue, WireTask } from "./wire.ts";

interface OfName {
  readonly name: string;
}

interface OfParent {
  readonly parent: string;
}

interface Viewed {
  readonly responseView: string;
}

/** What each call needs. */
export const tasksNeeds: Needs = {
  CreateQueue: ({ queue }: { queue: WireQueue | null }) => [onQueue(queue?.name ?? "", "create")],
  UpdateQueue: ({ queue }: { queue: WireQueue | null }) => [onQueue(queue?.name ?? "", "update")],
  GetQueue: ({ name }: OfName) => [onQueue(name, "get")],
  ListQueues: ({ parent }: OfParent) => [onQueue(projectOf(parent), "list")],
  DeleteQueue: ({ name }: OfName) => [onQueue(name, "delete")],
  PauseQueue: ({ name }: OfName) => [onQueue(name, "pause")],
  ResumeQueue: ({ name }: OfName) => [onQueue(name, "resume")],
  PurgeQueue: ({ name }: OfName) => [onQueue(name, "purge")],
  CreateTask: ({ parent, task, responseView }: OfParent & Viewed & { task: WireTask | null }) => [
    onTasks(parent, "create"),
    ...viewNeeds(parent, responseView),
    ...accountNeeds(parent, task),
  ],
  GetTask: ({ name, responseView }: OfName & Viewed) => [
    onTasks(queueOf(name), "get"),
    ...viewNeeds(queueOf(name), responseView),
  ],
  ListTasks: ({ parent, responseView }: OfParent & Viewed) => [
    onTasks(parent, "list"),
    ...viewNeeds(parent, responseView),
  ],
  DeleteTask: ({ name }: OfName) => [onTasks(queueOf(name), "delete")],
  RunTask: ({ name, responseView }: OfName & Viewed) => [
    onTasks(queueOf(name), "run"),
    ...viewNeeds(queueOf(name), responseView),
  ],
};

function accountNeeds(queue: string, task: WireTask | null): Need[] {
  const { oidcToken, oauthToken } = task?.httpRequest ?? {};
  const email = oidcToken?.serviceAccountEmail ?? oauthToken?.serviceAccountEmail;
  return email ? [actAs(email, queue)] : [];
}

/** The body and the headers of a task may hold secrets: to see them is a right of its own. */
function viewNeeds(queue: string, responseView: string): Need[] {
  return responseView === "FULL" ? [onTasks(queue, "fullView")] : [];
}

function queueOf(task: string): string {
  return task.replace(/\/tasks\/[^/]*$/, "");
}

function onQueue(resource: string, verb: string): Need {
  return { permission: `cloudtasks.queues.${verb}`, resource };
}

function onTasks(resource: string, verb: string): Need {
  return { permission: `cloudtasks.tasks.${verb}`, resource };
}
