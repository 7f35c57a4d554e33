/**
 * Triggers: what holds for any tree of them (TG1, TG2), and that their state comes back from JSON.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Trigger } from "../../functions/triggers/trigger.ts";
import type { TriggerMoment } from "../../functions/triggers/trigger-machine.ts";
import { TriggerState } from "../../functions/triggers/trigger-state.ts";
import type { Timestamp, TriggerSpec } from "../../sdk/index.ts";

const leaves: fc.Arbitrary<TriggerSpec> = fc.oneof(
  fc.constantFrom<TriggerSpec>(
    { kind: "default" },
    { kind: "never" },
    { kind: "afterWatermark" },
    { kind: "afterSynchronizedProcessingTime" },
  ),
  fc.integer({ min: 1, max: 4 }).map((count) => ({ kind: "afterCount" as const, count })),
  fc.nat(6).map((delayMs) => ({
    kind: "afterProcessingTime" as const,
    transforms: [{ kind: "delay" as const, delayMs }],
  })),
);

const { tree } = fc.letrec<{ tree: TriggerSpec }>((tie) => {
  const lists = fc.array(tie("tree"), { minLength: 1, maxLength: 3 });
  return {
    tree: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      leaves,
      fc.record({ kind: fc.constant("repeatedly" as const), trigger: tie("tree") }),
      fc.record({ kind: fc.constantFrom("afterAll", "afterAny", "afterEach"), triggers: lists }),
      fc.record({
        kind: fc.constant("orFinally" as const),
        trigger: tie("tree"),
        finally: tie("tree"),
      }),
      fc.record(
        { kind: fc.constant("afterWatermark" as const), early: tie("tree"), late: tie("tree") },
        { requiredKeys: ["kind"] },
      ),
    ) as fc.Arbitrary<TriggerSpec>,
  };
});

const steps = fc.array(fc.constantFrom("element", "time", "synchronized", "watermark", "fire"), {
  maxLength: 40,
});

const start: TriggerMoment = {
  maxTimestamp: 9 as Timestamp,
  inputWatermark: 0 as Timestamp,
  nowMs: 0,
  synchronizedMs: 0,
};

/** How time goes on in a step. */
function after(step: string, moment: TriggerMoment): TriggerMoment {
  const { nowMs, inputWatermark, synchronizedMs } = moment;
  if (step === "time") return { ...moment, nowMs: nowMs + 3 };
  if (step === "synchronized") {
    return { ...moment, synchronizedMs: Math.min(nowMs, synchronizedMs + 5) };
  }
  return step === "watermark"
    ? { ...moment, inputWatermark: (inputWatermark + 3) as Timestamp }
    : moment;
}

test("adding an element takes no firing away, and a state comes back from its JSON", () => {
  fc.assert(
    fc.property(tree, fc.boolean(), steps, (spec, isMerging, script) => {
      const trigger = new Trigger(spec, isMerging);
      let state = TriggerState.empty();
      let moment = start;
      for (const step of script) {
        if (state.isClosed) return;
        const shouldFire = trigger.shouldFire(state, moment);
        state = TriggerState.fromJson(JSON.parse(JSON.stringify(state.toJson())));
        expect(trigger.shouldFire(state, moment)).toBe(shouldFire);
        moment = after(step, moment);
        if (step === "fire" && shouldFire) trigger.onFire(state, moment);
        if (step !== "element") continue;
        trigger.onElement(state, moment);
        if (shouldFire) expect(trigger.shouldFire(state, moment)).toBe(true);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("what a trigger waits for is when it becomes ready", () => {
  const delay: TriggerSpec = {
    kind: "afterProcessingTime",
    transforms: [{ kind: "delay", delayMs: 10 }],
  };
  const trigger = new Trigger({ kind: "repeatedly", trigger: delay }, false);
  const state = TriggerState.empty();
  const at = (nowMs: number): TriggerMoment => ({ ...start, nowMs });
  expect(trigger.waitsForMs(state, 0)).toBe(Number.POSITIVE_INFINITY);
  trigger.onElement(state, at(5));
  expect(trigger.waitsForMs(state, 5)).toBe(15);
  expect([15, 16].map((nowMs) => trigger.shouldFire(state, at(nowMs)))).toEqual([false, true]);
  expect(trigger.waitsForMs(state, 16)).toBe(Number.POSITIVE_INFINITY);
});

test("windows that become one stay open, whatever their triggers had come to", () => {
  const moments = fc.record({
    maxTimestamp: fc.constant(9 as Timestamp),
    inputWatermark: fc.constantFrom(0 as Timestamp, 20 as Timestamp),
    nowMs: fc.nat(10),
    synchronizedMs: fc.constant(0),
  });
  fc.assert(
    fc.property(tree, moments, fc.array(fc.nat(3), { minLength: 1 }), (spec, moment, counts) => {
      const trigger = new Trigger(spec, true);
      const sources = counts.map((count) => {
        const state = TriggerState.empty();
        for (let i = 0; i < count; i++) trigger.onElement(state, moment);
        if (trigger.shouldFire(state, moment)) trigger.onFire(state, moment);
        return state;
      });
      const open = sources.filter((state) => !state.isClosed);
      if (open.length === 0) return;
      expect(trigger.merged(undefined, open, moment).isClosed).toBe(false);
      // Taking part in a merge changes no state but the result's.
      const before = JSON.stringify(open.map((state) => state.toJson()));
      trigger.merged(open[0], open, moment);
      expect(JSON.stringify(open.map((state) => state.toJson()))).toBe(before);
    }),
    { numRuns: 500 },
  );
});
