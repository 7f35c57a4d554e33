/**
 * Changes: what an edit of a pipeline changes of what is declared, and what it leaves alone.
 */
import { expect, test } from "vitest";
import type { MeshPipelineArgs } from "../../infra/pipeline.ts";
import { count, fixedWindows, pipeline, pubsub } from "../../sdk/index.ts";
import type { Pipeline } from "../../sdk/pipeline.ts";
import { argsOf, type Declared, declared, declarePipeline, flights } from "./support.ts";

/** Resources whose inputs are others, that are new, or gone. */
async function changed(
  before: () => unknown,
  after: () => unknown,
): Promise<{ changed: string[]; fresh: string[]; gone: string[] }> {
  const key = ({ type, name }: Declared): string => `${type} ${name}`;
  const textsOf = async (program: () => unknown): Promise<Map<string, string>> =>
    new Map((await declared(program)).map((each) => [key(each), JSON.stringify(each.inputs)]));
  const [old, next] = [await textsOf(before), await textsOf(after)];
  return {
    changed: [...next].flatMap(([name, text]) =>
      old.has(name) && old.get(name) !== text ? [name] : [],
    ),
    fresh: [...next.keys()].filter((name) => !old.has(name)),
    gone: [...old.keys()].filter((name) => !next.has(name)),
  };
}

test("the same program again changes nothing", async () => {
  const program = (): unknown => declarePipeline(flights);
  expect(await changed(program, program)).toEqual({ changed: [], fresh: [], gone: [] });
});

test("another code of one stage changes its object and its function", async () => {
  const { bundles } = argsOf(flights);
  const edited: MeshPipelineArgs["bundles"] = bundles.map((bundle) =>
    bundle.name === "airport-days-d5ae9c" ? { ...bundle, hash: "another" } : bundle,
  );
  const difference = await changed(
    () => declarePipeline(flights),
    () => declarePipeline(flights, { bundles: edited }),
  );
  expect(difference).toEqual({
    changed: [
      "gcp:cloudfunctionsv2/function:Function flights-airport-days-d5ae9c",
      "gcp:storage/bucketObject:BucketObject flights-airport-days-d5ae9c",
    ],
    fresh: [],
    gone: [],
  });
});

test("another size of one stage changes its function alone, and its price on the dashboard", async () => {
  const stages = { tracker: { memory: "1Gi" } };
  const difference = await changed(
    () => declarePipeline(flights),
    () => declarePipeline(flights, { stages }),
  );
  expect(difference.changed).toEqual([
    "gcp:cloudfunctionsv2/function:Function flights-tracker",
    "gcp:monitoring/dashboard:Dashboard flights-dashboard",
  ]);
});

test("a further transform renames nothing", async () => {
  const words = (isLonger: boolean): Pipeline =>
    pipeline("words", (p) => {
      const read = p.read(pubsub.topic<string>("words"));
      const lines = isLonger ? read.filter((word) => word !== "") : read;
      const counts = lines
        .windowInto(fixedWindows({ hours: 1 }))
        .keyBy((word) => word)
        .combinePerKey(count(), { name: "counts" });
      counts.write(pubsub.topic("counts"));
    });
  const { fresh, gone } = await changed(
    () => declarePipeline(words(false)),
    () => declarePipeline(words(true)),
  );
  expect({ fresh, gone }).toEqual({ fresh: [], gone: [] });
});
