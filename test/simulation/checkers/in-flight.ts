/**
 * In flight: bundles that are promised and not received, as the ledger knows them, for the checkers
 * of watermarks. Written anew and simply, so that it shares no mistake with functions/watermark.ts.
 */
import type { ShardProgress } from "../../../functions/head.ts";
import type { Job } from "../../../functions/job.ts";
import type { Register } from "../../../functions/register.ts";
import type { MeshPlan } from "../../../sdk/compile/plan.ts";
import { bundleKey } from "../world/ledger.ts";
import { today } from "./generations.ts";

/** A bundle, or a range of bundles, on its way. */
export interface OnTheWay {
  readonly from: string;
  readonly to: string;
  readonly minTime: number;
  /** Says what it is, for people. */
  readonly what: string;
}

/** Returns whether a shard has received a bundle. */
export function hasReceived(
  progress: ShardProgress | undefined,
  producer: string,
  sequence: number,
): boolean {
  const intervals = progress?.received[producer]?.[0] ?? [];
  for (let i = 0; i < intervals.length; i += 2) {
    if ((intervals[i] ?? 0) <= sequence && sequence <= (intervals[i + 1] ?? -1)) return true;
  }
  return false;
}

/**
 * Returns all that is on its way.
 *
 * @param counts - whether a bundle that a shard has sent is to be looked at, by `bundleKey`
 */
export function onTheWay(
  heads: ReadonlyMap<string, ShardProgress>,
  registers: Iterable<Register>,
  job: Job | undefined,
  counts: (bundle: string) => boolean = () => true,
): OnTheWay[] {
  const own = [...registers].map((register) => today(register, job));
  return [...own.flatMap((register) => planned(heads, register)), ...sentBy(heads, counts)];
}

function planned(
  heads: ReadonlyMap<string, ShardProgress>,
  { stage: from, producer, sends }: Register,
): OnTheWay[] {
  return sends.flatMap(([to, shard, sequence, minTime]) => {
    if (hasReceived(heads.get(`${to}/${shard}`), producer, sequence)) return [];
    return [{ from, to, minTime, what: `bundle ${sequence} of register ${producer}` }];
  });
}

function sentBy(
  heads: ReadonlyMap<string, ShardProgress>,
  counts: (bundle: string) => boolean,
): OnTheWay[] {
  const isOpen = (producer: string, target: string, n: number): boolean =>
    !hasReceived(heads.get(target), producer, n) && counts(bundleKey(producer, target, n));
  return [...heads].flatMap(([producer, { sent }]) =>
    Object.entries(sent).flatMap(([target, { ranges }]) =>
      ranges.flatMap(([first, last, minTime]): OnTheWay[] => {
        let open = 0;
        for (let n = first; n <= last; n++) open += Number(isOpen(producer, target, n));
        if (open === 0) return [];
        const what = `${open} of bundles ${first} to ${last} from ${producer} to ${target}`;
        return [{ from: stageOf(producer), to: stageOf(target), minTime, what }];
      }),
    ),
  );
}

/** The stage of `stage/shard`. */
export function stageOf(key: string): string {
  return key.slice(0, key.lastIndexOf("/"));
}

/** Names of the side inputs of `to` whose elements come from `from`; none: it is the main input. */
export function sidesOf({ edges }: MeshPlan, from: string, to: string): string[] {
  return edges.flatMap((edge) =>
    edge.from === from && edge.to === to && edge.side !== undefined ? [edge.side] : [],
  );
}
