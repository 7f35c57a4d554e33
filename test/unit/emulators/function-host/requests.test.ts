import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MeshError } from "../../../../sdk/model/errors.ts";
import { Bench, soon } from "./support.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.create();
});
afterAll(() => bench[Symbol.asyncDispose]());

describe("a request through the front", () => {
  test("reaches the function with path, query, headers, parsed body and raw body", async () => {
    const spec = await bench.spec(`res.set("x-answer", "yes").status(201).json({
      url: req.url, method: req.method, header: req.get("x-asked"), body: req.body,
      raw: req.rawBody.toString("utf8"),
    })`);
    const host = await bench.host([spec]);
    const answer = await fetch(`${host.url("stage-a")}/deep/er?q=1`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-asked": "why" },
      body: '{ "a": 1 }',
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("x-answer")).toBe("yes");
    expect(await answer.json()).toEqual({
      url: "/deep/er?q=1",
      method: "POST",
      header: "why",
      body: { a: 1 },
      raw: '{ "a": 1 }',
    });
  });

  test("sees the environment of Cloud Run, the spec's own, and nothing of the host's", async () => {
    process.env["HOST_SECRET"] = "not for functions";
    const spec = await bench.spec("res.json(process.env)", { env: { STAGE: "3" }, memoryMb: 256 });
    const host = await bench.host([spec]);
    const env = (await (await fetch(host.url("stage-a"))).json()) as Record<string, string>;
    expect(env).toMatchObject({
      K_SERVICE: "stage-a",
      FUNCTION_TARGET: "handle",
      METADATA_SERVER_DETECTION: "none",
      PORT: "8080",
      STAGE: "3",
    });
    expect(env["NODE_OPTIONS"]).toBeUndefined();
    expect(env["HOST_SECRET"]).toBeUndefined();
  });

  test("gets 404 for a function that is not there", async () => {
    const host = await bench.host([await bench.spec("res.end()")]);
    const origin = new URL(host.url("stage-a")).origin;
    expect((await fetch(`${origin}/stage-b`)).status).toBe(404);
    expect(() => host.kill("stage-b")).toThrow(MeshError);
  });

  test("is refused with 413 above 32 MiB, and passes just below", async () => {
    const spec = await bench.spec("res.send(String(req.rawBody.length))");
    const host = await bench.host([spec]);
    const post = (bytes: number): Promise<Response> =>
      fetch(host.url("stage-a"), {
        method: "POST",
        headers: { "content-type": "application/octet-stream" },
        body: Buffer.alloc(bytes),
      });
    const mib32 = 32 * 1024 * 1024;
    expect(await (await post(mib32)).text()).toBe(String(mib32));
    // The front answers without reading on: the caller sees the answer, or its write broken off.
    const tooBig = await post(mib32 + 1).then(
      ({ status }) => status,
      () => 413,
    );
    expect(tooBig).toBe(413);
    expect(host.status()[0]?.requests).toBe(2);
  });

  test("streams an answer as it comes", async () => {
    const spec = await bench.spec(`
      res.write("first"); setTimeout(() => res.end("second"), 150);`);
    const host = await bench.host([spec]);
    const answer = await fetch(host.url("stage-a"));
    const parts: string[] = [];
    for await (const part of answer.body ?? []) parts.push(Buffer.from(part).toString());
    expect(parts).toEqual(["first", "second"]);
  });

  test("gets 504 after the deadline, and the instance goes on", async () => {
    const spec = await bench.spec(
      `if (req.url === "/slow") await new Promise((r) => setTimeout(r, 5000)); res.send(String(process.pid))`,
      { deadlineMs: 400, concurrency: 1 },
    );
    const host = await bench.host([spec], { keepWarm: true });
    const pid = await (await fetch(host.url("stage-a"))).text();
    expect((await fetch(`${host.url("stage-a")}/slow`)).status).toBe(504);
    expect(await (await fetch(host.url("stage-a"))).text()).toBe(pid);
    expect(host.status()[0]).toMatchObject({ coldStarts: 1, requests: 3, failures: 1 });
  });

  test("gives its place back when the caller goes away", async () => {
    const spec = await bench.spec(
      `if (req.url === "/slow") await new Promise((r) => setTimeout(r, 5000)); res.end("ok")`,
      { concurrency: 1 },
    );
    const host = await bench.host([spec], { keepWarm: true });
    const url = new URL(host.url("stage-a"));
    const socket = connect(Number(url.port), url.hostname);
    socket.write("GET /stage-a/slow HTTP/1.1\r\nhost: x\r\n\r\n");
    await soon(() => host.status()[0]?.instances[0]?.inFlight).toBe(1);
    socket.destroy();
    expect(await (await fetch(url)).text()).toBe("ok");
  });

  test("gets 500 where the handler throws, and the log has the error", async () => {
    const lines: string[] = [];
    const spec = await bench.spec(`throw new Error("no such window")`);
    const host = await bench.host([spec], { onLog: (line) => lines.push(line.text) });
    expect((await fetch(host.url("stage-a"))).status).toBe(500);
    await soon(() => lines.join("\n")).toContain("no such window");
    expect(host.status()[0]?.failures).toBe(1);
  });
});
