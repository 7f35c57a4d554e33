/**
 * The question before a job's state is deleted.
 */
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { confirmName } from "../../../cli/confirm-name.ts";

/** Asks for `words` where `typed` is typed; null ends the input instead. */
async function asked(typed: string | null, isTTY = true): Promise<string> {
  const input = Object.assign(new PassThrough(), { isTTY });
  const output = new PassThrough();
  if (typed === null) input.end();
  else input.write(`${typed}\n`);
  await confirmName("words", input, output);
  return String(output.read());
}

test("the pipeline's name lets it go on", async () => {
  expect(await asked("words")).toContain(
    "This deletes the state of words. Type its name to go on: ",
  );
  expect(await asked("  words ")).toContain("words");
});

test.each(["word", "WORDS", "yes", ""])("%j does nothing", async (typed) => {
  await expect(asked(typed)).rejects.toMatchObject({
    code: "ERR_OPTION",
    message: expect.stringContaining('That is not "words": nothing was done.'),
  });
});

test("an input that ends does nothing", async () => {
  await expect(asked(null)).rejects.toMatchObject({ code: "ERR_OPTION" });
});

test("without a terminal nobody is asked, and the ways out are named", async () => {
  await expect(asked("words", false)).rejects.toMatchObject({
    code: "ERR_OPTION",
    message: expect.stringContaining("Give --yes, or --keep-state to keep it."),
  });
});
