import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  findGoogleEmulators,
  searchGoogleEmulators,
  startGoogleFirestore,
  startGooglePubsub,
} from "../../../../emulators/google/index.ts";

const { missing } = await searchGoogleEmulators();
const skipped = missing.length === 0 ? "" : ` (skipped: ${missing.join(" ")})`;

async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && !/^\d+ \(.*\) [ZX]/.test(stat);
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("the search for Google's emulators", () => {
  test("says what to install where the SDK has none", async () => {
    vi.stubEnv("CLOUDSDK_ROOT_DIR", tmpdir());
    expect(await findGoogleEmulators()).toBeUndefined();
    expect((await searchGoogleEmulators()).missing.join("\n")).toMatch(
      /gcloud components install pubsub-emulator[\s\S]*cloud-firestore-emulator/,
    );
    await expect(startGooglePubsub()).rejects.toMatchObject({
      code: "ERR_EMULATOR",
      message: expect.stringContaining("gcloud components install pubsub-emulator"),
    });
  });
});

describe.skipIf(skipped !== "")(`Google's emulators${skipped}`, () => {
  test("start, answer and end by their own process id", async () => {
    const [pubsub, firestore] = await Promise.all([startGooglePubsub(), startGoogleFirestore()]);
    const topic = await fetch(`http://${pubsub.address}/v1/projects/p/topics/topic-1`, {
      method: "PUT",
    });
    expect(await topic.json()).toEqual({ name: "projects/p/topics/topic-1" });
    const cleared = await fetch(
      `http://${firestore.address}/emulator/v1/projects/p/databases/(default)/documents`,
      { method: "DELETE" },
    );
    expect(cleared.status).toBe(200);
    await Promise.all([pubsub.stop(), firestore.stop()]);
    expect(await isAlive(pubsub.pid)).toBe(false);
    expect(await isAlive(firestore.pid)).toBe(false);
  });

  test("are not started on a port that is taken", async () => {
    const server = createServer().listen({ host: "127.0.0.1", port: 0 });
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await expect(startGoogleFirestore({ port })).rejects.toMatchObject({
      code: "ERR_PORT_IN_USE",
    });
    server.close();
  });

  test("end with the process that started them, also where it is killed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tidemark-google-"));
    const script = join(folder, "start.ts");
    const module = fileURLToPath(new URL("../../../../emulators/google/index.ts", import.meta.url));
    await writeFile(
      script,
      `import { startGooglePubsub } from ${JSON.stringify(module)};
       process.stdout.write((await startGooglePubsub()).pid + "\\n");
       setInterval(() => {}, 1000);`,
    );
    const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const pid = Number(line.toString());
    expect(await isAlive(pid)).toBe(true);
    process.kill(child.pid ?? 0, "SIGKILL");
    await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false);
    await rm(folder, { recursive: true });
  });
});
