import fc from "fast-check";
import { expect, test } from "vitest";
import {
  compile,
  count,
  files,
  fixedWindows,
  type MeshPlan,
  type PCollection,
  pipeline,
  pubsub,
  sum,
} from "../../sdk/index.ts";

type Numbers = PCollection<number>;

const branches: readonly ((numbers: Numbers) => void)[] = [
  (n) => n.map((x) => x + 1).write(files.ndjson("a")),
  (n) => n.filter((x) => x > 1, { name: "big" }).write(files.ndjson("b")),
  (n) =>
    n
      .keyBy((x) => x % 2)
      .combinePerKey(sum(), { name: "by parity" })
      .write(files.ndjson("c")),
  (n) => n.combineGlobally(count(), { withoutDefaults: true }).write(files.ndjson("d")),
  (n) => n.reshuffle().write(pubsub.topic("e")),
  (n) => n.apply("Part", (x) => x.flatMap((y) => [y, y])).write(files.ndjson("f")),
];

function planOf(order: readonly number[]): MeshPlan {
  return compile(
    pipeline("numbers", (p) => {
      const numbers = p
        .read(pubsub.topic<number>("numbers"))
        .windowInto(fixedWindows({ minutes: 1 }));
      for (const i of order) branches[i]?.(numbers);
    }),
  );
}

const someBranches = fc.shuffledSubarray([...branches.keys()], { minLength: 1 });

test("a plan does not depend on the order of unrelated applies", () => {
  fc.assert(
    fc.property(someBranches, (order) => {
      const sorted = [...order].sort((a, b) => a - b);
      expect(planOf(order)).toEqual(planOf(sorted));
    }),
  );
});

test("what is added elsewhere renames no stage, no topic and no node", () => {
  const whole = planOf([...branches.keys()]);
  fc.assert(
    fc.property(someBranches, (order) => {
      for (const stage of planOf(order).stages) {
        const same = whole.stages.find(({ id }) => id === stage.id);
        expect(same).toMatchObject({ root: stage.root, mailbox: stage.mailbox });
        expect(same?.nodes).toEqual(expect.arrayContaining([...stage.nodes]));
      }
    }),
  );
});

test("the plan is plain JSON, and its hash the same each time", () => {
  fc.assert(
    fc.property(someBranches, (order) => {
      const plan = planOf(order);
      expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
      expect(planOf(order).hash).toBe(plan.hash);
    }),
  );
});

test("stages stand in topological order: every edge goes from an earlier to a later one", () => {
  fc.assert(
    fc.property(someBranches, (order) => {
      const { stages, edges } = planOf(order);
      const at = (id: string): number => stages.findIndex((stage) => stage.id === id);
      for (const { from, to } of edges) expect(at(from)).toBeLessThan(at(to));
    }),
  );
});
