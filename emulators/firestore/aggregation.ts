/**
 * Aggregations over a query's documents: count, sum, average.
 *
 * Owns: their results. Does not own: which documents they are over (query/run.ts).
 *
 * A sum of integers is an integer as long as it fits 64 bits, else a double; an average is always a
 * double, and null over nothing. Documents whose field is no number are left out.
 */
import type { StoredDocument } from "./collection.ts";
import { invalidArgument } from "./errors.ts";
import { type FieldPath, getField, parseFieldPath } from "./field-path.ts";
import { aggregationsMax } from "./limits.ts";
import { numberOf } from "./value-order.ts";
import type { WireAggregation } from "./wire.ts";
import { doubleValue, type Fields, integerValue, nullValue, type Value } from "./wire.ts";

const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);

/** Returns the results by alias. @throws INVALID_ARGUMENT */
export function aggregate(
  documents: readonly StoredDocument[],
  aggregations: readonly WireAggregation[],
): Fields {
  checkAggregations(aggregations);
  const results: Fields = {};
  aggregations.forEach((aggregation, index) => {
    results[aggregation.alias || `field_${index + 1}`] = resultOf(documents, aggregation);
  });
  return results;
}

/** Checks the aggregations themselves. @throws INVALID_ARGUMENT */
export function checkAggregations(aggregations: readonly WireAggregation[]): void {
  if (aggregations.length === 0 || aggregations.length > aggregationsMax) {
    throw invalidArgument(`An aggregation query has 1 to ${aggregationsMax} aggregations.`);
  }
  const aliases = aggregations.map((aggregation) => aggregation.alias).filter(Boolean);
  if (new Set(aliases).size < aliases.length) throw invalidArgument("Two aliases are the same.");
  for (const { count } of aggregations) {
    const upTo = count?.upTo?.value;
    if (count?.upTo && !(Number(upTo ?? 0) > 0)) throw invalidArgument("up_to must be positive.");
  }
}

function resultOf(documents: readonly StoredDocument[], aggregation: WireAggregation): Value {
  const { count, sum, avg } = aggregation;
  if (count) {
    const upTo = count.upTo?.value;
    return integerValue(upTo ? Math.min(documents.length, Number(upTo)) : documents.length);
  }
  if (sum) return sumOf(numbersAt(documents, parseFieldPath(sum.field?.fieldPath ?? "")));
  if (avg) return averageOf(numbersAt(documents, parseFieldPath(avg.field?.fieldPath ?? "")));
  throw invalidArgument("An aggregation has no operator.");
}

function numbersAt(documents: readonly StoredDocument[], path: FieldPath): Value[] {
  const numbers: Value[] = [];
  for (const { fields } of documents) {
    const value = getField(fields, path);
    if (value?.valueType === "integerValue" || value?.valueType === "doubleValue") {
      numbers.push(value);
    }
  }
  return numbers;
}

function sumOf(numbers: readonly Value[]): Value {
  let integers = 0n;
  let doubles = 0;
  let hasDouble = false;
  for (const number of numbers) {
    if (number.valueType === "integerValue") {
      integers += BigInt(number.integerValue);
    } else {
      hasDouble = true;
      doubles += Number(numberOf(number));
    }
  }
  const fits = integers <= int64Max && integers >= int64Min;
  return hasDouble || !fits ? doubleValue(Number(integers) + doubles) : integerValue(integers);
}

function averageOf(numbers: readonly Value[]): Value {
  if (numbers.length === 0) return nullValue();
  const sum = sumOf(numbers);
  return doubleValue(Number(numberOf(sum)) / numbers.length);
}
