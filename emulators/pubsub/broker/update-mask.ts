/**
 * Field masks of Update calls.
 *
 * Owns: copying the named fields. Does not own: whether the values are valid (settings.ts).
 */
import { invalidArgument } from "../names.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Returns `current` with the fields that the mask names taken from `wanted`.
 *
 * @param mutable - fields that may be changed, in the JSON spelling (`ackDeadlineSeconds`)
 * @throws StatusError INVALID_ARGUMENT for an empty mask, or a field that can't be changed
 */
export function applyMask<T extends Fields>(options: {
  readonly current: T;
  readonly wanted: T;
  readonly paths: readonly string[];
  readonly mutable: ReadonlySet<string>;
}): T {
  const { current, wanted, paths, mutable } = options;
  if (paths.length === 0) {
    throw invalidArgument("The update_mask in the request must not be empty.");
  }
  let result: Fields = current;
  for (const path of paths) {
    const steps = path.split(".").map(toJsonSpelling);
    if (!mutable.has(steps[0] ?? "")) {
      throw invalidArgument(
        `Invalid update_mask provided in the request: the field ${path} is unknown or can't be ` +
          "changed.",
      );
    }
    result = copyField(result, wanted, steps);
  }
  // The copy has the fields of T only: each step is taken from a T.
  return result as T;
}

function toJsonSpelling(step: string): string {
  return step.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function copyField(target: unknown, source: unknown, steps: readonly string[]): Fields {
  const [step, ...rest] = steps;
  const from = isFields(source) ? source : {};
  const to = isFields(target) ? target : {};
  if (step === undefined) return to;
  const value = rest.length === 0 ? from[step] : copyField(to[step], from[step], rest);
  return { ...to, [step]: value };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}
