/**
 * enrich: each element with what an outside service says of it.
 *
 * Owns: what an author says of the service, and the DoFn. Does not own: how calls are saved (service.ts),
 * or what follows when one fails: the engine runs the bundle again, and then sets the element aside.
 *
 * @see https://beam.apache.org/documentation/transforms/python/elementwise/enrichment/
 */
import { encodeKey } from "../../coders/key-coder.ts";
import { type Duration, toMs } from "../../model/duration.ts";
import { MeshError } from "../../model/errors.ts";
import type { Composite } from "../composite.ts";
import type { ProcessContext } from "../do-fn.ts";
import { type EnrichClock, realClock } from "./clock.ts";
import { Service, type ServiceOptions } from "./service.ts";

/** An element with what the service said of it. */
export interface Enriched<T, R> {
  readonly element: T;
  readonly response: R;
}

/** How elements become calls. Every figure is for one instance of the function. */
export interface EnrichOptions<T, K, R, O> {
  /** What the service is asked for. Equal keys, by value, share one call. */
  readonly keyOf: (element: T) => K;
  /** Makes the output; `{ element, response }` where left out. */
  readonly join?: (element: T, response: R) => O;
  /** Keeps the answers that were used last, `size` at most, for `ttl`; none where left out. */
  readonly cache?: { readonly size: number; readonly ttl: Duration };
  /** So many calls a second, `burst` at once after a quiet time (1 where left out); any where left out. */
  readonly rate?: { readonly perSecond: number; readonly burst?: number };
  /** Calls under way at once; 16 where left out. */
  readonly concurrency?: number;
  /** @internal For tests. */
  readonly clock?: EnrichClock;
}

/** A service that is asked for one key at a time. */
export interface EnrichOneByOne<T, K, R, O> extends EnrichOptions<T, K, R, O> {
  /** Asks the service. It should give up after a time; what it throws fails the element. */
  readonly call: (key: K) => R | Promise<R>;
}

/** A service that is asked for several keys at once. */
export interface EnrichInBatches<T, K, R, O> extends EnrichOptions<T, K, R, O> {
  /** Asks the service; gives a response for each key, in the same order. */
  readonly callBatch: (keys: readonly K[]) => Promise<readonly R[]>;
  /** Keys of one call at most, and how long the first may wait for others; 0 ms where left out. */
  readonly batch: { readonly size: number; readonly wait?: Duration };
}

const CONCURRENCY_DEFAULT = 16;

/**
 * Each element with what an outside service says of it.
 *
 * A call that fails makes the bundle run again, with all answers that were kept; an element whose call
 * goes on failing becomes a dead letter with ERR_USER_CODE. A message that is delivered again, or a
 * bundle that is run again, asks again: the call should change nothing outside. Where the answer may be
 * another one then, and decides about keys, put `reshuffle()` before it.
 *
 * Figures are for one instance: the platform may run as many as there are shards, and in front of the
 * first shuffle as many as the load asks for.
 *
 * @throws ERR_OPTION if a size, rate or concurrency is out of range
 * @throws ERR_DURATION if a duration can't be read
 * @example
 * orders.apply(enrich({
 *   keyOf: (order: Order) => order.userId,
 *   call: async (id) => (await fetch(`https://users.example/${id}`)).json() as Promise<User>,
 *   cache: { size: 10_000, ttl: { minutes: 5 } },
 *   rate: { perSecond: 50 },
 * }))
 * @see https://beam.apache.org/documentation/transforms/python/elementwise/enrichment/
 */
export function enrich<T, K, R, O = Enriched<T, R>>(
  options: EnrichOneByOne<T, K, R, O> | EnrichInBatches<T, K, R, O>,
): Composite<T, O> {
  const { keyOf } = options;
  const join =
    options.join ?? ((element: T, response: R) => ({ element, response }) as unknown as O);
  const service = new Service(serviceOptions(options));
  const process = (element: T, context: ProcessContext<O>): void | Promise<void> => {
    const key = keyOf(element);
    const text = encodeKey(key);
    const kept = service.kept(text);
    // An answer at hand costs no promise.
    if (kept !== undefined) return context.output(join(element, kept.value));
    return service.ask(key, text).then((response) => context.output(join(element, response)));
  };
  return (input) => input.within("enrich", () => input.parDo<O>({ process }));
}

function serviceOptions<T, K, R, O>(
  options: EnrichOneByOne<T, K, R, O> | EnrichInBatches<T, K, R, O>,
): ServiceOptions<K, R> {
  const { cache, rate, concurrency = CONCURRENCY_DEFAULT, clock = realClock } = options;
  requireWhole("concurrency", concurrency);
  if (cache !== undefined) requireWhole("cache.size", cache.size);
  return {
    ...callsOf(options),
    cache: {
      size: cache?.size ?? 0,
      ttlMs: toMs(cache?.ttl ?? 0, "enrich: cache.ttl"),
    },
    rate: rate === undefined ? undefined : rateOf(rate),
    concurrency,
    clock,
  };
}

function callsOf<T, K, R, O>(
  options: EnrichOneByOne<T, K, R, O> | EnrichInBatches<T, K, R, O>,
): Pick<ServiceOptions<K, R>, "callBatch" | "batch"> {
  if ("call" in options) {
    const { call } = options;
    const callBatch = async ([key]: readonly K[]): Promise<readonly R[]> => [await call(key as K)];
    return { callBatch, batch: { size: 1, waitMs: 0 } };
  }
  const { callBatch, batch } = options;
  requireWhole("batch.size", batch.size);
  return {
    callBatch,
    batch: { size: batch.size, waitMs: toMs(batch.wait ?? 0, "enrich: batch.wait") },
  };
}

function rateOf({
  perSecond,
  burst = 1,
}: {
  readonly perSecond: number;
  readonly burst?: number;
}): {
  readonly perSecond: number;
  readonly burst: number;
} {
  requireWhole("rate.burst", burst);
  if (perSecond > 0 && Number.isFinite(perSecond)) return { perSecond, burst };
  throw new MeshError("ERR_OPTION", `enrich: rate.perSecond must be above 0, not ${perSecond}.`);
}

function requireWhole(name: string, count: number): void {
  if (Number.isSafeInteger(count) && count >= 1) return;
  throw new MeshError(
    "ERR_OPTION",
    `enrich: ${name} must be a whole number of at least 1, not ${count}.`,
  );
}
