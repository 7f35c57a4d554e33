/**
 * The types of windows and triggers, checked by tsc. Nothing here runs.
 */
import {
  afterCount,
  afterProcessingTime,
  afterWatermark,
  calendarWindows,
  customWindows,
  fixedWindows,
  type Pipeline,
  pipeline,
  repeatedly,
  sessions,
  type WindowOptions,
} from "../../sdk/index.ts";

interface Shift {
  readonly team: string;
  readonly begin: number;
  readonly end: number;
}

const trigger = repeatedly(afterCount(10));

/** Options may be kept in a constant. */
export const options: WindowOptions = {
  trigger,
  accumulation: "accumulating",
  closing: "fireAlways",
};

export const types: Pipeline = pipeline("types", (p) => {
  const shifts = p.create<Shift>([]);
  shifts.windowInto(fixedWindows({ hours: 1 }));
  shifts.windowInto(sessions({ minutes: 30 }), { allowedLateness: { days: 1 }, name: "Sessions" });
  shifts.windowInto(calendarWindows.weeks(1, { startWeekday: "sunday" }), options);
  shifts.windowInto(fixedWindows(10), { accumulation: "discarding" });
  shifts.windowInto(fixedWindows(10), {
    trigger: afterWatermark({ early: afterProcessingTime({ delay: { seconds: 10 } }) }),
    accumulation: "discarding",
    onTime: "fireIfNonEmpty",
  });

  // A trigger asks what later panes hold.
  // @ts-expect-error
  shifts.windowInto(fixedWindows(10), { trigger });
  // @ts-expect-error
  shifts.windowInto(fixedWindows(10), { trigger, accumulation: undefined });
  // No pane takes back what an earlier one said.
  // @ts-expect-error
  shifts.windowInto(fixedWindows(10), { trigger, accumulation: "accumulatingAndRetracting" });
  // @ts-expect-error
  shifts.windowInto(fixedWindows(10), { timestampCombiner: "middle" });
  // @ts-expect-error
  afterWatermark({ earlier: afterCount(1) });
  // @ts-expect-error
  calendarWindows.weeks(1, { startWeekday: "noday" });

  // An author's own windows know the element, which is that of the PCollection.
  shifts.windowInto(
    customWindows({
      name: "shifts",
      assign: ({ element }) => [{ start: element.begin, end: element.end, label: element.team }],
    }),
  );
  const byTeam = customWindows<Shift>({
    name: "teams",
    assign: ({ element: { team, begin, end } }) => [{ start: begin, end, label: team }],
    merge: (windows) => [{ windows, into: { start: 0, end: 10 } }],
  });
  shifts.windowInto(byTeam);
  shifts.windowInto(customWindows<unknown>({ name: "any", assign: () => [] }));
  // @ts-expect-error
  p.create([1]).windowInto(byTeam);
  customWindows<Shift>({
    name: "odd",
    // @ts-expect-error
    assign: ({ element }) => [{ start: element.start, end: element.end }],
  });
});
