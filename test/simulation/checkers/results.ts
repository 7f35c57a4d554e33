/**
 * `equals-oracle`, `no-loss`, `no-duplicate`: what comes out is what the input comes to, each once.
 */

import { isDeepStrictEqual } from "node:util";
import type { Workload } from "../workloads/workload.ts";
import type { SimulatedMesh } from "../world/simulated-mesh.ts";
import type { Checker } from "./checker.ts";

/** The result is the oracle's, whatever the difference. */
export const equalsOracle: Checker = {
  name: "equals-oracle",
  promise: "What the mesh wrote is what the input comes to.",
  watch: ({ workload }, report) => ({
    async ended(mesh) {
      const [got, wanted] = await leavesOf(workload, mesh);
      const wrong = differing(got, wanted);
      if (wrong.length > 0) report(wrong.slice(0, 5).join("; "));
      else if (!isDeepStrictEqual(await workload?.result(mesh), workload?.answer)) {
        report("the same values in another shape");
      }
    },
  }),
};

/** Nothing is missing, and no number is too small. */
export const noLoss: Checker = {
  name: "no-loss",
  promise: "Every element of the input has its effect.",
  watch: ({ workload }, report) => ({
    async ended(mesh) {
      const [got, wanted] = await leavesOf(workload, mesh);
      for (const [path, value] of wanted) {
        const is = got.get(path);
        if (is === undefined || less(is, value))
          return report(`${path}: ${is} instead of ${value}`);
      }
    },
  }),
};

/** Nothing is there too much, no number is too big, and no document of a commit is written twice. */
export const noDuplicate: Checker = {
  name: "no-duplicate",
  promise: "No element of the input has its effect twice.",
  watch({ workload, ledger }, report) {
    /** In which order documents were written. */
    const written = new Map<string, number>();
    let count = 0;
    let restMark = 0;
    const marks = new Map<string, number>();
    return {
      // What a snapshot holds is of the last moment at which the job was looked at before it is stored.
      snapshotTaken(_, stage) {
        if (stage === "operator") restMark = count;
      },
      snapshotStored(id) {
        if (!marks.has(id)) marks.set(id, restMark);
      },
      // RE1: what was written since the snapshot is computed again, and written under the same ids.
      stateDeleted() {
        const { change } = ledger.job ?? {};
        const mark = change?.kind === "restore" ? marks.get(change.snapshot ?? "") : undefined;
        if (mark === undefined) return;
        for (const [name, order] of written) if (order >= mark) written.delete(name);
      },
      committed({ commit }) {
        for (const { collection, id } of commit.sinkDocuments) {
          const name = `${collection}/${id}`;
          if (written.has(name)) report(`${name} is written twice`);
          written.set(name, count++);
        }
      },
      async ended(mesh) {
        const [got, wanted] = await leavesOf(workload, mesh);
        for (const [path, is] of got) {
          const value = wanted.get(path);
          if (value === undefined || less(value, is)) {
            return report(`${path}: ${is} instead of ${value}`);
          }
        }
      },
    };
  },
};

type Leaves = ReadonlyMap<string, unknown>;

async function leavesOf(
  workload: Workload | undefined,
  mesh: SimulatedMesh,
): Promise<[Leaves, Leaves]> {
  const got = new Map<string, unknown>();
  const wanted = new Map<string, unknown>();
  spread(await workload?.result(mesh), "", got);
  spread(workload?.answer, "", wanted);
  return [got, wanted];
}

/** Goes down to what is no object. */
function spread(value: unknown, path: string, into: Map<string, unknown>): void {
  if (typeof value !== "object" || value === null) {
    into.set(path, value);
    return;
  }
  for (const [name, part] of Object.entries(value))
    spread(part, path === "" ? name : `${path}.${name}`, into);
}

function differing(got: Leaves, wanted: Leaves): string[] {
  const paths = new Set([...got.keys(), ...wanted.keys()]);
  return [...paths].flatMap((path) => {
    const [is, value] = [got.get(path), wanted.get(path)];
    return Object.is(is, value) ? [] : [`${path}: ${is} instead of ${value}`];
  });
}

/** Whether two numbers are in this order; what is no number is only equal or not. */
function less(a: unknown, b: unknown): boolean {
  return typeof a === "number" && typeof b === "number" && a < b;
}
