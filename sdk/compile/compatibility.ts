/**
 * Compatibility: an old plan and a new one → what becomes of each stage's state. Pure.
 *
 * Owns: which stage of the new plan goes on with the state of which old one, and why one can't. Does
 * not own: moving state (functions/control/), the words of a table (cli/).
 *
 * CO1. Nothing is guessed: a stage goes on with the state of the stage of its own id, or of the one
 *      that a rename names. What looks renamed is only suggested.
 * CO2. State that would be lost is a reason to refuse, unless the author gave it up by name.
 */
import type { Json } from "../coders/coder.ts";
import { MeshError } from "../model/errors.ts";
import { orWords, similarTo } from "../model/similar.ts";
import { canonicalJson } from "./fingerprint.ts";
import type { MeshPlan, StagePlan } from "./plan.ts";

/** What the author says about the change. */
export interface UpdateOptions {
  /** Names of transforms that begin stages: the old one's → the new one's. */
  readonly renames?: Readonly<Record<string, string>>;
  /** Names of transforms whose state is given up. */
  readonly drops?: readonly string[];
}

/** What becomes of a stage. */
export type StageVerdict = "same" | "renamed" | "resharded" | "new" | "removed" | "incompatible";

/** One stage of either plan, or of both. */
export interface StageComparison {
  readonly verdict: StageVerdict;
  readonly old: StagePlan | undefined;
  readonly new: StagePlan | undefined;
  /** Why it is incompatible, each with the property, old and new. */
  readonly reasons: readonly string[];
  /** What the author can do about it. */
  readonly waysOut: readonly string[];
}

/** What becomes of every stage. */
export interface PlanComparison {
  readonly stages: readonly StageComparison[];
  readonly isCompatible: boolean;
}

/** Stages that keep nothing which an update could lose, but for ids of messages taken lately. */
const KEEPS_NOTHING: ReadonlySet<Json | undefined> = new Set(["reshuffle"]);

/**
 * Compares two plans of a pipeline.
 *
 * @throws ERR_OPTION if a rename or a drop matches no stage, or more than one
 */
export function comparePlans(
  old: MeshPlan,
  next: MeshPlan,
  { renames = {}, drops = [] }: UpdateOptions = {},
): PlanComparison {
  const renamed = new Map<StagePlan, StagePlan>();
  for (const [from, to] of Object.entries(renames)) {
    renamed.set(findStage(old, from, "the running plan"), findStage(next, to, "the new plan"));
  }
  const dropped = new Set(drops.map((name) => findStage(old, name, "the running plan")));
  const taken = new Set(renamed.values());
  const partner = (stage: StagePlan): StagePlan | undefined => {
    if (dropped.has(stage)) return undefined;
    const named = renamed.get(stage);
    if (named !== undefined) return named;
    return next.stages.find((each) => each.id === stage.id && !taken.has(each));
  };
  const pairs = old.stages.map((stage) => [stage, partner(stage)] as const);
  const continued = new Set(pairs.map(([, to]) => to));
  const fresh = next.stages.filter((stage) => !continued.has(stage));
  const lost = pairs.flatMap(([from, to]) =>
    to === undefined && !dropped.has(from) ? [from] : [],
  );
  const stages = [
    ...pairs.map(([from, to]) =>
      to === undefined ? compareGone(from, dropped.has(from), lost, fresh) : comparePair(from, to),
    ),
    ...fresh.map((stage) => comparison("new", undefined, stage)),
  ];
  return { stages, isCompatible: stages.every(({ verdict }) => verdict !== "incompatible") };
}

/**
 * Refuses an update that would not fit the stored state.
 *
 * @throws ERR_UPDATE_INCOMPATIBLE with all reasons and ways out
 */
export function requireCompatible(old: MeshPlan, { stages }: PlanComparison): void {
  const faults = stages.filter(({ verdict }) => verdict === "incompatible");
  if (faults.length === 0) return;
  const words = faults.map(({ old: from, reasons, waysOut }) => {
    const lines = [...reasons, ...waysOut.map((way) => `→ ${way}`)];
    return `"${from?.name}" (stage ${from?.id}):\n${lines.map((line) => `  ${line}`).join("\n")}`;
  });
  throw new MeshError(
    "ERR_UPDATE_INCOMPATIBLE",
    `The stored state of pipeline ${old.pipeline} does not fit the new plan; nothing was changed.\n` +
      words.join("\n"),
  );
}

