/**
 * The `where` of a query.
 *
 * Owns: turning it into a predicate, and what can be read off it (inequalities, bounds on the name).
 * Does not own: the order of values (../value-order.ts).
 *
 * F1. A comparison only matches values of its operand's own type; a number never matches NaN.
 * F2. A document without the field matches nothing, not even != and not-in; nor does a null field.
 */
import type { StoredDocument } from "../collection.ts";
import { invalidArgument } from "../errors.ts";
import { namePath, parseFieldPath } from "../field-path.ts";
import { disjunctionsMax, notInValuesMax } from "../limits.ts";
import { checkValue } from "../value-check.ts";
import { compareValues, isNaNValue, typeRank, valuesEqual } from "../value-order.ts";
import type { Value, WireFilter } from "../wire.ts";
import { queriedValue } from "./order.ts";

/** Says whether a document is let through. */
export type Predicate = (document: StoredDocument) => boolean;

type ValueTest = (value: Value) => boolean;

const inequalities = new Set([
  "LESS_THAN",
  "LESS_THAN_OR_EQUAL",
  "GREATER_THAN",
  "GREATER_THAN_OR_EQUAL",
  "NOT_EQUAL",
  "NOT_IN",
  "IS_NOT_NAN",
  "IS_NOT_NULL",
]);

/** Returns the predicate of a filter. @throws INVALID_ARGUMENT */
export function compileFilter(filter: WireFilter | null | undefined): Predicate {
  if (!filter) return () => true;
  if (filter.compositeFilter) return compileComposite(filter.compositeFilter);
  if (filter.unaryFilter) {
    return onField(filter.unaryFilter.field?.fieldPath, unaryTest(filter.unaryFilter.op ?? ""));
  }
  if (filter.fieldFilter) {
    const { field, op, value } = filter.fieldFilter;
    if (!value) throw invalidArgument("A field filter has no value.");
    checkOperand(field?.fieldPath ?? "", value);
    return onField(field?.fieldPath, fieldTest(op ?? "", value));
  }
  throw invalidArgument("A filter has no type.");
}

function compileComposite(composite: NonNullable<WireFilter["compositeFilter"]>): Predicate {
  const predicates = (composite.filters ?? []).map((filter) => compileFilter(filter));
  if (predicates.length === 0) throw invalidArgument("A composite filter has no filters.");
  if (composite.op === "AND") return (document) => predicates.every((test) => test(document));
  if (composite.op !== "OR") throw invalidArgument("A composite filter has no operator.");
  if (predicates.length > disjunctionsMax) {
    throw invalidArgument(`An OR has more than ${disjunctionsMax} filters.`);
  }
  return (document) => predicates.some((test) => test(document));
}

function onField(text: string | undefined, test: ValueTest): Predicate {
  const path = parseFieldPath(text ?? "");
  return (document) => {
    const value = queriedValue(document, path);
    return value !== undefined && test(value);
  };
}

function checkOperand(field: string, value: Value): void {
  checkValue(value);
  if (field !== namePath) return;
  const operands = value.valueType === "arrayValue" ? (value.arrayValue.values ?? []) : [value];
  if (operands.some((operand) => operand.valueType !== "referenceValue")) {
    throw invalidArgument("__key__ filter value must be a Key");
  }
}

function unaryTest(op: string): ValueTest {
  switch (op) {
    case "IS_NULL":
      return isNull;
    case "IS_NOT_NULL":
      return (value) => !isNull(value);
    case "IS_NAN":
      return isNaNValue;
    case "IS_NOT_NAN":
      return (value) => !isNull(value) && !isNaNValue(value);
    default:
      throw invalidArgument(`Unknown unary operator ${op}.`);
  }
}

function fieldTest(op: string, operand: Value): ValueTest {
  switch (op) {
    case "EQUAL":
      return (value) => valuesEqual(value, operand);
    case "NOT_EQUAL":
      return (value) => !isNull(value) && !valuesEqual(value, operand);
    case "ARRAY_CONTAINS":
      return (value) => elementsOf(value).some((element) => valuesEqual(element, operand));
    case "IN":
    case "NOT_IN":
    case "ARRAY_CONTAINS_ANY":
      return manyTest(op, operands(op, operand));
    default:
      return rangeTest(op, operand);
  }
}

function operands(op: string, operand: Value): readonly Value[] {
  const values = operand.valueType === "arrayValue" ? (operand.arrayValue.values ?? []) : [];
  const valuesMax = op === "NOT_IN" ? notInValuesMax : disjunctionsMax;
  if (values.length === 0) throw invalidArgument(`'${op}' requires a non-empty array.`);
  if (values.length > valuesMax)
    throw invalidArgument(`'${op}' has more than ${valuesMax} values.`);
  return values;
}

function manyTest(op: string, values: readonly Value[]): ValueTest {
  const among: ValueTest = (value) =>
    !isNull(value) && values.some((operand) => valuesEqual(value, operand));
  if (op === "IN") return among;
  if (op === "ARRAY_CONTAINS_ANY") return (value) => elementsOf(value).some(among);
  const hasNull = values.some(isNull);
  return (value) => !hasNull && !isNull(value) && !among(value);
}

function rangeTest(op: string, operand: Value): ValueTest {
  const holds = rangeOperators[op];
  if (holds === undefined) throw invalidArgument(`Unknown field operator ${op}.`);
  const rank = typeRank(operand);
  const wantsNaN = isNaNValue(operand);
  return (value) =>
    typeRank(value) === rank &&
    isNaNValue(value) === wantsNaN &&
    holds(compareValues(value, operand));
}

const rangeOperators: Readonly<Record<string, (order: number) => boolean>> = {
  LESS_THAN: (order) => order < 0,
  LESS_THAN_OR_EQUAL: (order) => order <= 0,
  GREATER_THAN: (order) => order > 0,
  GREATER_THAN_OR_EQUAL: (order) => order >= 0,
};

function isNull(value: Value): boolean {
  return value.valueType === "nullValue";
}

function elementsOf(value: Value): readonly Value[] {
  return value.valueType === "arrayValue" ? (value.arrayValue.values ?? []) : [];
}

/** Returns the field paths that a filter has an inequality on, as written. */
export function inequalityFields(filter: WireFilter | null | undefined): string[] {
  if (filter?.compositeFilter)
    return (filter.compositeFilter.filters ?? []).flatMap(inequalityFields);
  const simple = filter?.fieldFilter ?? filter?.unaryFilter;
  if (!simple || !inequalities.has(simple.op ?? "")) return [];
  return [simple.field?.fieldPath ?? ""];
}

/** A bound on the document's name that every result must keep; both kinds are inclusive here. */
export interface NameBound {
  readonly end: "from" | "to";
  readonly name: string;
}

/** Returns bounds on the name that a filter implies; the filter itself still decides. */
export function nameBounds(filter: WireFilter | null | undefined): NameBound[] {
  if (filter?.compositeFilter) {
    if (filter.compositeFilter.op !== "AND") return [];
    return (filter.compositeFilter.filters ?? []).flatMap(nameBounds);
  }
  const simple = filter?.fieldFilter;
  if (simple?.field?.fieldPath !== namePath) return [];
  if (simple.value?.valueType !== "referenceValue") return [];
  const name = simple.value.referenceValue;
  const op = simple.op ?? "";
  const bounds: NameBound[] = [];
  if (op === "EQUAL" || op.startsWith("GREATER_THAN")) bounds.push({ end: "from", name });
  if (op === "EQUAL" || op.startsWith("LESS_THAN")) bounds.push({ end: "to", name });
  return bounds;
}
