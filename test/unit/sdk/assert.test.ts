/** The mesh's own assertions. */
import { expect, test } from "vitest";
import { assert } from "../../../sdk/model/assert.ts";
import { dispositions } from "../../../sdk/model/errors.ts";

test("an assertion that fails is ERR_INVARIANT, which is retried, for a fixed deploy loses nothing", () => {
  expect(() => assert(false, "two heads")).toThrow(
    expect.objectContaining({ code: "ERR_INVARIANT", message: "two heads" }),
  );
  expect(() => assert(true, "one head")).not.toThrow();
  expect(dispositions.ERR_INVARIANT).toBe("retry");
});
