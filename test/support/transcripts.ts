/**
 * Transcripts: what a grouping must emit, step by step, as data.
 *
 * Owns: the form of a transcript, its check and its run. Each pane must be expected in the step that
 * follows what fired it, and nothing else may come; a key that is not known makes a transcript
 * invalid, so that no misspelt expectation passes. test/transcripts/must-fail holds transcripts that
 * the runner must refuse.
 */
import { isDeepStrictEqual } from "node:util";
import type { Firing } from "../../functions/grouping.ts";
import {
  afterAll,
  afterAny,
  afterCount,
  afterEach,
  afterProcessingTime,
  afterWatermark,
  calendarWindows,
  defaultTrigger,
  fixedWindows,
  globalWindow,
  never,
  orFinally,
  type ProcessingTimeStep,
  repeatedly,
  sessions,
  slidingWindows,
  type TriggerSpec,
  type WindowFnSpec,
  type WindowOptions,
} from "../../sdk/index.ts";
import { MAX_TIMESTAMP } from "../../sdk/model/time.ts";
import { GLOBAL_WINDOW, maxTimestamp, windowKey } from "../../sdk/model/window.ts";
import {
  type DrivenElement,
  type DrivenMode,
  GroupingDriver,
  groupingNode,
} from "./grouping-driver.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Ways to run a transcript, none of which may make a difference. */
export const drivenModes: Readonly<Record<string, DrivenMode>> = {
  "kept open": { reopens: false, firingsMax: 1_000 },
  "reopened after each step": { reopens: true, firingsMax: 1_000 },
  "reopened after each pane": { reopens: true, firingsMax: 1 },
};

/**
 * Runs a transcript.
 *
 * @throws Error that says which step does not hold, or what in the transcript is not known
 */
export function runTranscript(transcript: unknown, mode: DrivenMode): void {
  const { windowing, transform, steps } = fieldsOf(transcript, "the transcript", {
    about: true,
    windowing: true,
    transform: false,
    steps: true,
  });
  const kind = transform === "sum" ? "combinePerKey" : "groupByKey";
  const { windows, ...options } = fieldsOf(windowing, "windowing", {
    windows: true,
    trigger: false,
    accumulation: false,
    allowedLateness: false,
    closing: false,
    onTime: false,
    timestampCombiner: false,
  });
  const spec = options["trigger"];
  const read = spec === undefined ? options : { ...options, trigger: triggerOf(spec) };
  const node = groupingNode(kind, windowsOf(windows), read as WindowOptions);
  const run = new Run(new GroupingDriver(node, mode));
  (steps as unknown[]).forEach((step, i) => {
    run.step(step, `step ${i + 1}`);
  });
  run.end();
}

/** One run of a transcript. */
class Run {
  readonly #driver: GroupingDriver;
  /** Panes that no step has expected yet, and where they came. */
  #panes: Firing[] = [];
  #firedBy = "";

  constructor(driver: GroupingDriver) {
    this.#driver = driver;
  }

  step(step: unknown, where: string): void {
    const fields = fieldsOf(step, where, {
      elements: false,
      watermark: false,
      processingTime: false,
      synchronized: false,
      expect: false,
      dropped: false,
      output: false,
      hold: false,
      state: false,
    });
    const [name = "", ...others] = Object.keys(fields);
    if (name === "" || others.length > 0) throw new Error(`${where}: a step does one thing`);
    const check = this.#checks[name];
    if (check !== undefined) {
      check(fields[name], where);
      return;
    }
    this.end();
    this.#actions[name]?.(fields[name]);
    this.#panes = this.#driver.take();
    this.#firedBy = where;
  }

  /** Fails if a pane came that no step expected. */
  end(): void {
    const [pane] = this.#panes;
    if (pane === undefined) return;
    throw new Error(`${this.#firedBy}: unexpected pane ${JSON.stringify(shown(pane))}`);
  }

  readonly #actions: Readonly<Record<string, (value: unknown) => void>> = {
    elements: (value) => this.#driver.add((value as unknown[][]).map(elementOf)),
    watermark: (value) => this.#driver.advanceWatermark(timeOf(value)),
    processingTime: (value) => this.#driver.advanceProcessingTime(Number(value)),
    synchronized: () => this.#driver.synchronize(),
  };

  readonly #checks: Readonly<Record<string, (value: unknown, where: string) => void>> = {
    expect: (value, where) => {
      for (const expected of value as unknown[]) this.#expect(expected, where);
    },
    dropped: (value, where) => {
      const counts = fieldsOf(value, where, { late: false, closed: false });
      const expected = { late: 0, closed: 0, ...counts };
      requireEqual(this.#driver.dropped, expected, `${where}: dropped`);
    },
    output: (value, where) => {
      requireEqual(this.#driver.watermarks[1], timeOf(value), `${where}: output watermark`);
    },
    hold: (value, where) => {
      const hold = value === "none" ? MAX_TIMESTAMP : Number(value);
      requireEqual(this.#driver.progress[0], hold, `${where}: hold`);
    },
    state: (value, where) => {
      requireEqual(this.#driver.stateSize === 0 ? "empty" : "kept", value, `${where}: state`);
    },
  };

  #expect(expected: unknown, where: string): void {
    const fields = fieldsOf(expected, `${where}: a pane`, {
      key: false,
      window: true,
      values: false,
      value: false,
      timing: true,
      index: true,
      onTimeIndex: false,
      first: false,
      last: false,
      timestamp: false,
    });
    const wanted = Object.entries({ key: "k", ...fields, ...sortedValues(fields) });
    const found = this.#panes.findIndex((pane) => {
      const actual = shown(pane);
      return wanted.every(([name, value]) => isDeepStrictEqual(actual[name], value));
    });
    if (found < 0) {
      const came = this.#panes.map((pane) => JSON.stringify(shown(pane))).join("\n  ");
      throw new Error(`${where}: missing pane ${JSON.stringify(expected)}; there are\n  ${came}`);
    }
    this.#panes.splice(found, 1);
  }
}

