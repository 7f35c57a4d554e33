/**
 * Record of combines: several CombineFns over the same inputs, as one.
 *
 * Owns: `{ flights: count(), delay: mean(…) }`. Its accumulator is the list of its parts'
 * accumulators, in the order of the sorted names, so that the order of writing does not matter.
 */
import type { Coder, Json } from "../coders/coder.ts";
import { anyCoder } from "../coders/json-coder.ts";
import { MeshError } from "../model/errors.ts";
import type { CombineFn } from "./combine-fn.ts";

/**
 * What `combinePerKey` and `combineGlobally` take over inputs `I`: one CombineFn with outputs `O`, or
 * a record of them, one for each field of `O`.
 */
export type Combining<I, O> =
  | CombineFn<I, unknown, O>
  | { readonly [P in keyof O]: CombineFn<I, unknown, O[P]> };

type AnyCombineFn = CombineFn<unknown, unknown, unknown>;
type Accumulators = unknown[];

/**
 * Returns one CombineFn for what the author gave.
 *
 * @throws ERR_OPTION if it is neither a CombineFn nor a record of CombineFns
 */
export function toCombineFn(combining: object): AnyCombineFn {
  if (isCombineFn(combining)) return combining;
  const entries = Object.entries(combining).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, fn] of entries) {
    if (!isCombineFn(fn)) throw noCombineFn(`the part "${name}"`);
  }
  if (entries.length === 0) throw noCombineFn("an empty record");
  return combineRecord(entries as [string, AnyCombineFn][]);
}

function isCombineFn(x: unknown): x is AnyCombineFn {
  return typeof (x as Partial<AnyCombineFn> | null)?.addInput === "function";
}

function noCombineFn(what: string): MeshError {
  return new MeshError(
    "ERR_OPTION",
    `Not a CombineFn: ${what}. Give one such as count(), or a record such as { flights: count() }.`,
  );
}

function combineRecord(
  entries: readonly (readonly [string, AnyCombineFn])[],
): CombineFn<unknown, Accumulators, Record<string, unknown>> {
  const fns = entries.map(([, fn]) => fn);
  return {
    name: `{ ${entries.map(([name, fn]) => `${name}: ${fn.name}`).join(", ")} }`,
    createAccumulator: () => fns.map((fn) => fn.createAccumulator()),
    addInput(accumulators, input) {
      // Runs for every element, where an iterator would cost as much as the parts' own work.
      for (let i = 0; i < fns.length; i++) {
        accumulators[i] = (fns[i] as AnyCombineFn).addInput(accumulators[i], input);
      }
      return accumulators;
    },
    mergeAccumulators(accumulators, others) {
      for (let i = 0; i < fns.length; i++) {
        accumulators[i] = (fns[i] as AnyCombineFn).mergeAccumulators(accumulators[i], others[i]);
      }
      return accumulators;
    },
    extractOutput: (accumulators) =>
      Object.fromEntries(entries.map(([name, fn], i) => [name, fn.extractOutput(accumulators[i])])),
    compact: (accumulators) =>
      fns.map((fn, i) =>
        fn.compact === undefined ? accumulators[i] : fn.compact(accumulators[i]),
      ),
    accumulatorCoder: listCoder(fns.map((fn) => fn.accumulatorCoder ?? anyCoder)),
  };
}

function listCoder(coders: readonly Coder<unknown>[]): Coder<Accumulators> {
  return {
    name: `[${coders.map((coder) => coder.name).join(", ")}]`,
    encode: (accumulators) => coders.map((coder, i) => coder.encode(accumulators[i])),
    decode(json: Json) {
      if (!Array.isArray(json) || json.length !== coders.length) {
        throw new MeshError("ERR_DECODE", `A list of ${coders.length} accumulators was expected.`);
      }
      return coders.map((coder, i) => coder.decode(json[i] as Json));
    },
  };
}
