/**
 * Batcher: keys that are asked for at about the same time, in one call.
 */
import type { EnrichClock } from "./clock.ts";

interface Asked<K, R> {
  readonly key: K;
  readonly resolve: (response: R) => void;
  readonly reject: (error: unknown) => void;
}

/** Gathers keys until there are `size` of them, or until the first has waited for `waitMs`. */
export class Batcher<K, R> {
  readonly #size: number;
  readonly #waitMs: number;
  readonly #clock: EnrichClock;
  readonly #call: (keys: readonly K[]) => Promise<readonly R[]>;
  #gathered: Asked<K, R>[] = [];

  constructor(
    size: number,
    waitMs: number,
    clock: EnrichClock,
    call: (keys: readonly K[]) => Promise<readonly R[]>,
  ) {
    this.#size = size;
    this.#waitMs = waitMs;
    this.#clock = clock;
    this.#call = call;
  }

  /** Resolves with the response for this key, when the call with it has ended. */
  ask(key: K): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#gathered.push({ key, resolve, reject });
      if (this.#gathered.length >= this.#size) void this.#send();
      else if (this.#gathered.length === 1) void this.#sendLater(this.#gathered);
    });
  }

  async #sendLater(batch: readonly Asked<K, R>[]): Promise<void> {
    await this.#clock.sleep(this.#waitMs);
    // It may have been sent meanwhile, for it was full.
    if (batch === this.#gathered) await this.#send();
  }

  /** Never rejects: who asked is told. */
  async #send(): Promise<void> {
    const batch = this.#gathered;
    this.#gathered = [];
    try {
      const responses = await this.#call(batch.map(({ key }) => key));
      if (responses.length !== batch.length) {
        throw new RangeError(
          `enrich: callBatch gave ${responses.length} responses for ${batch.length} keys.`,
        );
      }
      for (const [i, { resolve }] of batch.entries()) resolve(responses[i] as R);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
