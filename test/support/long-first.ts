/**
 * The order of test files: those that take minutes of a core begin first, so that nobody waits for them
 * alone in the end.
 */
import { BaseSequencer, type TestSpecification } from "vitest/node";

const LONG = /\/test\/simulation\/(?:control|data)\.test\.ts$/;

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => LONG.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
