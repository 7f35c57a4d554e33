/**
 * What authors write for triggers: the specs that come of it, and what is refused.
 */
import { expect, test } from "vitest";
import {
  afterAll,
  afterAny,
  afterCount,
  afterEach,
  afterProcessingTime,
  afterWatermark,
  defaultTrigger,
  never,
  orFinally,
  repeatedly,
  type TriggerSpec,
} from "../../../../sdk/index.ts";
import { continuationOf } from "../../../../sdk/windowing/continuation.ts";
import { countsElements, firesBeforeEnd } from "../../../../sdk/windowing/trigger-spec.ts";
import { meshErrorOf } from "../errors.ts";

const time = afterProcessingTime({ delay: { seconds: 1 } });
const synchronized: TriggerSpec = { kind: "afterSynchronizedProcessingTime" };
const one = afterCount(1);

test("triggers are plain data", () => {
  const trigger = afterWatermark({
    early: afterProcessingTime(
      { alignTo: { period: { hours: 1 }, offset: 5 } },
      { delay: { minutes: 2 } },
    ),
    late: afterCount(3),
  });
  const expected = {
    kind: "afterWatermark",
    early: {
      kind: "afterProcessingTime",
      transforms: [
        { kind: "align", periodMs: 3_600_000, offsetMs: 5 },
        { kind: "delay", delayMs: 120_000 },
      ],
    },
    late: { kind: "afterCount", count: 3 },
  };
  expect(JSON.parse(JSON.stringify(trigger))).toEqual(expected);
  expect(trigger).toEqual(expected);
  expect(afterWatermark()).toEqual({ kind: "afterWatermark" });
  expect(orFinally(never(), defaultTrigger())).toEqual({
    kind: "orFinally",
    trigger: { kind: "never" },
    finally: { kind: "default" },
  });
});

test("in one step the delay comes before the alignment", () => {
  expect(afterProcessingTime({ alignTo: { period: 10 }, delay: 3 })).toEqual({
    kind: "afterProcessingTime",
    transforms: [
      { kind: "delay", delayMs: 3 },
      { kind: "align", periodMs: 10, offsetMs: 0 },
    ],
  });
});

test.each([
  ["ERR_OPTION", "a count of 0", () => afterCount(0)],
  ["ERR_OPTION", "half an element", () => afterCount(1.5)],
  ["ERR_OPTION", "all of none", () => afterAll()],
  ["ERR_OPTION", "any of none", () => afterAny()],
  ["ERR_OPTION", "each of none", () => afterEach()],
  ["ERR_DURATION", "a negative delay", () => afterProcessingTime({ delay: -1 })],
  ["ERR_DURATION", "no period", () => afterProcessingTime({ alignTo: { period: 0 } })],
])("%s: %s is refused", (code, _, make) => {
  expect(meshErrorOf(make).code).toBe(code);
});

test.each<[TriggerSpec, fires: boolean, counts: boolean]>([
  [defaultTrigger(), false, false],
  [never(), false, false],
  [afterWatermark(), false, false],
  [afterWatermark({ late: afterCount(2) }), false, true],
  [afterWatermark({ early: afterCount(2) }), true, true],
  [afterWatermark({ early: never() }), false, false],
  [one, true, false],
  [afterCount(2), true, true],
  [time, true, false],
  [synchronized, true, false],
  [afterAll(one, time), true, false],
  [afterAll(afterCount(2), afterWatermark()), false, true],
  [afterAny(one, afterWatermark()), true, false],
  [afterEach(afterWatermark(), one), false, false],
  [afterEach(one, afterWatermark()), true, false],
  [repeatedly(afterCount(2)), true, true],
  [repeatedly(afterWatermark()), false, false],
  [orFinally(repeatedly(one), afterWatermark()), true, false],
  [orFinally(never(), afterCount(2)), true, true],
])("%j: fires before the end: %s, counts elements: %s", (trigger, fires, counts) => {
  expect([firesBeforeEnd(trigger), countsElements(trigger)]).toEqual([fires, counts]);
});

// Beam's continuation triggers, one for each kind.
test.each<[TriggerSpec, continued: TriggerSpec]>([
  [defaultTrigger(), defaultTrigger()],
  [never(), never()],
  [afterCount(7), one],
  [time, synchronized],
  [synchronized, synchronized],
  [afterWatermark(), afterWatermark()],
  [
    afterWatermark({ early: time, late: afterCount(3) }),
    afterWatermark({ early: synchronized, late: one }),
  ],
  [afterAll(afterCount(2), time), afterAll(one, synchronized)],
  [afterAny(afterCount(2), time), afterAny(one, synchronized)],
  [afterEach(afterCount(2), time), repeatedly(afterAny(one, synchronized))],
  [repeatedly(afterCount(2)), repeatedly(one)],
  [
    orFinally(repeatedly(afterCount(2)), afterWatermark()),
    repeatedly(orFinally(repeatedly(one), afterWatermark())),
  ],
])("behind a grouping %j goes on as %j", (trigger, continued) => {
  expect(continuationOf(trigger)).toEqual(continued);
});
