import { describe, expect, it } from "vitest";
import { PushWindow } from "../../../../emulators/pubsub/push/push-window.ts";

const pace = { outstandingStart: 8, outstandingMax: 100, backoffMinMs: 100, backoffMaxMs: 60_000 };

describe("the pace of pushes", () => {
  it("starts small and doubles with each round of successes, up to its maximum", () => {
    const window = new PushWindow(pace);
    const sizes = [window.windowMessages];
    for (let round = 0; round < 5; round++) {
      const outstanding = window.windowMessages;
      for (let i = 0; i < outstanding; i++) window.succeeded(window.round);
      sizes.push(window.windowMessages);
    }
    expect(sizes).toEqual([8, 16, 32, 64, 100, 100]);
  });

  it("pauses 100 ms after a failure and twice as long after each failing round, up to 60 s", () => {
    const window = new PushWindow(pace);
    const pauses = Array.from({ length: 12 }, () => window.failed(window.round, 0));
    expect(pauses).toEqual([
      100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000,
    ]);
  });

  it("counts 200 failures of one round as one", () => {
    const window = new PushWindow(pace);
    const round = window.round;
    const pauses = Array.from({ length: 200 }, () => window.failed(round, 0));
    expect(pauses.filter((ms) => ms > 0)).toEqual([100]);
    expect(window.failed(window.round, 100)).toBe(200);
  });

  it("begins at 100 ms again after a success of the present round", () => {
    const window = new PushWindow(pace);
    window.failed(window.round, 0);
    window.failed(window.round, 100);
    window.succeeded(window.round);
    expect(window.failed(window.round, 400)).toBe(100);
  });

  it("does not take a late success of an older round for a recovery", () => {
    const window = new PushWindow(pace);
    const old = window.round;
    window.failed(old, 0);
    window.succeeded(old);
    expect(window.failed(window.round, 100)).toBe(200);
  });

  it("halves the window with a failing round, but not below its start", () => {
    const window = new PushWindow(pace);
    while (window.windowMessages < 40) window.succeeded(window.round);
    const sizes = Array.from({ length: 4 }, () => {
      window.failed(window.round, 0);
      return window.windowMessages;
    });
    expect(sizes).toEqual([20, 10, 8, 8]);
  });
});
