/**
 * `acknowledged-durable` (A5, J2, J3): what is acknowledged is committed and flushed; a message of a
 * source, when its group is registered, published and confirmed.
 */
import type { Register } from "../../../functions/register.ts";
import { bundleKey, shardKey } from "../world/ledger.ts";
import type { Life } from "../world/life.ts";
import { envelopeOf } from "./bundles.ts";
import type { Checker, CommitEvent, DeliveryEvent, RunView } from "./checker.ts";
import { hasReceived } from "./in-flight.ts";

/** A5: an acknowledgement means committed and flushed. */
export const acknowledgedDurable: Checker = {
  name: "acknowledged-durable",
  promise: "A5: an acknowledgement means committed and flushed; of a source, confirmed.",
  watch(run, report) {
    const ingests = new Map<Life, IngestRecord>();
    const published = new Set<string>();
    const outboxes: Outboxes = new Map();
    const recordOf = (life: Life): IngestRecord => {
      const record = ingests.get(life) ?? { acknowledged: 0, registers: new Map() };
      ingests.set(life, record);
      return record;
    };
    const kinds = new Map(run.plan.stages.map(({ id, kind }) => [id, kind]));
    return {
      committed: (event) => noteReceived(event, outboxes),
      registered({ id, text }, by) {
        if (kinds.get(by.stage) === "ingest")
          recordOf(by).registers.set(id, run.ledger.registerOf(text));
      },
      published({ envelope }) {
        if (envelope === undefined) return;
        const { producer, sequence, stage, shard } = envelope;
        published.add(bundleKey(producer, shardKey({ stage, shard }), sequence));
      },
      acknowledged(event) {
        // A letter that was taken before is acknowledged without any group.
        if (event.how === "replay") return;
        const isIngest = kinds.get(event.life.stage) === "ingest";
        const problem = isIngest
          ? ingestProblem(recordOf(event.life), published)
          : shardProblem(run, event, outboxes);
        if (problem !== undefined) report(`${event.life.name}: ${problem}`);
      },
    };
  },
};

/** What an ingest instance has registered, and how many messages it has acknowledged. */
interface IngestRecord {
  acknowledged: number;
  readonly registers: Map<string, Register>;
}

/** Messages that are acknowledged are no more than those of groups that are out and confirmed. */
function ingestProblem(record: IngestRecord, published: ReadonlySet<string>): string | undefined {
  record.acknowledged++;
  const confirmed = new Map<string, number>();
  for (const { producer, confirmed: index } of record.registers.values()) {
    confirmed.set(producer, Math.max(index, confirmed.get(producer) ?? -1));
  }
  let durable = 0;
  for (const { producer, index, sends, metrics } of record.registers.values()) {
    if (index > (confirmed.get(producer) ?? -1)) continue;
    const missing = sends.find(
      ([stage, shard, n]) => !published.has(bundleKey(producer, `${stage}/${shard}`, n)),
    );
    if (missing !== undefined) return `confirms a bundle to ${missing[0]} that is not published`;
    durable += metrics.messages;
  }
  if (record.acknowledged <= durable) return undefined;
  return `has acknowledged ${record.acknowledged} messages and confirmed ${durable}`;
}

/** The identities of the outbox of the commit that received each bundle. */
type Outboxes = Map<string, readonly string[]>;

/** Notes what each bundle that is new in a commit must have had sent. */
function noteReceived({ commit, before, after }: CommitEvent, outboxes: Outboxes): void {
  const target = shardKey(commit.shard);
  for (const [producer, [intervals]] of Object.entries(after.progress.received)) {
    for (let i = 0; i < intervals.length; i += 2) {
      for (let n = intervals[i + 1] ?? -1; n >= (intervals[i] ?? 0); n--) {
        if (hasReceived(before?.progress, producer, n)) break;
        outboxes.set(bundleKey(producer, target, n), after.identities);
      }
    }
  }
}

function shardProblem(
  { ledger }: RunView,
  { message }: DeliveryEvent,
  outboxes: Outboxes,
): string | undefined {
  const { producer, sequence, stage, shard } = envelopeOf(message.data);
  if (sequence < 0) return undefined;
  const outbox = outboxes.get(bundleKey(producer, shardKey({ stage, shard }), sequence));
  const name = `bundle ${sequence} of ${producer}`;
  if (outbox === undefined) return `acknowledges ${name}, which no commit has`;
  const missing = outbox.find((identity) => !ledger.sent.has(identity));
  return missing && `acknowledges ${name} before this is sent: ${missing.slice(0, 120)}`;
}
