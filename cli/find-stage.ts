/**
 * Find stage: the stage of a plan that a word means.
 *
 * Owns: what may stand for a stage: its id, a unique beginning of it, or the name of a transform that
 * runs in it.
 */
import type { MeshPlan, StagePlan } from "../sdk/compile/plan.ts";
import { MeshError } from "../sdk/model/errors.ts";
import { orWords, similarTo } from "./similar.ts";

/**
 * Returns the stage that `word` means.
 *
 * @throws ERR_OPTION if it means none, or several
 */
export function findStage({ pipeline, stages }: MeshPlan, word: string): StagePlan {
  const exact = stages.find(({ id }) => id === word);
  if (exact !== undefined) return exact;
  const beginning = stages.filter(({ id }) => id.startsWith(word));
  const named = stages.filter(({ nodes }) => nodes.some((node) => nameOf(node) === word));
  const found = named.length > 0 ? named : beginning;
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const ids = stages.map(({ id }) => id);
  if (found.length > 1) {
    const several = orWords(found.map(({ id }) => id));
    throw new MeshError(
      "ERR_OPTION",
      `"${word}" may mean ${several} of pipeline ${pipeline}. Give more of the stage's id.`,
    );
  }
  const names = stages.flatMap(({ nodes }) => nodes.map(nameOf));
  const similar = similarTo(word, [...ids, ...names]);
  const hint = similar.length > 0 ? ` Did you mean ${orWords(similar)}?` : "";
  throw new MeshError(
    "ERR_OPTION",
    `Pipeline ${pipeline} has no stage "${word}".${hint} There are: ${ids.join(", ")}.`,
  );
}

/** The name of a node: its id, without the hash of an unnamed one. */
function nameOf(node: string): string {
  return node.replace(/~[0-9a-f]+$/, "");
}
