import { expect, test } from "vitest";
import { look } from "../../../../functions/control/look.ts";
import type { Clock } from "../../../../functions/ports.ts";
import { MeshError } from "../../../../sdk/model/errors.ts";

/** Time that passes when somebody waits. */
function hastyClock(): Clock {
  let nowMs = 0;
  return {
    nowMs: () => nowMs,
    async sleep(delayMs) {
      nowMs += delayMs;
    },
  };
}

function failing(times: number, error: Error): () => Promise<number> {
  let looks = 0;
  return async () => {
    if (looks++ < times) throw error;
    return looks;
  };
}

const unavailable = new MeshError("ERR_UNAVAILABLE", "no answer");

test("a look without an answer is taken again", async () => {
  expect(await look(hastyClock(), failing(3, unavailable))).toBe(4);
});

test("what never answers is told", async () => {
  await expect(look(hastyClock(), failing(9, unavailable))).rejects.toBe(unavailable);
});

test("what will not pass is told at once", async () => {
  const contention = new MeshError("ERR_STORE_CONTENTION", "another was first");
  const clock = hastyClock();
  await expect(look(clock, failing(1, contention))).rejects.toBe(contention);
  expect(clock.nowMs()).toBe(0);
});
