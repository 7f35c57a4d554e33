/**
 * Field transforms: values that the server computes from what is stored.
 *
 * Owns: the result of each transform. Does not own: their number in a document (write.ts).
 *
 * T1. The server's time has milliseconds, and is the same for all transforms of one commit.
 * T2. An increment of integers saturates at 64 bits; with a double on either side it is a double.
 */
import { invalidArgument } from "./errors.ts";
import { getField, parseFieldPath, withField } from "./field-path.ts";
import { toTimestamp } from "./time.ts";
import { checkValue } from "./value-check.ts";
import { compareValues, isNaNValue, numberOf, valuesEqual } from "./value-order.ts";
import {
  arrayValue,
  doubleValue,
  type Fields,
  type FieldTransform,
  integerValue,
  nullValue,
  type Value,
} from "./wire.ts";

const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);
const microsPerMs = 1_000;

/** The fields after some transforms, and what each transform answers to the writer. */
interface Transformed {
  readonly fields: Fields;
  readonly results: readonly Value[];
}

interface Change {
  readonly value: Value;
  /** What the writer is told; array transforms answer null. */
  readonly result: Value;
}

/** Returns the fields with the transforms done, in order. @throws INVALID_ARGUMENT */
export function applyTransforms(
  before: Fields,
  transforms: readonly FieldTransform[],
  commitMicros: number,
): Transformed {
  let fields = before;
  const results: Value[] = [];
  for (const transform of transforms) {
    const path = parseFieldPath(transform.fieldPath ?? "");
    const change = changeOf(getField(fields, path), transform, commitMicros);
    fields = withField(fields, path, change.value);
    results.push(change.result);
  }
  return { fields, results };
}

function changeOf(
  stored: Value | undefined,
  transform: FieldTransform,
  commitMicros: number,
): Change {
  if (transform.setToServerValue === "REQUEST_TIME") return same(serverTime(commitMicros));
  if (transform.increment) return same(incremented(stored, numeric(transform.increment)));
  if (transform.maximum) return same(extremum(stored, numeric(transform.maximum), 1));
  if (transform.minimum) return same(extremum(stored, numeric(transform.minimum), -1));
  if (transform.appendMissingElements) {
    const value = appended(stored, checked(transform.appendMissingElements.values ?? []));
    return { value, result: nullValue() };
  }
  if (transform.removeAllFromArray) {
    const value = removed(stored, checked(transform.removeAllFromArray.values ?? []));
    return { value, result: nullValue() };
  }
  throw invalidArgument("A field transform has no transform type.");
}

function same(value: Value): Change {
  return { value, result: value };
}

function serverTime(commitMicros: number): Value {
  const wholeMicros = commitMicros - (commitMicros % microsPerMs);
  return { valueType: "timestampValue", timestampValue: toTimestamp(wholeMicros) };
}

function numeric(operand: Value): Value {
  if (isNumber(operand)) return operand;
  throw invalidArgument("The operand of a numeric transform must be a number.");
}

function isNumber(value: Value | undefined): value is Value {
  return value?.valueType === "integerValue" || value?.valueType === "doubleValue";
}

function incremented(stored: Value | undefined, operand: Value): Value {
  if (!isNumber(stored)) return operand;
  if (stored.valueType === "integerValue" && operand.valueType === "integerValue") {
    const sum = BigInt(stored.integerValue) + BigInt(operand.integerValue);
    if (sum > int64Max) return integerValue(int64Max);
    return integerValue(sum < int64Min ? int64Min : sum);
  }
  return doubleValue(Number(numberOf(stored)) + Number(numberOf(operand)));
}

// An equal number keeps the stored one, with its type. NaN with anything is NaN.
function extremum(stored: Value | undefined, operand: Value, sign: 1 | -1): Value {
  if (!isNumber(stored) || isNaNValue(operand)) return operand;
  if (isNaNValue(stored)) return stored;
  return compareValues(operand, stored) * sign > 0 ? operand : stored;
}

function checked(values: readonly Value[]): readonly Value[] {
  for (const value of values) checkValue(value, 1);
  return values;
}

function elementsOf(stored: Value | undefined): readonly Value[] {
  return stored?.valueType === "arrayValue" ? (stored.arrayValue.values ?? []) : [];
}

function appended(stored: Value | undefined, values: readonly Value[]): Value {
  const elements = [...elementsOf(stored)];
  for (const value of values) {
    if (!elements.some((element) => valuesEqual(element, value))) elements.push(value);
  }
  return arrayValue(elements);
}

function removed(stored: Value | undefined, values: readonly Value[]): Value {
  const kept = elementsOf(stored).filter(
    (element) => !values.some((value) => valuesEqual(element, value)),
  );
  return arrayValue(kept);
}
