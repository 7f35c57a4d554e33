/**
 * The formula behind `tidemark cost`, held against the engine: a stream that comes at random on the
 * memory world, whose calls take as long as the formula says, and what each call is billed as.
 */
import { expect, test } from "vitest";
import { outputsOf } from "../../../cli/cost/outputs.ts";
import { type Load, stageLoads } from "../../../cli/cost/stage-loads.ts";
import { type Flow, REQUEST_S, type Workload } from "../../../cli/cost/workload.ts";
import { MemoryMesh } from "../../../emulators/memory/memory-mesh.ts";
import type { World } from "../../../functions/ports.ts";
import {
  count,
  firestore,
  fixedWindows,
  pipeline,
  pubsub,
  watermarks,
} from "../../../sdk/index.ts";

type Reading = { readonly sensor: string };

const readings = pipeline("paced", (p) => {
  p.read(
    pubsub.topic<Reading>("readings", {
      watermark: watermarks.boundedOutOfOrderness({ seconds: 1 }),
    }),
  )
    .keyBy(({ sensor }) => sensor)
    .windowInto(fixedWindows({ seconds: 20 }))
    .combinePerKey(count(), { name: "per sensor" })
    .write(
      firestore.collection("counts", { id: ({ key }, { window }) => `${key}-${window.start}` }),
    );
});

test.each([
  { perSecond: 0.05, events: 150 },
  { perSecond: 1, events: 500 },
  { perSecond: 30, events: 2_500 },
])(
  "foretells what the engine does at $perSecond events a second",
  async ({ perSecond, events }) => {
    const freshnessMs = 10_000;
    const { mesh, spanMs } = await pacedRun(perSecond, events, freshnessMs);
    const { stages, trackerOperations, operations } = await mesh.status();
    const counted = { ...mesh.counts(), panes: mesh.store.documents("counts").size };
    await mesh.stop();

    const workload: Workload = {
      eventsPerMonth: events,
      activeHours: spanMs / 3_600_000,
      eventBytes: 100,
      freshnessMs,
      vcpus: 1,
      memoryGib: 0.5,
    };
    const flow: Flow = new Map(
      stages.map(({ stage, elementsIn, elementsOut }) => [
        stage,
        { inPerEvent: elementsIn / events, outPerEvent: elementsOut / events },
      ]),
    );
    const outputs = outputsOf(mesh.plan, readings.graph);
    const loads = stageLoads({ plan: mesh.plan, workload, flow, outputs, requestBytesMin: 1_000 });
    const told = total([...loads.values()]);

    const tracker = loads.get("tracker");
    expect(counted.panes).toBeGreaterThan(10);
    expectNear("ticks", tracker?.requests, counted.ticks);
    expectNear("requests", told.requests, counted.mailboxes.deliveries + counted.ticks);
    expectNear("documents written", told.documentsWritten, operations.documentsWritten);
    expectNear("documents deleted", told.documentsDeleted, operations.documentsDeleted);
    expectNear("documents read", tracker?.documentsRead, trackerOperations.documentsRead);
  },
);

/** Within a quarter: the events' own chance, and that a month is longer than the run. */
function expectNear(what: string, told: number | undefined, counted: number): void {
  const ratio = (told ?? 0) / counted;
  expect(ratio, `${what}: told ${told}, counted ${counted}`).toBeGreaterThan(0.75);
  expect(ratio, `${what}: told ${told}, counted ${counted}`).toBeLessThan(1.25);
}

function total(loads: readonly Load[]): Load {
  const sum = { ...(loads[0] as Load) };
  for (const load of loads.slice(1)) {
    for (const name of Object.keys(sum) as (keyof Load)[]) {
      (sum as Record<keyof Load, number>)[name] += load[name];
    }
  }
  return sum;
}

/** Events come at random, of twenty sensors, each with the time at which it is published. */
async function pacedRun(
  perSecond: number,
  events: number,
  tickMs: number,
): Promise<{ readonly mesh: MemoryMesh; readonly spanMs: number }> {
  const mesh = new MemoryMesh(readings, { engine: { tickMs }, wrapWorld: slowWorld });
  await mesh.launch();
  const random = mulberry(7);
  const startMs = mesh.clock.nowMs();
  let atMs = startMs;
  for (let i = 0; i < events; i++) {
    atMs += (-Math.log(random()) * 1_000) / perSecond;
    await mesh.run(atMs);
    const data = JSON.stringify({ sensor: `s${Math.floor(random() * 20)}` });
    await mesh.publish("readings", [{ data }]);
  }
  return { mesh, spanMs: atMs - startMs };
}

/** A request is a commit and a publish, each half of what the formula gives it. */
function slowWorld(world: World): World {
  const halfMs = (REQUEST_S * 1_000) / 2;
  const slow = async <T>(call: () => Promise<T>): Promise<T> => {
    await world.clock.sleep(halfMs);
    return call();
  };
  const { store, mailboxes } = world;
  return {
    ...world,
    mailboxes: { publish: (messages) => slow(() => mailboxes.publish(messages)) },
    store: new Proxy(store, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        const call = member.bind(target) as (...args: unknown[]) => Promise<unknown>;
        return name === "commitHead" || name === "putRegister"
          ? (...args: unknown[]) => slow(() => call(...args))
          : call;
      },
    }),
  };
}

function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 1) / 4_294_967_297;
  };
}
