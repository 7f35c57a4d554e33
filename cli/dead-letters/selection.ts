/**
 * Selection: which dead letters a command means.
 *
 * Owns: filters, ids, and what is said when nothing matches. Does not own: what is then done.
 */
import { type LetterSummary, summaryOf } from "../../functions/dead-letters/record.ts";
import type { DeadLetterListed, DeadLetterQuery, Store } from "../../functions/ports.ts";
import type { MeshPlan } from "../../sdk/compile/plan.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import { orWords, similarTo } from "../similar.ts";

/** Filters as options give them; all that are given must hold. */
export interface LetterFilters {
  readonly stage?: string;
  readonly code?: string;
  readonly transform?: string;
  readonly match?: string;
  /** Processing time, in ms. */
  readonly since?: number;
  /** Processing time, in ms. */
  readonly until?: number;
  readonly state?: DeadLetterListed["state"] | "any";
}

/** A letter as commands work with it. */
export interface Letter extends DeadLetterListed {
  readonly told: LetterSummary;
}

/** Letters that one command works with at most: it says so when there are more. */
export const LETTERS_MAX = 10_000;

const PAGE = 500;

/** Whether any filter but the state is given. */
export function hasFilter({ state: _, ...filters }: LetterFilters): boolean {
  const { stage, code, transform, match, since, until } = filters;
  return [stage, code, transform, match, since, until].some((each) => each !== undefined);
}

/**
 * Returns the letters that filters let through, newest first; open ones where no state is given.
 *
 * @throws ERR_OPTION if the pipeline has no such stage
 */
export async function findLetters(
  store: Store,
  plan: MeshPlan,
  filters: LetterFilters,
  limit: number = LETTERS_MAX,
): Promise<Letter[]> {
  const { transform = "", match = "" } = filters;
  const query = queryOf(plan, filters);
  const found: Letter[] = [];
  for (let after: DeadLetterListed | undefined; ; ) {
    const page = await store.listDeadLetters({ ...query, ...(after && { after }) });
    for (const letter of page) {
      const told = summaryOf(letter);
      if (!holds(told.transform, transform) || !holds(told.message, match)) continue;
      found.push({ ...letter, told });
      if (found.length === limit) return found;
    }
    after = page.at(-1);
    if (page.length < PAGE) return found;
  }
}

/**
 * Returns letters by their ids.
 *
 * @throws ERR_OPTION if one is not there, with those that are similar
 */
export async function lettersById(store: Store, ids: readonly string[]): Promise<Letter[]> {
  const letters: Letter[] = [];
  for (const id of ids) {
    const [letter] = await store.readDeadLetters([id]);
    if (letter === undefined) throw await unknownLetter(store, id);
    letters.push({ ...letter, told: summaryOf(letter) });
  }
  return letters;
}

function queryOf(plan: MeshPlan, filters: LetterFilters): DeadLetterQuery {
  const { stage, code, since, until, state = "open" } = filters;
  return {
    limit: PAGE,
    ...(stage !== undefined && { stage: stageOf(plan, stage) }),
    ...(code !== undefined && { code: code.toUpperCase() }),
    ...(state !== "any" && { state }),
    ...(since !== undefined && { sinceMs: since }),
    ...(until !== undefined && { untilMs: until }),
  };
}

async function unknownLetter(store: Store, id: string): Promise<MeshError> {
  const known = await store.listDeadLetters({ limit: 1_000 });
  const similar = similarTo(
    id,
    known.map((letter) => letter.id),
  );
  const hint = similar.length > 0 ? ` Did you mean ${orWords(similar)}?` : "";
  return new MeshError(
    "ERR_OPTION",
    `There is no dead letter "${id}".${hint} \`tidemark dead-letters list\` shows which there are.`,
  );
}

/** A stage's id, or the beginning of one alone. */
function stageOf(plan: MeshPlan, text: string): string {
  const ids = plan.stages.map(({ id }) => id);
  const meant = ids.filter((id) => id === text || id.startsWith(text));
  const [only] = meant;
  if (ids.includes(text)) return text;
  if (only !== undefined && meant.length === 1) return only;
  throw new MeshError(
    "ERR_OPTION",
    meant.length > 1
      ? `--stage ${text} may be ${orWords(meant)}.`
      : `The pipeline has no stage "${text}". There are: ${ids.join(", ")}.`,
  );
}

function holds(text: string, part: string): boolean {
  return text.toLowerCase().includes(part.toLowerCase());
}
