/**
 * Queue: the Cloud Tasks queue that calls a pipeline's tracker.
 *
 * Owns: its rates and its retries. A tick that fails is tried again soon, for watermarks stand still
 * meanwhile; and without an end, for it may be the last one.
 *
 * @see https://docs.cloud.google.com/tasks/docs/configuring-queues
 */
import { Queue } from "@pulumi/gcp/cloudtasks/queue.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import { queueName } from "./names.ts";

/** Declares the queue; a deleted queue's name can't be used again for some days. */
export function declareQueue(
  project: string,
  region: string,
  pipeline: string,
  options: CustomResourceOptions,
): Queue {
  return new Queue(
    `${pipeline}-queue`,
    {
      project,
      location: region,
      name: queueName(pipeline),
      rateLimits: { maxDispatchesPerSecond: 50, maxConcurrentDispatches: 4 },
      retryConfig: {
        maxAttempts: -1,
        minBackoff: "0.200s",
        maxBackoff: "5s",
        maxDoublings: 5,
      },
    },
    options,
  );
}
