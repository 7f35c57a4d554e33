/**
 * W4: a watermark that stands has a name, whatever the plan and the snapshot. And the names are the
 * right ones: to mend what they name, and nothing else, brings every watermark to its end.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryMesh } from "../../emulators/memory/memory-mesh.ts";
import { newProgress, type ShardProgress } from "../../functions/head.ts";
import { type Job, newJob } from "../../functions/job.ts";
import { DEFAULT_OPTIONS } from "../../functions/options.ts";
import type { MeshSnapshot } from "../../functions/ports.ts";
import { type Register, registerId } from "../../functions/register.ts";
import { NEW_SOURCE } from "../../functions/source-watermark.ts";
import { type Cause, explain } from "../../functions/why.ts";
import {
  compile,
  fixedWindows,
  type MeshPlan,
  type Pipeline,
  pipeline,
  pubsub,
  sum,
} from "../../sdk/index.ts";
import { MAX_TIMESTAMP } from "../../sdk/model/time.ts";
import { chainedCombines, windowedSum } from "../simulation/workloads/groupings.ts";
import { readEach } from "../simulation/workloads/reads.ts";
import { sideInputs, stateAndTimers } from "../simulation/workloads/stateful.ts";
import { timedPanes } from "../simulation/workloads/triggers.ts";
import { eventsOf } from "../simulation/workloads/workload.ts";
import { at } from "../support/builders.ts";

const NOW_MS = 1_000_000;

const twoSources: Pipeline = pipeline("two", (p) => {
  const left = p.read(pubsub.topic<number>("left")).windowInto(fixedWindows(10));
  const right = p.read(pubsub.topic<number>("right")).windowInto(fixedWindows(10));
  left
    .keyBy((n) => n)
    .combinePerKey(sum(), { name: "of left" })
    .map(({ value }) => value)
    .flatten(right)
    .keyBy((n) => n)
    .combinePerKey(sum(), { name: "of both" })
    .write(pubsub.topic("out"));
});

const workloads = [windowedSum, chainedCombines, readEach, sideInputs, stateAndTimers, timedPanes];
const plans: readonly MeshPlan[] = [
  twoSources,
  ...workloads.map((workload) => workload(1).pipeline),
].map((built) => compile(built, { shards: 2 }));

/** A snapshot that can be changed. */
interface Scene {
  readonly plan: MeshPlan;
  readonly heads: Map<string, ShardProgress>;
  registers: Register[];
  job: Job;
}

const time = fc.oneof(fc.nat(100), fc.constant(MAX_TIMESTAMP)).map((ms) => at(ms));
const clock = fc.oneof(fc.nat(2 * NOW_MS), fc.constant(MAX_TIMESTAMP));

const anyScene: fc.Arbitrary<Scene> = fc.constantFrom(...plans).chain((plan) => {
  const sideNames = (stage: string): string[] =>
    plan.edges.flatMap(({ to, side }) => (to === stage && side !== undefined ? [side] : []));
  const headOf = (stage: string): fc.Arbitrary<ShardProgress> => {
    const targets = plan.edges.flatMap(({ from, to }) => (from === stage ? [to] : []));
    const sent = fc.dictionary(
      fc.constantFrom(`${stage}/0`, ...targets.flatMap((to) => [`${to}/0`, `${to}/1`])),
      fc.nat(100).map((minTime) => ({
        next: 2,
        ranges: [[0, 1, at(minTime)] as [number, number, ReturnType<typeof at>]],
      })),
    );
    const sides = fc.record(Object.fromEntries(sideNames(stage).map((name) => [name, time])));
    return fc
      .record({
        sent,
        hold: time,
        nextTimer: time,
        nextProcessingMs: clock,
        nextSynchronizedMs: clock,
        sideTimers: sides,
      })
      .map((head) => ({ ...newProgress(), ...head }));
  };
  const stages = plan.stages.filter(({ shards }) => shards > 0).map(({ id }) => id);
  const heads = fc
    .tuple(
      ...stages.flatMap((id) =>
        [0, 1].map((shard) =>
          fc.option(headOf(id)).map((head) => [`${id}/${shard}`, head] as const),
        ),
      ),
    )
    .map(
      (all) => new Map(all.flatMap(([key, head]) => (head === null ? [] : [[key, head] as const]))),
    );
  const registerOf = fc.record({
    stage: fc.constantFrom(plan.stages[0]?.id ?? ""),
    producer: fc.constantFrom("i1", "i2"),
    index: fc.nat(3),
    confirmed: fc.integer({ min: -1, max: 3 }),
    sends: fc.array(
      fc.tuple(fc.constantFrom(...stages), fc.nat(1), fc.nat(3), fc.nat(100).map(at)),
      { maxLength: 3 },
    ),
    observed: fc.constant(undefined),
    metrics: fc.constant({ messages: 1, elementsOut: 1, deadLetters: 0 }),
    atMs: fc.nat(NOW_MS),
  });
  const registers = fc.uniqueArray(registerOf, { maxLength: 4, selector: registerId });
  const sources = fc.record(
    Object.fromEntries(
      plan.stages.flatMap(({ id, ingest }) =>
        ingest === undefined ? [] : [[id, time.map((watermark) => ({ ...NEW_SOURCE, watermark }))]],
      ),
    ),
  );
  return fc.record({ heads, registers, sources }).map(({ sources: known, ...rest }) => ({
    plan,
    ...rest,
    job: { ...newJob(plan.pipeline, plan.hash, 0), sources: known },
  }));
});

