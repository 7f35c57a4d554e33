/** A queue of Cloud Tasks, in the embedded server. */
import type { protos } from "@google-cloud/tasks";
import type { Properties } from "../values.ts";
import { durationOf } from "./duration.ts";
import { object, type ResourceKind, text } from "./resource-kind.ts";

// Source of all: docs.cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.
const NAME = { min: 1, max: 100, pattern: /^[A-Za-z0-9-]+$/, words: "[A-Za-z0-9-]" } as const;
const DISPATCHES_PER_SECOND = { min: 0, max: 500 } as const;
const CONCURRENT_DISPATCHES = { min: 1, max: 5_000 } as const;
const ATTEMPTS = { min: -1, max: 1_000_000 } as const;
const BACKOFF_SECONDS = { min: 0, max: 3_600 } as const;
const DOUBLINGS = { min: 0, max: 16 } as const;

type Queue = protos.google.cloud.tasks.v2.IQueue;

export const queue: ResourceKind = {
  type: "gcp:cloudtasks/queue:Queue",
  apis: ["cloudtasks.googleapis.com"],
  fixed: ["project", "name", "location"],
  check(check) {
    check.text("name", NAME);
    check.number("rateLimits.maxDispatchesPerSecond", DISPATCHES_PER_SECOND);
    check.number("rateLimits.maxConcurrentDispatches", CONCURRENT_DISPATCHES);
    check.number("retryConfig.maxAttempts", ATTEMPTS);
    check.number("retryConfig.maxDoublings", DOUBLINGS);
    check.duration("retryConfig.minBackoff", BACKOFF_SECONDS);
    check.duration("retryConfig.maxBackoff", BACKOFF_SECONDS);
  },
  id: nameOf,
  async create(inputs, cloud) {
    const parent = nameOf(inputs).replace(/\/queues\/.*/, "");
    await cloud.world.tasksClient.createQueue({ parent, queue: queueOf(inputs) });
    cloud.add(nameOf(inputs), inputs);
    return {};
  },
  async update(inputs, cloud) {
    await cloud.world.tasksClient.updateQueue({
      queue: queueOf(inputs),
      updateMask: { paths: ["rate_limits", "retry_config"] },
    });
    cloud.put(nameOf(inputs), inputs);
    return {};
  },
  async delete(inputs, cloud) {
    await cloud.world.tasksClient.deleteQueue({ name: nameOf(inputs) });
    cloud.remove(nameOf(inputs));
  },
};

function nameOf(inputs: Properties): string {
  const { project, location, name } = inputs;
  return `projects/${project}/locations/${location}/queues/${name}`;
}

function queueOf(inputs: Properties): Queue {
  const rate = object(inputs, "rateLimits");
  const retry = object(inputs, "retryConfig");
  return {
    name: nameOf(inputs),
    rateLimits: { ...numbers(rate, ["maxDispatchesPerSecond", "maxConcurrentDispatches"]) },
    retryConfig: {
      ...numbers(retry, ["maxAttempts", "maxDoublings"]),
      ...durations(retry, ["minBackoff", "maxBackoff", "maxRetryDuration"]),
    },
  };
}

function numbers(inputs: Properties, names: readonly string[]): Record<string, number> {
  const given = names.filter((name) => typeof inputs[name] === "number");
  return Object.fromEntries(given.map((name) => [name, Number(inputs[name])]));
}

function durations(
  inputs: Properties,
  names: readonly string[],
): Record<string, ReturnType<typeof durationOf>> {
  const given = names.filter((name) => text(inputs, name) !== "");
  return Object.fromEntries(given.map((name) => [name, durationOf(text(inputs, name))]));
}
