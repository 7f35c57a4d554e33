/**
 * Run checks: the assertions of a pipeline, when its run has ended.
 *
 * Owns: running every check of every assertion (AS1), and the words of those that fail. Does not
 * own: how the elements came here (emulators/testing).
 */
import { MeshError } from "../model/errors.ts";
import type { NodeId, PipelineGraph } from "../model/graph.ts";
import type { Assertion, Check, Reified } from "./assertion.ts";

/** A check that failed. */
export interface FailedCheck {
  /** What failed, where it is written, and how it differs. */
  readonly words: string;
  readonly error: unknown;
}

/** What came of the checks. */
export interface CheckedRun {
  /** Checks that ran. */
  readonly checks: number;
  readonly failed: readonly FailedCheck[];
}

interface NamedAssertion {
  readonly id: NodeId;
  readonly name: string;
  readonly assertion: Assertion;
}

/**
 * Returns how many checks the assertions of a pipeline make.
 *
 * @throws ERR_PIPELINE if one of them selects elements and checks nothing
 */
export function countChecks(graph: PipelineGraph): number {
  const assertions = assertionsOf(graph);
  for (const { name, assertion } of assertions) {
    const [where] = assertion.unchecked;
    if (where === undefined) continue;
    throw new MeshError(
      "ERR_PIPELINE",
      `"${name}" at ${where} checks nothing. End it with a check, such as .containsInAnyOrder([…]) or .isEmpty().`,
    );
  }
  return assertions.reduce((sum, { assertion }) => sum + assertion.checks.length, 0);
}

/** Runs all checks of a pipeline over the elements that its assertions took, by node. */
export async function runChecks(
  graph: PipelineGraph,
  elements: ReadonlyMap<NodeId, readonly Reified<unknown>[]>,
): Promise<CheckedRun> {
  const failed: FailedCheck[] = [];
  let checks = 0;
  for (const { id, name, assertion } of assertionsOf(graph)) {
    for (const check of assertion.checks) {
      checks++;
      try {
        await check.run(elements.get(id) ?? []);
      } catch (error) {
        failed.push({ words: wordsOf(name, check, error), error });
      }
    }
  }
  return { checks, failed };
}

function assertionsOf(graph: PipelineGraph): NamedAssertion[] {
  return graph.nodes.flatMap(({ id, name, ...node }) =>
    node.kind === "sink" && node.sink.type === "assert"
      ? [{ id, name, assertion: node.sink.assertion }]
      : [],
  );
}

function wordsOf(name: string, { label, where }: Check, error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const lines = text.split("\n").map((line) => `  ${line}`);
  return [`"${name}" (${where}): ${label}`, ...lines].join("\n");
}
