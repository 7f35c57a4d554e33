/**
 * `state-moved` (MS2, MS3): what an update or a restore writes is what its snapshot has, stage by
 * stage: every entry once, every id that was taken, every hold and timer, and what sinks have to get.
 * And what an update copies is the last that a shard has done (SA1).
 *
 * Which shard has what is not looked at: an entry that nobody finds shows in the results.
 */
import type { ShardCopy } from "../../../functions/control/shard-copy.ts";
import type { WindowColumns } from "../../../functions/envelope.ts";
import { decodeBody, newProgress } from "../../../functions/head.ts";
import type { Job } from "../../../functions/job.ts";
import type { OutboxEntry } from "../../../functions/outbox.ts";
import { ShardState } from "../../../functions/state.ts";
import { MAX_TIMESTAMP } from "../../../sdk/model/time.ts";
import { type Ledger, shardKey } from "../world/ledger.ts";
import type { Checker, ShardPut } from "./checker.ts";
import { stageOf } from "./in-flight.ts";

/** MS2, MS3: a move of state loses nothing and doubles nothing. */
export const stateMoved: Checker = {
  name: "state-moved",
  promise:
    "MS2, MS3, SA1: state that is replaced is the last there was, and the snapshot's: each entry, id, " +
    "hold and timer.",
  watch({ ledger }, report) {
    /** The parts of each snapshot, by their number. */
    const snapshots = new Map<string, string[]>();
    const written = new Map<string, Stage>();
    return {
      snapshotStored(id, part, text) {
        const parts = snapshots.get(id) ?? [];
        parts[part] = text;
        snapshots.set(id, parts);
      },
      sealed({ commit: { shard }, before, after }) {
        const isNext = after.version === (before?.version ?? 0) + 1;
        const was = JSON.stringify(before?.progress ?? newProgress());
        if (isNext && JSON.stringify(after.progress) === was) return;
        report(`${shardKey(shard)}, version ${after.version}: sealed as it was not`);
      },
      stateDeleted() {
        written.clear();
        const { snapshot = "" } = ledger.job?.change ?? {};
        for (const shard of goneOn(ledger, copiesIn(snapshots.get(snapshot) ?? []))) {
          report(`${shard}: committed after it was copied`);
        }
      },
      shardPut(event) {
        add(written, event.shard.stage, copyOf(event));
      },
      jobStored(commit) {
        const job = JSON.parse(commit.job.text) as Job;
        if (!isReplaced(ledger.job, job)) return;
        const wanted = snapshotOf(snapshots.get(job.change?.snapshot ?? "") ?? [], job);
        for (const [stage, was] of wanted) {
          const problem = differenceOf(was, written.get(stage) ?? emptyStage());
          if (problem !== undefined) report(`${stage}: ${problem}`);
        }
      },
    };
  },
};

/** What all shards of a stage keep together. */
interface Stage {
  readonly entries: string[];
  readonly ids: Set<string>;
  /** Elements that wait. */
  waiting: number;
  readonly outbox: string[];
  hold: number;
  nextTimer: number;
}

type Copy = Pick<ShardCopy, "entries" | "outbox" | "progress">;

function emptyStage(): Stage {
  const never = { hold: MAX_TIMESTAMP, nextTimer: MAX_TIMESTAMP };
  return { entries: [], ids: new Set(), waiting: 0, outbox: [], ...never };
}

function isReplaced(before: Job | undefined, { generation = 0, change }: Job): boolean {
  return change?.phase === "ready" && generation > (before?.generation ?? 0);
}

/** The shards whose state is about to be replaced by a copy that is not the last of them. */
function goneOn({ job, heads }: Ledger, { copies, plan }: Copies): string[] {
  // Taken back when it was all moved, its heads are no longer those that were copied.
  if (job?.change?.kind !== "update" || job.change.phase !== "moving") return [];
  if (plan !== job.plan) return [];
  const { generation: own = 0 } = job;
  return [...heads].flatMap(([shard, { generation, progress, version }]) => {
    const copied = copies.get(shard)?.progress ?? newProgress();
    const isSame = JSON.stringify(copied) === JSON.stringify(progress);
    // Some may have been written anew already.
    return isSame || generation !== own ? [] : [`${shard}, version ${version}`];
  });
}

/** Adds a shard to what its stage keeps. */
function add(stages: Map<string, Stage>, id: string, { entries, outbox, progress }: Copy): void {
  const stage = stages.get(id) ?? emptyStage();
  stages.set(id, stage);
  for (const [entry, text] of entries) {
    if (entry.startsWith("d ")) {
      for (const taken of (JSON.parse(text) as [number, string[]])[1]) stage.ids.add(taken);
    } else if (entry.startsWith("w ")) {
      stage.waiting += (JSON.parse(text) as WindowColumns).values.length;
    } else if (entry.startsWith("r ")) stage.entries.push(text);
    // Each shard has a copy of each view.
    else if (!entry.startsWith("y")) stage.entries.push(`${entry} ${text}`);
  }
  stage.outbox.push(...outbox.map((each: OutboxEntry) => JSON.stringify(each)));
  stage.hold = Math.min(stage.hold, progress.hold);
  stage.nextTimer = Math.min(stage.nextTimer, progress.nextTimer);
}

function differenceOf(was: Stage, is: Stage): string | undefined {
  const lists = [
    ["entries", was.entries, is.entries],
    ["ids of taken messages", [...was.ids], [...is.ids]],
    ["outbox", was.outbox, is.outbox],
  ] as const;
  for (const [what, before, after] of lists) {
    const same = JSON.stringify(before.toSorted()) === JSON.stringify(after.toSorted());
    if (!same) return `${before.length} ${what} have become ${after.length}, or others`;
  }
  if (was.waiting !== is.waiting) return `${was.waiting} elements waited, and now ${is.waiting}`;
  if (was.hold !== is.hold) return `its hold was ${was.hold}, and is ${is.hold}`;
  if (was.nextTimer === is.nextTimer) return undefined;
  return `its next timer was ${was.nextTimer}, and is ${is.nextTimer}`;
}

/** What a snapshot keeps, by `stage/shard`, and the plan whose state it is. */
interface Copies {
  readonly plan: string | undefined;
  readonly copies: ReadonlyMap<string, Copy>;
}

function copiesIn([, ...parts]: readonly string[]): Copies {
  const [first = "{}", ...lines] = parts.join("").split("\n");
  const { job } = JSON.parse(first || "{}") as { readonly job?: Job };
  const copies = lines.map((line) => {
    const { shard, ...copy } = JSON.parse(line) as Copy & { readonly shard: string };
    return [shard, copy] as const;
  });
  return { plan: job?.plan, copies: new Map(copies) };
}

/** What each stage of a snapshot keeps, by the names that stages have now. */
function snapshotOf(parts: readonly string[], { plan, superseded }: Job): Map<string, Stage> {
  const { copies, plan: of = "" } = copiesIn(parts);
  const stages = new Map<string, Stage>();
  for (const [shard, copy] of copies) {
    const stage = stageOf(shard);
    const now = of === plan ? stage : superseded?.[of]?.[stage]?.stage;
    if (now !== undefined) add(stages, now, copy);
  }
  return stages;
}

/** A shard as it was written. */
function copyOf({ head, parts, after }: ShardPut): Copy {
  const body = decodeBody(head.body);
  const segments = body.segments.map((info) => {
    return { info, text: parts.find(({ id }) => id === info.id)?.text ?? "" };
  });
  const entries = [...ShardState.load(1, body.memtable, segments).entries()];
  return { entries, outbox: after.outbox, progress: after.progress };
}
