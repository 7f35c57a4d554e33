/**
 * Exact counters of what a server did: the figures that a bill is made of.
 *
 * Owns: their names and meaning. Does not own: counting (whoever does the work adds to them).
 */

/** Counters since the server started; they only grow. */
export interface PubsubCounts {
  /** Publish requests that were accepted. */
  publishRequests: number;
  /** Messages in them. */
  publishedMessages: number;
  /** Bytes in them: data, attributes and ordering keys. */
  publishedBytes: number;
  /** Push requests sent, each with one message. */
  pushRequests: number;
  /** Pushes that the endpoint acknowledged. */
  pushedMessages: number;
  /** Bytes of the bodies of all push requests. */
  pushedBytes: number;
  /** Pushes that ended without success: another code, no connection, no answer in time. */
  pushFailures: number;
  /** Pull requests. */
  pulls: number;
  /** StreamingPull streams opened. */
  streamingPulls: number;
  /** Messages handed out by Pull and StreamingPull. */
  pulledMessages: number;
  /** Acknowledgements that took effect, by push or pull. */
  acks: number;
  /** Negative acknowledgements that took effect, by push or pull. */
  nacks: number;
  /** Leases that ran out at their acknowledgement deadline. */
  expiredLeases: number;
  /** Messages forwarded to a dead-letter topic. */
  deadLettered: number;
  /** Messages that a filter acknowledged. */
  filtered: number;
  /** Messages dropped because their retention was over. */
  retentionDropped: number;
}

/** Returns counters at zero. */
export function newCounts(): PubsubCounts {
  return {
    publishRequests: 0,
    publishedMessages: 0,
    publishedBytes: 0,
    pushRequests: 0,
    pushedMessages: 0,
    pushedBytes: 0,
    pushFailures: 0,
    pulls: 0,
    streamingPulls: 0,
    pulledMessages: 0,
    acks: 0,
    nacks: 0,
    expiredLeases: 0,
    deadLettered: 0,
    filtered: 0,
    retentionDropped: 0,
  };
}
