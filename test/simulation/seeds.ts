/**
 * Seeds that once failed: they are run in every test, whatever else is.
 */

/** A seed that once broke a promise. */
export interface KeptSeed {
  readonly workload: string;
  readonly seed: number;
  /** What was wrong. */
  readonly cause: string;
}

/** All kept seeds. */
export const KEPT_SEEDS: readonly KeptSeed[] = [
  {
    workload: "counted",
    seed: 3,
    cause:
      "a launch took a busy store's refusal for another launch's success, and left no job (launch.ts)",
  },
  {
    workload: "readEach",
    seed: 556,
    cause:
      "a part of a read on its way between two shards of a stage did not hold the stage's output, and was then dropped as late (watermark.ts, run-bundle.ts)",
  },
  {
    workload: "readEach",
    seed: 34,
    cause:
      "the simulator's: two deliveries waited for one answer, and the fault was counted for the first alone",
  },
  {
    workload: "early sessions",
    seed: 57,
    cause:
      "the simulator's: a register that came after the tracker's snapshot was taken for one that it protects",
  },
  ...[30_048, 30_125, 30_760].map((seed) => ({
    workload: "mended dead letters",
    seed,
    cause:
      "a late write of an instance that had been given up opened a letter that was taken since (record.ts)",
  })),
  {
    workload: "updated to more shards",
    seed: 12,
    cause:
      "an update whose last note before the move was not answered resumed a job that was to be moved, and gave up with an author's error (update.ts)",
  },
  {
    workload: "updated under other names",
    seed: 32,
    cause:
      "an instance judged a message by a job that it had read up to 5 s before: of a plan that had come back it dropped what counts (fence.ts)",
  },
  {
    workload: "updated under other names",
    seed: 3,
    cause:
      "the simulator's: of bundles that came out of order, the checker of acknowledgements saw the newest alone",
  },
  {
    workload: "restored",
    seed: 85,
    cause:
      "one look of hundreds without an answer undid a whole snapshot, again and again for two days, until an idle rule made late what waited (quiesce.ts, look.ts)",
  },
  {
    workload: "drained",
    seed: 136,
    cause:
      "the workload's: a delivery that took longer than a drain waits was dropped as late, and its message stayed with the source, as it should",
  },
  {
    workload: "updates cut off",
    seed: 426,
    cause:
      "the simulator's: of stages that exchanged their names, the checker of acknowledgements took one's bundle for the other's",
  },
  {
    workload: "updated to fewer shards",
    seed: 1768,
    cause:
      "the simulator's: a message that was taken before an update came again after it, and what its shard passed on of it, known by its id where it went, was counted as an element on its way",
  },
  {
    workload: "mended dead letters",
    seed: 2623,
    cause:
      "the workload's: what had failed before the mend became a letter after the last round of replays",
  },
  {
    workload: "restored",
    seed: 7606,
    cause:
      "a command that took up another's was cut off while it waited, mailboxes stopped, for a bundle that came up after they were (quiesce.ts)",
  },
  {
    workload: "restored",
    seed: 7527,
    cause:
      "the workload's: of a snapshot's hundred calls one in twenty ended it, 250 times; a command's own calls no longer fail after 100 times",
  },
  {
    workload: "restored",
    seed: 5362,
    cause:
      "the simulator's: a shard was of the next generation before the job was, and rightly dropped what the one before had sent",
  },
  {
    workload: "readEach",
    seed: 4656,
    cause:
      "the simulator's: a part of a read that one shard sent another was measured by its stage's input watermark, which may pass it",
  },
  {
    workload: "updated to fewer shards",
    seed: 2801,
    cause:
      "an update that was cut off again and again waited each time in vain (seed 7606); after five virtual days of it the idle rule of the source made late what waited",
  },
  {
    workload: "updated to fewer shards",
    seed: 9174,
    cause:
      "an ingest instance of the old plan, which had read the job just before, took messages when the update was finished at once; what it sent waited for the new functions until nothing held it (resume.ts)",
  },
  { workload: "updated to fewer shards", seed: 9784, cause: "as 9174" },
  {
    workload: "updated under other names",
    seed: 9288,
    cause:
      "an instance that had been given up committed a shard, and wrote a document, when the shard had been copied for the update; the copy did it again (seal.ts)",
  },
];
