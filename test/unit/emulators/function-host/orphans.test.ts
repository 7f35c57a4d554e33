import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Bench, isAlive } from "./support.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.create();
});
afterAll(() => bench[Symbol.asyncDispose]());

const hostUrl = new URL("../../../../emulators/function-host.ts", import.meta.url);

/** Starts a host in a process of its own; resolves with its pid and that of its one instance. */
async function hostProcess(folder: string): Promise<{ host: number; instance: number }> {
  const script = join(bench.folder, "host.ts");
  await writeFile(
    script,
    `import { startFunctionHost } from ${JSON.stringify(fileURLToPath(hostUrl))};
     const spec = { name: "f", folder: ${JSON.stringify(folder)}, entryPoint: "handle", env: {} };
     const host = await startFunctionHost([spec], { keepWarm: true, compileCacheFolder: ${JSON.stringify(join(bench.folder, "cache"))} });
     fetch(host.url("f")).catch(() => {});
     setTimeout(() => process.stdout.write(host.status()[0].instances[0].pid + "\\n"), 200);`,
  );
  const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return { host: child.pid ?? 0, instance: Number(line.toString()) };
}

describe("a host that is killed", () => {
  test("leaves no instance behind", async () => {
    const folder = await bench.bundle("exports.handle = () => {};");
    const pids = await hostProcess(folder);
    expect(await isAlive(pids.instance)).toBe(true);
    process.kill(pids.host, "SIGKILL");
    await expect.poll(() => isAlive(pids.instance), { timeout: 5000 }).toBe(false);
  });

  test("leaves no instance behind that is in an endless loop", async () => {
    const folder = await bench.bundle("exports.handle = () => { for (;;); };");
    const pids = await hostProcess(folder);
    expect(await isAlive(pids.instance)).toBe(true);
    process.kill(pids.host, "SIGKILL");
    await expect.poll(() => isAlive(pids.instance), { timeout: 5000 }).toBe(false);
  });
});
