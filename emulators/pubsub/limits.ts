/**
 * The limits that Pub/Sub enforces, and the figures by which this server imitates its pace.
 *
 * Owns: the figures, each with its unit and source. Does not own: enforcing them (broker/, push/).
 *
 * Sources: [quotas] https://docs.cloud.google.com/pubsub/quotas
 *          [resource names] https://docs.cloud.google.com/pubsub/docs/pubsub-basics#resource_names
 *          [properties] https://docs.cloud.google.com/pubsub/docs/subscription-properties
 *          [push] https://docs.cloud.google.com/pubsub/docs/push
 *          [dead-letter] https://docs.cloud.google.com/pubsub/docs/handling-failures
 *          [filter] https://docs.cloud.google.com/pubsub/docs/subscription-message-filter
 */

/** Messages in one Publish request, at most [quotas]. */
export const publishMessagesMax = 1000;

/** Bytes of one Publish request, at most [quotas]; 10 MB is decimal here, the stricter reading. */
export const publishRequestBytesMax = 10_000_000;

/** Bytes of one message with its attributes, at most [quotas]. */
export const messageBytesMax = 10_000_000;

/** Attributes of one message, at most [quotas]. */
export const attributesMax = 100;

/** Bytes of an attribute's key, at most [quotas]. */
export const attributeKeyBytesMax = 256;

/** Bytes of an attribute's value, at most [quotas]. */
export const attributeValueBytesMax = 1024;

/** Bytes of an ordering key, at most [quotas]. */
export const orderingKeyBytesMax = 1024;

/** Bytes of a filter, at most [filter]. */
export const filterBytesMax = 256;

/** Characters of a resource's id, at least [resource names]. */
export const resourceIdCharsMin = 3;

/** Characters of a resource's id, at most [resource names]. */
export const resourceIdCharsMax = 255;

/** Bytes that the gRPC face takes in, so that a limit is answered with its own error. */
export const grpcReceiveBytesMax: number = 64 * 1024 * 1024;

/** Acknowledgement deadline of a subscription that sets none [properties], in seconds. */
export const ackDeadlineSecondsDefault = 10;

/** Shortest acknowledgement deadline [properties], in seconds. */
export const ackDeadlineSecondsMin = 10;

/** Longest acknowledgement deadline [properties], in seconds. */
export const ackDeadlineSecondsMax = 600;

/** Retention of unacknowledged messages where none is set [properties]: 7 days, in seconds. */
export const retentionSecondsDefault: number = 7 * 24 * 3600;

/** Shortest retention [properties]: 10 minutes, in seconds. */
export const retentionSecondsMin = 600;

/** Longest retention [properties]: 31 days, in seconds. */
export const retentionSecondsMax: number = 31 * 24 * 3600;

/** Backoff of a retry policy that sets no minimum [properties], in seconds. */
export const retryMinimumSecondsDefault = 10;

/** Longest backoff of a retry policy, also its default maximum [properties], in seconds. */
export const retrySecondsMax = 600;

/** Delivery attempts before a dead letter, at least, also the default [dead-letter]. */
export const deliveryAttemptsMin = 5;

/** Delivery attempts before a dead letter, at most [dead-letter]. */
export const deliveryAttemptsMax = 100;

/** A snapshot's life, less the age of its oldest message: 7 days, in milliseconds. */
export const snapshotLifeMs: number = 7 * 24 * 3600 * 1000;

/** How long a Pull waits for a first message, in ms; the service says no more than "a bounded time". */
export const pullWaitMs = 5000;

/** Bytes in one StreamingPull response, at most [quotas]: 10 MB; a tenth keeps the pipe moving. */
export const streamingResponseBytesMax = 1_000_000;

/** Messages in one StreamingPull response, at most: this server's choice. */
export const streamingResponseMessagesMax = 1000;

/** Outstanding pushes when a window opens: "a small single-digit size" [push]. */
export const pushOutstandingStart = 8;

/** Outstanding pushes at most: this server's choice; the service goes linear after 3,000 [push]. */
export const pushOutstandingMax = 1000;

/** Push backoff after the first failing round [push], in ms. */
export const pushBackoffMinMs = 100;

/** Push backoff at most [push], in ms. */
export const pushBackoffMaxMs = 60_000;

/** Resources in one page of a List call that asks for no size: this server's choice. */
export const pageSizeDefault = 100;
