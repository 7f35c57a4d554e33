/**
 * Kinds: the resource types that a local cloud can be made of.
 *
 * Owns: the list.
 */
import { account } from "./account.ts";
import { alertPolicy } from "./alert-policy.ts";
import { bucket } from "./bucket.ts";
import { bucketObject } from "./bucket-object.ts";
import { compositeIndex } from "./composite-index.ts";
import { dashboard } from "./dashboard.ts";
import { database } from "./database.ts";
import { field } from "./field.ts";
import { cloudFunction } from "./function.ts";
import { iamMembers } from "./iam-member.ts";
import { logMetric } from "./log-metric.ts";
import { notificationChannel } from "./notification-channel.ts";
import { queue } from "./queue.ts";
import type { ResourceKind } from "./resource-kind.ts";
import { secret } from "./secret.ts";
import { secretVersion } from "./secret-version.ts";
import { service } from "./service.ts";
import { serviceIdentity } from "./service-identity.ts";
import { subscription } from "./subscription.ts";
import { topic } from "./topic.ts";

/** All that are known, by type. */
export const kinds: ReadonlyMap<string, ResourceKind> = new Map(
  [
    ...[service, serviceIdentity, account, ...iamMembers],
    ...[bucket, bucketObject, cloudFunction],
    ...[topic, subscription, queue],
    ...[database, field, compositeIndex],
    ...[secret, secretVersion],
    ...[dashboard, alertPolicy, notificationChannel, logMetric],
  ].map((kind) => [kind.type, kind]),
);
