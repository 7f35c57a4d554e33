/**
 * A workload of dead letters that go back: elements fail at every place where they can, are replayed
 * while they still fail, then mended, and replayed until none is left. Each counts exactly once.
 */
import {
  type CombineFn,
  firestore,
  fixedWindows,
  type Pipeline,
  pipeline,
  pubsub,
  statefulDoFn,
  valueState,
  watermarks,
} from "../../../sdk/index.ts";
import { sumByWindow } from "../../support/oracle.ts";
import type { SimulatedMesh } from "../world/simulated-mesh.ts";
import { eventsOf, mergedPanes, originMs, publishAll, type Workload } from "./workload.ts";

/** An event of the letters' pipeline. */
export interface LetterEvent {
  readonly id: string;
  readonly key: string;
  readonly value: number;
  readonly time: number;
}

interface Partial {
  readonly sum: number;
  readonly isBad: boolean;
}

/** Length of its windows. */
export const WINDOW_MS = 500;
/** Events of which one in twelve fails somewhere, while `cause.isMended` is false. */
export function poisoned(cause: { isMended: boolean }): Pipeline {
  const failIf = (isBad: boolean, where: string): void => {
    if (isBad && !cause.isMended) throw new RangeError(`broken ${where}`);
  };
  const sums: CombineFn<LetterEvent, Partial, number> = {
    name: "sums",
    createAccumulator: () => ({ sum: 0, isBad: false }),
    addInput: ({ sum }, { value }) => ({ sum: sum + value, isBad: value % 13 === 4 }),
    mergeAccumulators: (a, b) => {
      failIf(b.isBad, "in a combiner");
      return { sum: a.sum + b.sum, isBad: a.isBad };
    },
    extractOutput: ({ sum }) => sum,
  };
  const numbered = statefulDoFn<
    { readonly key: string; readonly value: LetterEvent },
    { readonly id: string; readonly count: number }
  >()({
    state: { seen: valueState<number>() },
    process({ value: event }, { state, output }) {
      const count = (state.seen.read() ?? 0) + 1;
      state.seen.write(count);
      failIf(event.value % 13 === 5, "with state");
      output({ id: event.id, count });
    },
  });
  const watermark = watermarks.boundedOutOfOrderness(600, { idle: { minutes: 30 } });
  return pipeline("sim-letters", (p) => {
    const events = p
      .read(pubsub.topic<LetterEvent>("events", { timestamp: (e) => e.time, watermark }))
      .map(
        (event) => {
          failIf(event.value % 13 === 3, "before the shuffle");
          return event;
        },
        { name: "check" },
      )
      .windowInto(fixedWindows(WINDOW_MS), { allowedLateness: { days: 20 } })
      .keyBy(({ key }) => key);
    events
      .combinePerKey(sums)
      .map(
        (pair) => {
          failIf(pair.key === "k2", "behind a pane");
          return pair;
        },
        { name: "format" },
      )
      .write(
        firestore.collection("out", {
          id: ({ key }, { window, pane }) => `${key}@${window.start}#${pane.index}`,
          fields: ({ value }) => ({ value }),
        }),
      );
    events.parDo(numbered).write(firestore.collection("seen", { id: ({ id }) => id }));
  });
}

/** Events, and one so much later that the windows of the others end. */
export function letterEvents(seed: number, length: number): LetterEvent[] {
  const all = eventsOf(seed, length).map((event, i) => ({ ...event, id: `e${i}` }));
  return [...all, { id: "last", key: "k0", value: 0, time: originMs + 60_000 }];
}

/** Elements that fail at every place, mended in the end. */
export function mendedLetters(seed: number): Workload {
  const input = letterEvents(seed, 60);
  const cause = { isMended: false };
  return {
    name: "mended dead letters",
    pipeline: poisoned(cause),
    async feed(mesh) {
      await publishAll(mesh, input);
      // Not mended yet: most fail again.
      await replayAll(mesh, 2);
      cause.isMended = true;
      for (let i = 0; i < ROUNDS_MAX && (await replayAll(mesh, 1)) > 0; i++);
    },
    answer: {
      sums: sumByWindow(input, WINDOW_MS),
      seen: Object.fromEntries(input.map(({ id }) => [id, true])),
      open: [],
    },
    async result(mesh) {
      const seen = [...mesh.store.documents("seen").keys()].sort();
      return {
        sums: mergedPanes(mesh),
        seen: Object.fromEntries(seen.map((id) => [id, true])),
        open: await openIds(mesh),
      };
    },
    deadLetters: "any",
  };
}

const ROUNDS_MAX = 40;

async function openIds(mesh: SimulatedMesh): Promise<string[]> {
  const open = await mesh.store.listDeadLetters({ state: "open", limit: 10_000 });
  return open.map(({ id }) => id);
}

/** Messages that nobody has acknowledged: what failed before the mend may open a letter yet. */
function underWay(mesh: SimulatedMesh): number {
  const topics = mesh.plan.stages.flatMap(({ mailbox, ingest }) =>
    mailbox === undefined ? ["events", ingest?.replay ?? ""] : [mailbox],
  );
  return topics.reduce((sum, topic) => sum + mesh.backlog(topic), 0);
}

/** Sends back all that is open, some times; returns how much there was, or was to come. */
async function replayAll(mesh: SimulatedMesh, times: number): Promise<number> {
  let count = 0;
  for (let i = 0; i < times; i++) {
    const ids = await openIds(mesh);
    count += ids.length + underWay(mesh);
    await mesh.replay(ids);
    await mesh.runFor(3_000);
  }
  return count;
}
