import { describe, expect, it } from "vitest";
import { type AlarmEntry, AlarmHeap } from "../../../../emulators/pubsub/alarm-heap.ts";
import { Fifo } from "../../../../emulators/pubsub/fifo.ts";
import { HandTimers } from "./support.ts";

describe("a Fifo", () => {
  it("gives values back in order over many cuts", () => {
    const fifo = new Fifo<number>();
    const got: (number | undefined)[] = [];
    for (let i = 0; i < 10_000; i++) {
      fifo.push(2 * i);
      fifo.push(2 * i + 1);
      got.push(fifo.shift());
    }
    while (fifo.length > 0) got.push(fifo.shift());
    expect(got).toEqual(Array.from({ length: 20_000 }, (_, i) => i));
    expect(fifo.shift()).toBeUndefined();
  });

  it("puts a value in front, whether something was taken before or not", () => {
    const fifo = new Fifo<string>();
    fifo.push("c");
    fifo.pushFront("b");
    expect(fifo.shift()).toBe("b");
    fifo.pushFront("a");
    expect([...fifo]).toEqual(["a", "c"]);
    expect(fifo.peek()).toBe("a");
    expect(fifo.length).toBe(2);
  });
});

function entry(dueAtMs: number): AlarmEntry {
  return { dueAtMs, heapIndex: -1 };
}

describe("an AlarmHeap", () => {
  it("calls for each entry once, in the order of their times, with one timer", () => {
    const timers = new HandTimers(0);
    const due: number[] = [];
    const heap = new AlarmHeap(timers, (entries) => due.push(...entries.map((e) => e.dueAtMs)));
    const times = Array.from({ length: 500 }, (_, i) => (i * 7919) % 500);
    for (const time of times) heap.add(entry(time));
    expect(timers.waiting).toBe(1);
    timers.move(1000);
    expect(due).toEqual(Array.from({ length: 500 }, (_, i) => i));
    expect(timers.waiting).toBe(0);
  });

  it("does not call for what was removed, from any place in the heap", () => {
    const timers = new HandTimers(0);
    const due: number[] = [];
    const heap = new AlarmHeap(timers, (entries) => due.push(...entries.map((e) => e.dueAtMs)));
    const entries = Array.from({ length: 100 }, (_, i) => entry((i * 37) % 100));
    for (const each of entries) heap.add(each);
    for (const each of entries) if (each.dueAtMs % 3 === 0) heap.remove(each);
    timers.move(1000);
    expect(due).toEqual(Array.from({ length: 100 }, (_, i) => i).filter((i) => i % 3 !== 0));
  });

  it("leaves no timer when it is cleared", () => {
    const timers = new HandTimers(0);
    const heap = new AlarmHeap(timers, () => undefined);
    heap.add(entry(5));
    heap.clear();
    expect(timers.waiting).toBe(0);
    expect(heap.size).toBe(0);
  });
});