/** A pane with all fields that a transcript may name. */
function shown({ value: { key, value }, window, pane, timestamp }: Firing): Fields {
  const isGlobal = windowKey(window) === windowKey(GLOBAL_WINDOW);
  return {
    key,
    window: isGlobal ? "global" : [window.start, window.end],
    ...(Array.isArray(value) ? sortedValues({ values: value }) : { value }),
    timing: pane.timing,
    index: pane.index,
    onTimeIndex: pane.onTimeIndex,
    first: pane.isFirst,
    last: pane.isLast,
    timestamp: timestamp === maxTimestamp(window) ? "end" : timestamp,
  };
}

function sortedValues(fields: Fields): Fields {
  const { values } = fields;
  if (!Array.isArray(values)) return {};
  return { values: (values as number[]).toSorted((a, b) => a - b) };
}

function elementOf(element: readonly unknown[]): DrivenElement {
  const [key, value, timestamp] = element.length === 2 ? ["k", ...element] : element;
  return [String(key), Number(value), Number(timestamp)];
}

function timeOf(value: unknown): number {
  return value === "end" ? MAX_TIMESTAMP : Number(value);
}

function requireEqual(actual: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new Error(`${what}: ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
}

/** The fields of an object, all known by `known`, whose required ones are there. */
function fieldsOf(value: unknown, where: string, known: Readonly<Record<string, boolean>>): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error(`${where}: an object is wanted`);
  }
  const fields = value as Fields;
  const unknown = Object.keys(fields).find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined) throw new Error(`${where}: unknown field "${unknown}"`);
  const missing = Object.keys(known).find((name) => known[name] === true && !(name in fields));
  if (missing !== undefined) throw new Error(`${where}: the field "${missing}" is missing`);
  return fields;
}

/** The one field of an object: `{ "fixed": 10 }`. */
function oneOf(value: unknown, where: string): [name: string, argument: unknown] {
  if (typeof value === "string") return [value, undefined];
  const [entry, ...others] = Object.entries(value ?? {});
  if (entry === undefined || others.length > 0) throw new Error(`${where}: one field is wanted`);
  return entry;
}

function windowsOf(value: unknown): WindowFnSpec {
  const [name, argument] = oneOf(value, "windows");
  const [size = 0, second = 0] = [argument].flat() as number[];
  switch (name) {
    case "global":
      return globalWindow();
    case "fixed":
      return fixedWindows(size, { offset: second });
    case "sliding":
      return slidingWindows(size, { period: second });
    case "sessions":
      return sessions(size);
    case "days":
      return calendarWindows.days(size, { timeZone: "America/New_York" });
    default:
      throw new Error(`windows: unknown field "${name}"`);
  }
}

function triggerOf(value: unknown): TriggerSpec {
  const [name, argument] = oneOf(value, "trigger");
  const subs = (): TriggerSpec[] => (argument as unknown[]).map(triggerOf);
  switch (name) {
    case "default":
      return defaultTrigger();
    case "never":
      return never();
    case "afterWatermark":
      return afterWatermarkOf(argument ?? {});
    case "afterCount":
      return afterCount(Number(argument));
    case "afterProcessingTime":
      return afterProcessingTime(...(argument as ProcessingTimeStep[]));
    case "afterSynchronizedProcessingTime":
      return { kind: "afterSynchronizedProcessingTime" };
    case "afterAll":
      return afterAll(...subs());
    case "afterAny":
      return afterAny(...subs());
    case "afterEach":
      return afterEach(...subs());
    case "repeatedly":
      return repeatedly(triggerOf(argument));
    case "orFinally": {
      const [actual, last] = subs();
      return orFinally(actual ?? never(), last ?? never());
    }
    default:
      throw new Error(`trigger: unknown field "${name}"`);
  }
}

function afterWatermarkOf(argument: unknown): TriggerSpec {
  const { early, late } = fieldsOf(argument, "afterWatermark", { early: false, late: false });
  return afterWatermark({
    ...(early !== undefined && { early: triggerOf(early) }),
    ...(late !== undefined && { late: triggerOf(late) }),
  });
}
