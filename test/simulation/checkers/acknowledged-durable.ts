/**
 * `acknowledged-durable` (A5, J2, J3): what is acknowledged is committed and flushed; a message of a
 * source, when its group is registered, published and confirmed.
 */
import type { Envelope } from "../../../functions/envelope.ts";
import type { Job } from "../../../functions/job.ts";
import type { Register } from "../../../functions/register.ts";
import { bundleKey, shardKey } from "../world/ledger.ts";
import type { Life } from "../world/life.ts";
import { envelopeOf } from "./bundles.ts";
import type { Checker, CommitEvent, DeliveryEvent, RunView } from "./checker.ts";
import { addressOf, isForgone, producerOf } from "./generations.ts";
import { hasReceived } from "./in-flight.ts";

/** A5: an acknowledgement means committed and flushed. */
export const acknowledgedDurable: Checker = {
  name: "acknowledged-durable",
  promise: "A5: an acknowledgement means committed and flushed; of a source, confirmed.",
  watch(run, report) {
    const ingests = new Map<Life, IngestRecord>();
    const published = new Set<string>();
    const outboxes: Outboxes = new Map();
    /** What instances sent on to the stage that has their name since an update. */
    const passedOn = new Set<string>();
    /** The job as each plan had it last. */
    const jobs = new Map<string, Job>();
    const recordOf = (life: Life): IngestRecord => {
      const record = ingests.get(life) ?? { acknowledged: 0, registers: new Map() };
      ingests.set(life, record);
      return record;
    };
    return {
      committed: (event) => noteReceived(event, outboxes),
      jobStored({ job: { text } }) {
        const job = run.ledger.jobOf(text);
        jobs.set(job.plan, job);
      },
      registered({ id, text }, by) {
        if (isIngest(by)) recordOf(by).registers.set(id, run.ledger.registerOf(text));
      },
      published({ envelope }, by) {
        if (envelope === undefined) return;
        published.add(nameOf(envelope));
        if (!isIngest(by) && !envelope.producer.startsWith(`${by.stage}/`))
          passedOn.add(`${by.name} ${nameOf(envelope)}`);
      },
      acknowledged(event) {
        // A letter that was taken before is acknowledged without any group.
        if (event.how === "replay") return;
        const problem = isIngest(event.life)
          ? ingestProblem(recordOf(event.life), published)
          : shardProblem(run, event, { outboxes, passedOn, jobs });
        if (problem !== undefined) report(`${event.life.name}: ${problem}`);
      },
    };
  },
};

/** Names a bundle among those of all generations. */
function nameOf(envelope: Envelope): string {
  return bundleKey(producerOf(envelope), shardKey(envelope), envelope.sequence);
}

function isIngest({ stage, plan }: Life): boolean {
  return plan.stages.find(({ id }) => id === stage)?.kind === "ingest";
}

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
        if (hasReceived(before?.progress, producer, n)) continue;
        const by = producerOf({ producer, generation: after.generation });
        outboxes.set(bundleKey(by, target, n), after.identities);
      }
    }
  }
}

/** What is known of all bundles. */
interface Known {
  readonly outboxes: Outboxes;
  readonly passedOn: ReadonlySet<string>;
  readonly jobs: ReadonlyMap<string, Job>;
}

function shardProblem(
  { ledger, plan }: RunView,
  { message, life }: DeliveryEvent,
  { outboxes, passedOn, jobs }: Known,
): string | undefined {
  const envelope = envelopeOf(message.data);
  const { producer, sequence } = envelope;
  if (sequence < 0 || isForgone(envelope, ledger)) return undefined;
  if (passedOn.has(`${life.name} ${nameOf(envelope)}`)) return undefined;
  // It may have been taken as today's plan sees it, as the instance's own does, or as it was sent.
  const names = [
    nameOf({ ...envelope, ...addressOf(envelope, ledger.job, plan) }),
    nameOf({ ...envelope, ...addressOf(envelope, jobs.get(life.plan.hash), life.plan) }),
    nameOf(envelope),
  ];
  // Where names were exchanged, more than one bundle answers to them: one that is durable is enough.
  const candidates = names.flatMap((each) => {
    const outbox = outboxes.get(each);
    return outbox === undefined ? [] : [outbox];
  });
  const name = `bundle ${sequence} of ${producer}`;
  if (candidates.length === 0) return `acknowledges ${name}, which no commit has`;
  const missing = candidates.map((outbox) => outbox.find((id) => !ledger.sent.has(id)));
  if (missing.includes(undefined)) return undefined;
  return `acknowledges ${name} before this is sent: ${missing[0]?.slice(0, 120)}`;
}
