/**
 * Service: answers for keys, with as few calls as can be.
 *
 * Owns: the way from a key to a call: kept answer, call under way for an equal key, slot, rate.
 *
 * SV1. For equal keys no second call is made while one is under way, nor while its answer is kept.
 * SV2. A failure is kept by nobody: it fails those who waited for it, and the next call is a new one.
 */

import { Batcher } from "./batcher.ts";
import type { EnrichClock } from "./clock.ts";
import { type Answer, ExpiringCache } from "./expiring-cache.ts";
import { RateLimit } from "./rate-limit.ts";
import { Slots } from "./slots.ts";

/** How a service is called; all figures are for one instance. */
export interface ServiceOptions<K, R> {
  readonly callBatch: (keys: readonly K[]) => Promise<readonly R[]>;
  readonly batch: { readonly size: number; readonly waitMs: number };
  readonly cache: { readonly size: number; readonly ttlMs: number };
  readonly rate: { readonly perSecond: number; readonly burst: number } | undefined;
  readonly concurrency: number;
  readonly clock: EnrichClock;
}

/** Answers for keys, by calls to the outside. */
export class Service<K, R> {
  readonly #cache: ExpiringCache<R>;
  readonly #underWay = new Map<string, Promise<R>>();
  readonly #ask: (key: K) => Promise<R>;

  constructor({ callBatch, batch, cache, rate, concurrency, clock }: ServiceOptions<K, R>) {
    this.#cache = new ExpiringCache(cache.size, cache.ttlMs, clock);
    const slots = new Slots(concurrency);
    const limit = rate === undefined ? undefined : new RateLimit(rate.perSecond, rate.burst, clock);
    const call = (keys: readonly K[]): Promise<readonly R[]> =>
      slots.run(async () => {
        await limit?.take();
        return callBatch(keys);
      });
    if (batch.size > 1) {
      const batcher = new Batcher(batch.size, batch.waitMs, clock, call);
      this.#ask = (key) => batcher.ask(key);
    } else {
      this.#ask = async (key) => (await call([key]))[0] as R;
    }
  }

  /** The answer that is kept for a key, by the key's text. */
  kept(text: string): Answer<R> | undefined {
    return this.#cache.get(text);
  }

  /** The answer for a key, by a call, or by one that is under way already. */
  ask(key: K, text: string): Promise<R> {
    let answer = this.#underWay.get(text);
    if (answer === undefined) {
      answer = this.#call(key, text);
      this.#underWay.set(text, answer);
    }
    return answer;
  }

  async #call(key: K, text: string): Promise<R> {
    try {
      const response = await this.#ask(key);
      this.#cache.set(text, response);
      return response;
    } finally {
      this.#underWay.delete(text);
    }
  }
}