function snapshotOf({ heads, registers, job }: Scene): MeshSnapshot {
  return {
    heads: [...heads].map(([key, progress]) => ({
      shard: { stage: key.slice(0, -2), shard: Number(key.slice(-1)) },
      version: 1,
      progress: JSON.stringify(progress),
    })),
    registers: registers.map((each) => ({ id: registerId(each), text: JSON.stringify(each) })),
    job: { version: 1, text: JSON.stringify(job) },
  };
}

/** Makes happen what a root waits for, and nothing else. */
function mend(scene: Scene, root: Cause): void {
  const { heads } = scene;
  const receive = (to: string, producer: string, from: number, until: number): void => {
    const head = heads.get(to) ?? newProgress();
    heads.set(to, { ...head, received: { ...head.received, [producer]: [[from, until], NOW_MS] } });
  };
  if (root.kind === "source") {
    const sources = {
      ...scene.job.sources,
      [root.stage]: { ...NEW_SOURCE, watermark: MAX_TIMESTAMP },
    };
    scene.job = { ...scene.job, sources };
  } else if (root.kind === "in flight") receive(root.to, root.from, 0, 1);
  else if (root.kind === "register") receive(root.to, root.instance, 0, 3);
  else if (root.kind === "hold") {
    const key = `${root.stage}/${root.shard}`;
    const head = heads.get(key) ?? newProgress();
    heads.set(key, { ...head, hold: MAX_TIMESTAMP, nextTimer: MAX_TIMESTAMP });
  } else throw new Error(`${root.kind} is no root here.`);
}

function checkNamed({ plan, ...rest }: Scene): readonly Cause[] {
  const { stages } = explain(plan, snapshotOf({ plan, ...rest }), NOW_MS);
  for (const { output, causes, roots } of stages) {
    expect(causes.length > 0).toBe(output < MAX_TIMESTAMP);
    expect(roots.length > 0).toBe(output < MAX_TIMESTAMP);
    for (const cause of causes) {
      if (cause.kind !== "job") expect(cause.time).toBeLessThanOrEqual(output);
    }
    for (const root of roots) expect(root.kind).not.toBe("stage");
  }
  return stages.flatMap(({ roots }) => roots);
}

test("every watermark that stands has causes that bind it, and roots (W4)", () => {
  fc.assert(
    fc.property(anyScene, (scene) => void checkNamed(scene)),
    { numRuns: 500 },
  );
});

test("to mend the roots, again and again, brings every watermark to its end", () => {
  fc.assert(
    fc.property(anyScene, (scene) => {
      let roots = checkNamed(scene);
      for (let round = 0; roots.length > 0; round++) {
        expect(round, JSON.stringify(roots)).toBeLessThan(40);
        for (const root of roots) mend(scene, root);
        roots = checkNamed(scene);
      }
    }),
    { numRuns: 200 },
  );
});

/** Events for each topic that the pipeline reads, while time goes on. */
async function feed(mesh: MemoryMesh): Promise<void> {
  const topics = mesh.plan.stages.flatMap(({ ingest }) => ingest?.topic ?? []);
  const events = eventsOf(7, 200);
  for (let i = 0; topics.length > 0 && i < events.length; i += 4) {
    const data = events.slice(i, i + 4).map((event) => ({ data: JSON.stringify(event) }));
    for (const topic of topics) await mesh.publish(topic, data);
    await mesh.run(mesh.clock.nowMs() + 800);
  }
}

test.each(workloads.map((workload) => workload(7)))(
  "at every commit of a run: $name",
  async (workload) => {
    const mesh = new MemoryMesh(workload.pipeline, { shards: 2, isVirtualOnly: true });
    let looks = 0;
    const look = async (): Promise<void> => {
      const snapshot = await mesh.store.snapshot();
      if (snapshot.job === undefined || ++looks % 3 !== 0) return;
      const { stages } = explain(mesh.plan, snapshot, mesh.clock.nowMs(), DEFAULT_OPTIONS);
      for (const { output, roots } of stages) {
        expect(roots.length > 0, JSON.stringify(stages)).toBe(output < MAX_TIMESTAMP);
      }
    };
    for (const name of ["commitHead", "commitJob"] as const) {
      const commit = mesh.store[name].bind(mesh.store) as (commit: never) => Promise<void>;
      mesh.store[name] = async (what: never) => {
        await commit(what);
        await look();
      };
    }
    await mesh.launch();
    await feed(mesh);
    await mesh.drain();
    await mesh.run();
    await mesh.stop();
    expect((await mesh.job())?.state).toBe("DONE");
    expect(looks).toBeGreaterThan(5);
  },
);
