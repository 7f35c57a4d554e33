/**
 * Input check: the words in which resource types say which values Google accepts.
 *
 * Owns: the ranges' and patterns' messages. Does not own: the limits themselves (a file a resource
 * type, each with its source).
 *
 * A value that is not known yet passes, and is checked when it is.
 */
import type { CheckFailure } from "../provider.ts";
import { isObject, type Properties, type PropertyValue, UNKNOWN } from "../values.ts";

/** How long something may be, and what it may consist of. */
export interface TextRule {
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  /** What the pattern says, in words. */
  readonly words?: string;
}

/** Which numbers are accepted. */
export interface NumberRule {
  readonly min: number;
  readonly max: number;
}

/** Checks the inputs of one resource. */
export class InputCheck {
  readonly failures: CheckFailure[] = [];
  readonly inputs: Properties;

  constructor(inputs: Properties) {
    this.inputs = inputs;
  }

  /** What stands at a path, `pushConfig.oidcToken.audience` or `fields[0]`; undefined if not known. */
  at(path: string): PropertyValue | undefined {
    let value: PropertyValue | undefined = this.inputs;
    for (const name of path.split(/[.[\]]+/).filter((each) => each !== "")) {
      if (Array.isArray(value)) value = (value as readonly PropertyValue[])[Number(name)];
      else value = isObject(value) ? value[name] : undefined;
    }
    return value === UNKNOWN || value === null ? undefined : value;
  }

  /** How many stand in a list. */
  count(path: string): number {
    const value = this.at(path);
    return Array.isArray(value) ? value.length : 0;
  }

  fail(path: string, reason: string): void {
    this.failures.push({ property: path, reason });
  }

  text(path: string, { min = 0, max = Number.POSITIVE_INFINITY, pattern, words }: TextRule): void {
    const value = this.at(path);
    if (typeof value !== "string") return;
    if (value.length < min || value.length > max) {
      const range = max === Number.POSITIVE_INFINITY ? `${min} or more` : `${min} to ${max}`;
      this.fail(path, `"${value}" has ${value.length} characters; it must have ${range}`);
    }
    if (pattern !== undefined && !pattern.test(value)) {
      this.fail(path, `"${value}" is not of the form ${words ?? String(pattern)}`);
    }
  }

  number(path: string, { min, max }: NumberRule): void {
    const value = this.at(path);
    if (typeof value !== "number") return;
    if (value < min || value > max) this.fail(path, `${value} is not between ${min} and ${max}`);
  }

  oneOf(path: string, accepted: readonly string[]): void {
    const value = this.at(path);
    if (typeof value !== "string" || accepted.includes(value)) return;
    this.fail(path, `"${value}" is none of ${accepted.join(", ")}`);
  }

  /** A duration as Google writes it, `600s` or `1.5s`; the rule is in seconds. */
  duration(path: string, { min, max }: NumberRule): void {
    const value = this.at(path);
    if (typeof value !== "string") return;
    const [, seconds] = /^(\d+(?:\.\d{1,9})?)s$/.exec(value) ?? [];
    if (seconds === undefined) this.fail(path, `"${value}" is no duration such as 600s`);
    else if (Number(seconds) < min || Number(seconds) > max) {
      this.fail(path, `${value} is not between ${min}s and ${max}s`);
    }
  }

  /** At most 64 labels. Source: cloud.google.com/resource-manager/docs/labels-overview. */
  labels(path = "labels"): void {
    const labels = this.at(path);
    if (!isObject(labels)) return;
    const names = Object.keys(labels);
    if (names.length > LABELS_MAX) this.fail(path, `at most ${LABELS_MAX} labels are accepted`);
    for (const name of names) {
      if (!/^\p{Ll}[\p{Ll}\d_-]{0,62}$/u.test(name)) {
        this.fail(
          `${path}.${name}`,
          "a label's name has lower-case letters, digits, _ and -, at most 63",
        );
      }
      const value = labels[name];
      if (typeof value === "string" && value !== UNKNOWN && !/^[\p{Ll}\d_-]{0,63}$/u.test(value)) {
        this.fail(
          `${path}.${name}`,
          `"${value}" may have lower-case letters, digits, _ and -, at most 63`,
        );
      }
    }
  }
}

const LABELS_MAX = 64;
