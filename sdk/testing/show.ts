/**
 * Show: values as a failed check prints them, and the text by which two of them are compared.
 *
 * SH1. Two values have the same text if and only if they are equal by value: the order of fields,
 *     and of the entries of a Map or Set, does not count.
 */
import { anyCoder } from "../coders/json-coder.ts";
import { TAG } from "../coders/json-tags.ts";
import { canonicalJson } from "../compile/fingerprint.ts";
import { formatTimestamp } from "../model/time.ts";
import { isGlobalWindow, type Window } from "../model/window.ts";

const CHARS_MAX = 500;

/**
 * Returns the text that all equal values share.
 *
 * @throws ERR_ENCODE if the value is no data
 */
export function equalityText(value: unknown): string {
  return canonicalJson(sorted(anyCoder.encode(value)));
}

/** A copy in which the entries of Maps and Sets stand in one order. */
function sorted(json: unknown): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map(sorted);
  const fields = Object.fromEntries(Object.entries(json).map(([name, v]) => [name, sorted(v)]));
  const { [TAG]: tag, v } = fields;
  if ((tag !== "Map" && tag !== "Set") || !Array.isArray(v)) return fields;
  const byText = v.map((part: unknown) => [canonicalJson(part), part] as const);
  byText.sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...fields, v: byText.map(([, part]) => part) };
}

/** Returns a value as people read it, cut if it is long. */
export function show(value: unknown): string {
  const text = textOf(value);
  return text.length <= CHARS_MAX
    ? text
    : `${text.slice(0, CHARS_MAX)}… (${text.length} characters)`;
}

function textOf(value: unknown): string {
  switch (typeof value) {
    case "object":
      return value === null ? "null" : objectText(value);
    case "string":
      return JSON.stringify(value);
    case "bigint":
      return `${value}n`;
    default:
      return Object.is(value, -0) ? "-0" : String(value);
  }
}

function objectText(value: object): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join(", ")}]`;
  if (value instanceof Date) return `Date(${Number.isNaN(+value) ? "NaN" : value.toISOString()})`;
  if (value instanceof Uint8Array) return `Uint8Array(${value.join(", ")})`;
  if (value instanceof Set) return `Set(${[...value].map(textOf).join(", ")})`;
  if (value instanceof Map) {
    return `Map(${[...value].map(([key, v]) => `${textOf(key)} → ${textOf(v)}`).join(", ")})`;
  }
  const fields = Object.entries(value).map(([name, v]) => `${nameOf(name)}: ${textOf(v)}`);
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}

function nameOf(field: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(field) ? field : JSON.stringify(field);
}

/** Returns a window as people read it. */
export function showWindow(window: Window): string {
  if (isGlobalWindow(window)) return "the global window";
  return `[${formatTimestamp(window.start)}, ${formatTimestamp(window.end)})`;
}