function comparePair(from: StagePlan, to: StagePlan): StageComparison {
  const reasons = differences(from.signature, to.signature).map(
    ([property, before, after]) => `${property} was ${wordsOf(before)} and is ${wordsOf(after)}.`,
  );
  if (from.kind !== to.kind)
    reasons.unshift(`It began with ${from.kind}, and now with ${to.kind}.`);
  if (reasons.length > 0) {
    const waysOut = [
      "Keep what it was: stored keys, values and windows have that form.",
      `Give its state up: --drop ${JSON.stringify(from.name)}.`,
      "Or drain the job first, and start the new plan afresh.",
    ];
    return { verdict: "incompatible", old: from, new: to, reasons, waysOut };
  }
  const isRenamed = from.id !== to.id;
  const isResharded = from.shards !== to.shards;
  return comparison(isRenamed ? "renamed" : isResharded ? "resharded" : "same", from, to);
}

function compareGone(
  from: StagePlan,
  isDropped: boolean,
  lost: readonly StagePlan[],
  fresh: readonly StagePlan[],
): StageComparison {
  const keepsNothing = from.kind === "ingest" || KEEPS_NOTHING.has(from.signature["kind"]);
  if (isDropped || keepsNothing) return comparison("removed", from, undefined);
  const name = JSON.stringify(from.name);
  return {
    verdict: "incompatible",
    old: from,
    new: undefined,
    reasons: ["The new plan has no such stage, and what is stored for it would be lost."],
    waysOut: [
      ...suggestions(from, lost, fresh),
      `Give its state up: --drop ${name}.`,
      "Or drain the job first, and start the new plan afresh.",
    ],
  };
}

/** One stage is gone, one that keeps the same is new: most likely it was renamed. */
function suggestions(
  from: StagePlan,
  lost: readonly StagePlan[],
  fresh: readonly StagePlan[],
): string[] {
  const alike = (stage: StagePlan): boolean => stage.fingerprint === from.fingerprint;
  const candidates = fresh.filter(alike);
  if (candidates.length === 0) return [];
  const isObvious = candidates.length === 1 && lost.filter(alike).length === 1;
  const renames = candidates.map((to) => `--rename ${JSON.stringify(renameOf(from, to))}`);
  return isObvious
    ? [`It looks renamed. If it is: ${renames[0]}.`]
    : [`If it was renamed, it is one of: ${renames.join(", ")}.`];
}

/** Where both have one name, their ids tell them apart. */
function renameOf(from: StagePlan, to: StagePlan): string {
  return from.name === to.name ? `${from.id}=${to.id}` : `${from.name}=${to.name}`;
}

function comparison(
  verdict: StageVerdict,
  old: StagePlan | undefined,
  next: StagePlan | undefined,
): StageComparison {
  return { verdict, old, new: next, reasons: [], waysOut: [] };
}

/** By the name of its transform, or by its id. */
function findStage(plan: MeshPlan, name: string, which: string): StagePlan {
  const found = plan.stages.filter((stage) => stage.name === name || stage.id === name);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const names = [...new Set(plan.stages.map((stage) => stage.name))];
  throw new MeshError(
    "ERR_OPTION",
    found.length > 1
      ? `"${name}" begins ${found.length} stages of ${which}: say which by its id, ${found.map(({ id }) => id).join(" or ")}.`
      : `"${name}" begins no stage of ${which}.${didYouMean(name, names)} There are: ${names.join(", ")}.`,
  );
}

function didYouMean(name: string, names: readonly string[]): string {
  const ofScopes = names.filter((each) => each.endsWith(`/${name}`));
  const near = ofScopes.length > 0 ? ofScopes : similarTo(name, names);
  return near.length === 0 ? "" : ` Did you mean ${orWords(near.map((each) => `"${each}"`))}?`;
}

type Difference = readonly [property: string, before: Json | undefined, after: Json | undefined];

/** The properties, by their paths, in which two signatures differ. */
function differences(before: Json | undefined, after: Json | undefined, path = ""): Difference[] {
  if (canonicalJson(before) === canonicalJson(after)) return [];
  if (!isRecord(before) || !isRecord(after)) return [[path, before, after]];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) =>
    differences(before[name], after[name], path === "" ? name : `${path}.${name}`),
  );
}

function isRecord(json: Json | undefined): json is { readonly [name: string]: Json } {
  return typeof json === "object" && json !== null;
}

function wordsOf(json: Json | undefined): string {
  return json === undefined ? "nothing" : canonicalJson(json);
}
