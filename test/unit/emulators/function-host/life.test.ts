import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startFunctionHost } from "../../../../emulators/function-host.ts";
import { Bench, isAlive, until } from "./support.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.create();
});
afterAll(() => bench[Symbol.asyncDispose]());

/** Answers with the pid, at once or after 300 ms. */
const pidAfter300Ms = "await new Promise((r) => setTimeout(r, 300)); res.send(String(process.pid))";

async function text(url: string): Promise<string> {
  return (await fetch(url)).text();
}

describe("instances", () => {
  test("start with the first request, and one serves all that came meanwhile", async () => {
    const host = await bench.host([await bench.spec("res.send(String(process.pid))")]);
    expect(host.status()[0]?.instances).toEqual([]);
    const pids = await Promise.all(Array.from({ length: 20 }, () => text(host.url("stage-a"))));
    expect(new Set(pids).size).toBe(1);
    expect(host.status()[0]).toMatchObject({ coldStarts: 1, requests: 20, failures: 0 });
    expect(host.directUrl("stage-a")).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  test("scale up to the most allowed when all are full, and the rest queues", async () => {
    const spec = await bench.spec(pidAfter300Ms, { concurrency: 2, instancesMax: 2 });
    const host = await bench.host([spec]);
    const pids = await Promise.all(Array.from({ length: 8 }, () => text(host.url("stage-a"))));
    expect(new Set(pids).size).toBe(2);
    expect(host.status()[0]).toMatchObject({ coldStarts: 2, requests: 8, failures: 0 });
  });

  test("that are all full keep a request waiting for a while, then it gets 429", async () => {
    const spec = await bench.spec(pidAfter300Ms, { concurrency: 1, queueMs: 50 });
    const host = await bench.host([spec], { keepWarm: true });
    const served = fetch(host.url("stage-a"));
    await until(() => host.status()[0]?.instances[0]?.inFlight === 1);
    expect((await fetch(host.url("stage-a"))).status).toBe(429);
    expect((await served).status).toBe(200);
  });

  test("end after the idle time, and start again with the next request", async () => {
    const spec = await bench.spec("res.send(String(process.pid))", { idleMs: 50 });
    const host = await bench.host([spec]);
    const first = Number(await text(host.url("stage-a")));
    await until(() => host.status()[0]?.instances.length === 0);
    expect(await isAlive(first)).toBe(false);
    expect(Number(await text(host.url("stage-a")))).not.toBe(first);
    expect(host.status()[0]?.coldStarts).toBe(2);
  });

  test("that are killed fail what they worked on, and the next request gets a new one", async () => {
    const spec = await bench.spec(`if (req.url === "/hang") return; res.send(String(process.pid))`);
    const host = await bench.host([spec], { keepWarm: true });
    const hanging = fetch(`${host.url("stage-a")}/hang`);
    await until(() => host.status()[0]?.instances[0]?.inFlight === 1);
    const pid = host.kill("stage-a");
    expect((await hanging).status).toBe(502);
    expect(Number(await text(host.url("stage-a")))).not.toBe(pid);
    // The system tells of the death when it comes to it, which may be after the next answer.
    await until(() => host.status()[0]?.lastExit !== undefined);
    expect(host.status()[0]?.lastExit).toMatchObject({ pid, signal: "SIGKILL" });
  });

  test("end with an exception outside of every request, as the framework ends them", async () => {
    // What a request throws late is caught by the framework's domain: 500, and the process lives.
    const folder = await bench.bundle(`let boom = false;
      setInterval(() => { if (boom) throw new Error("late"); }, 1);
      exports.handle = (req, res) => { boom = req.url === "/boom"; res.end("ok"); };`);
    const spec = { name: "stage-a", folder, entryPoint: "handle", env: {} };
    const host = await bench.host([spec], { keepWarm: true });
    await text(`${host.url("stage-a")}/boom`);
    await until(() => host.status()[0]?.lastExit?.code === 16);
    expect(await text(host.url("stage-a"))).toBe("ok");
    expect(host.status()[0]?.coldStarts).toBe(2);
  });

  test("that can't load the bundle fail the start with the function's name and its stderr", async () => {
    const folder = await bench.bundle(`throw new Error("missing table");`);
    const spec = { name: "stage-b", folder, entryPoint: "handle", env: {} };
    const warm = startFunctionHost([spec], { keepWarm: true });
    await expect(warm).rejects.toMatchObject({ code: "ERR_EMULATOR" });
    await expect(warm).rejects.toThrow(/"stage-b"[\s\S]*missing table/);
    const host = await bench.host([spec]);
    const answer = await fetch(host.url("stage-b"));
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain("missing table");
    expect(host.status()[0]?.lastStartError).toMatchObject({ code: "ERR_EMULATOR" });
  });

  test("of new code take over once they listen, and old ones finish", async () => {
    const old = await bench.spec(`await new Promise((r) => setTimeout(r, 800)); res.end("old")`);
    const host = await bench.host([old], { keepWarm: true });
    const unfinished = text(host.url("stage-a"));
    await until(() => host.status()[0]?.instances[0]?.inFlight === 1);
    await host.replace(await bench.spec(`res.end("new")`));
    expect(await text(host.url("stage-a"))).toBe("new");
    expect(await unfinished).toBe("old");
    await until(() => host.status()[0]?.instances.length === 1);
  });

  test("of new code that doesn't load change nothing", async () => {
    const host = await bench.host([await bench.spec(`res.end("old")`)], { keepWarm: true });
    const folder = await bench.bundle("this is no JavaScript");
    const broken = host.replace({ name: "stage-a", folder, entryPoint: "handle", env: {} });
    await expect(broken).rejects.toMatchObject({ code: "ERR_EMULATOR" });
    expect(await text(host.url("stage-a"))).toBe("old");
  });

  test("end with the host", async () => {
    const host = await bench.host([await bench.spec("res.send(String(process.pid))")]);
    const pid = Number(await text(host.url("stage-a")));
    await host.stop();
    expect(await isAlive(pid)).toBe(false);
  });

  test("are not started on a port that is taken", async () => {
    const host = await bench.host([]);
    const other = await bench.host([await bench.spec("res.end()")]);
    const port = Number(new URL(other.url("stage-a")).port);
    await expect(startFunctionHost([], { port })).rejects.toMatchObject({
      code: "ERR_PORT_IN_USE",
    });
    await host.stop();
  });
});
