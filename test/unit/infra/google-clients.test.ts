/**
 * Google's clients in bundles: built once, kept while it is right to keep them.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { bundlePipeline } from "../../../infra/code-bundle.ts";
import { compile, pipeline, pubsub } from "../../../sdk/index.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-clients-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  // What was loaded here keeps its files below the folder, and other tests run in this process.
  vi.resetModules();
  await rm(folder, { recursive: true });
});

/** Returns the clients as a process would that starts now. */
async function clients(): Promise<string> {
  vi.resetModules();
  const { googleClients } = await import("../../../infra/google-clients.ts");
  return googleClients({ bundle: true, platform: "node", logLevel: "silent" }, "lean");
}

it("is built once, kept for other processes, and built again when a file has changed (GC1)", async () => {
  vi.stubEnv("HOME", folder);
  const built = await clients();
  expect(built.length).toBeGreaterThan(1_000_000);
  const cache = join(folder, ".cache/tidemark/google-clients");
  const [name = ""] = await readdir(cache);
  const kept = JSON.parse(await readFile(join(cache, name), "utf8")) as {
    inputs: Record<string, string>;
  };
  const put = (inputs: Record<string, string>): Promise<void> =>
    writeFile(join(cache, name), JSON.stringify({ text: "kept", inputs }));
  await put(kept.inputs);
  expect(await clients()).toBe("kept");
  const [changed = ""] = Object.keys(kept.inputs).filter((path) => path.includes("pubsub"));
  await put({ ...kept.inputs, [changed]: "1 1" });
  // A boolean: a failure would print megabytes.
  expect((await clients()) === built).toBe(true);
});

it("leaves an author's client of another version as it is (GC2)", async () => {
  const own = join(folder, "node_modules/@google-cloud/firestore");
  await mkdir(own, { recursive: true });
  await writeFile(join(own, "package.json"), '{ "main": "index.js" }');
  await writeFile(join(own, "index.js"), 'exports.word = "another version";');
  const file = join(folder, "numbers.ts");
  await writeFile(
    file,
    `import { word } from "@google-cloud/firestore";
     import { pipeline, pubsub } from "tidemark";
     export default pipeline("numbers", (p) => {
       p.read(pubsub.topic("numbers")).map(() => word).write(pubsub.topic("words"));
     });`,
  );
  const numbers = pipeline("numbers", (p) => {
    p.read(pubsub.topic("numbers"))
      .map(() => "")
      .write(pubsub.topic("words"));
  });
  const [bundle] = await bundlePipeline({ file, plan: compile(numbers), folder });
  const text = await readFile(join(bundle?.folder ?? "", "index.js"), "utf8");
  expect(text.includes('"another version"')).toBe(true);
});
