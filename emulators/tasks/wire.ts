/**
 * Cloud Tasks' messages as grpc-js gives them, and their times as milliseconds.
 *
 * Owns: the shapes and the conversions. Does not own: what they mean (queue-config.ts, task.ts).
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { loadPackageDefinition, type ServiceDefinition, status } from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import { StatusError } from "../faults.ts";

interface WireTime {
  readonly seconds: number;
  readonly nanos: number;
}

interface WireRetryConfig {
  readonly maxAttempts: number;
  readonly maxRetryDuration: WireTime | null;
  readonly minBackoff: WireTime | null;
  readonly maxBackoff: WireTime | null;
  readonly maxDoublings: number;
}

interface WireRateLimits {
  readonly maxDispatchesPerSecond: number;
  readonly maxBurstSize: number;
  readonly maxConcurrentDispatches: number;
}

/** A queue. */
export interface WireQueue {
  readonly name: string;
  readonly rateLimits: WireRateLimits | null;
  readonly retryConfig: WireRetryConfig | null;
  readonly state: string;
  readonly purgeTime: WireTime | null;
}

/** What a task sends. */
export interface WireHttpRequest {
  readonly url: string;
  readonly httpMethod: string;
  readonly headers: Readonly<Record<string, string>>;
  /** In base64. */
  readonly body: string;
  readonly oidcToken?: { readonly serviceAccountEmail: string; readonly audience: string } | null;
  readonly oauthToken?: { readonly serviceAccountEmail: string; readonly scope: string } | null;
}

/** How one attempt went. */
export interface WireAttempt {
  readonly scheduleTime: WireTime;
  readonly dispatchTime: WireTime;
  readonly responseTime: WireTime | null;
  readonly responseStatus: { readonly code: number; readonly message: string } | null;
}

/** A task. */
export interface WireTask {
  readonly name: string;
  readonly httpRequest?: WireHttpRequest | null;
  readonly appEngineHttpRequest?: object | null;
  readonly scheduleTime: WireTime | null;
  readonly createTime: WireTime | null;
  readonly dispatchDeadline: WireTime | null;
  readonly dispatchCount: number;
  readonly responseCount: number;
  readonly firstAttempt: WireAttempt | null;
  readonly lastAttempt: WireAttempt | null;
  readonly view: string;
}

/** Milliseconds as a Timestamp or a Duration. */
export function wireTime(ms: number): WireTime {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1_000_000) };
}

/** A Timestamp or a Duration in milliseconds; undefined where it is not set. */
export function timeMs(time: WireTime | null | undefined): number | undefined {
  return time ? time.seconds * 1000 + time.nanos / 1_000_000 : undefined;
}

/** Refuses a request that can't be right. */
export function invalid(details: string): StatusError {
  return new StatusError(status.INVALID_ARGUMENT, details);
}

/** The service as grpc-js takes it, from the descriptor that the client's package brings along. */
export function tasksService(): ServiceDefinition {
  const main = createRequire(import.meta.url).resolve("@google-cloud/tasks");
  // main is build/cjs/src/index.cjs; the package's exports hide the descriptor from require.
  const path = join(dirname(main), "..", "..", "protos", "protos.json");
  const definition = fromJSON(JSON.parse(readFileSync(path, "utf8")), {
    longs: Number,
    enums: String,
    // Base64: a task is then plain JSON, as the journal keeps it.
    bytes: String,
    defaults: true,
    oneofs: true,
  });
  const loaded = loadPackageDefinition(definition) as unknown as {
    readonly google: {
      readonly cloud: {
        readonly tasks: {
          readonly v2: { readonly CloudTasks: { readonly service: ServiceDefinition } };
        };
      };
    };
  };
  return loaded.google.cloud.tasks.v2.CloudTasks.service;
}
