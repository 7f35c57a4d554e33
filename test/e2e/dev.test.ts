/** `tidemark dev` as a process, from its start over reloads to Ctrl-C. */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { type Message, PubSub, type Subscription } from "@google-cloud/pubsub";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DevLine, DevProcess } from "../support/dev-process.ts";
import { inRepository, Workplace } from "../unit/cli/support.ts";

const source = (factor: string, more = ""): string => `
import { pipeline, pubsub } from "tidemark";

export default pipeline("numbers", (p) => {
  p.read(pubsub.topic<{ n: number }>("numbers"))
    .map(({ n }) => ({ n, result: n * ${factor} }))${more}
    .write(pubsub.topic("results"));
});
`;

/** Returns a process's descendants. */
function descendants(pid: number): number[] {
  const children = readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      return parent === pid ? [Number(name)] : [];
    } catch {
      return []; // It ended while it was looked at.
    }
  });
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

function isListening(address: string): Promise<boolean> {
  const [host = "", port = ""] = address.split(":");
  const socket = connect(Number(port), host);
  return new Promise((resolve) => {
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
  }).then((is) => {
    socket.destroy();
    return is as boolean;
  });
}

describe("tidemark dev", { timeout: 30_000 }, () => {
  let place: Workplace;
  let dev: DevProcess;
  let pubsub: PubSub;
  let results: Subscription;
  let variables: Record<string, string>;
  const received: { n: number; result: number }[] = [];

  beforeAll(async () => {
    place = await Workplace.create({ "numbers.ts": source("2") });
    dev = new DevProcess(place.folder, ["numbers.ts", "--json"]);
    const started = await dev.next("started");
    variables = started["variables"] as Record<string, string>;
    Object.assign(process.env, variables);
    await openClients();
  }, 30_000);

  afterAll(async () => {
    await results?.close();
    await pubsub?.close();
    if (dev.child.exitCode === null) dev.child.kill("SIGKILL");
    await dev.ended;
    await place[Symbol.asyncDispose]();
  });

  async function openClients(): Promise<void> {
    pubsub = new PubSub();
    [results] = await pubsub.topic("results").createSubscription("test-results");
    results.on("message", (message: Message) => {
      received.push(JSON.parse(message.data.toString()));
      message.ack();
    });
  }

  async function resultOf(n: number): Promise<number> {
    await pubsub.topic("numbers").publishMessage({ json: { n } });
    await expect
      .poll(() => received.find((each) => each.n === n), { timeout: 10_000 })
      .toBeTruthy();
    return received.find((each) => each.n === n)?.result ?? Number.NaN;
  }

  test("what is published with the printed variables comes out transformed", async () => {
    expect(await resultOf(1)).toBe(2);
  });

  test("the status counts it, one JSON line a change", async () => {
    const taken = (line: DevLine): boolean =>
      (line["stages"] as { elementsIn: number }[]).some(({ elementsIn }) => elementsIn === 1);
    const { stages } = await dev.next("status", taken);
    expect(stages).toMatchObject([
      { kind: "ingest", elementsIn: 1, elementsOut: 1, deadLetters: 0 },
    ]);
  });

  test("a saved change of code replaces the functions that it changes", async () => {
    await place.write("numbers.ts", source("10"));
    const reload = await dev.next("reload");
    expect(reload["outcome"]).toBe("replaced");
    expect(reload["functions"]).toContainEqual(expect.stringMatching(/^read-pubsub-numbers-/));
    expect(await resultOf(2)).toBe(20);
  });

  test("a syntax error is shown, and the old code goes on", async () => {
    await place.write("numbers.ts", source("* 3"));
    const reload = await dev.next("reload");
    expect(reload["outcome"]).toBe("refused");
    expect(reload["text"]).toMatch(/numbers\.ts:6:\d+: Unexpected "\*"/);
    expect(await resultOf(3)).toBe(30);
  });

  test("another plan that the state fits is taken up in place", async () => {
    await place.write("numbers.ts", source("100", ".reshuffle()"));
    expect((await dev.next("reload"))["outcome"]).toBe("updated");
    expect(await resultOf(4)).toBe(400);
  }, 30_000);

  test("another terminal updates it by the printed variables", async () => {
    await place.write("others.ts", source("1000", ".reshuffle()"));
    const updated = await place.tidemark("update", "others.ts");
    expect(updated).toMatchObject({ exitCode: 0 });
    expect((await dev.next("reload"))["outcome"]).toBe("updated");
    expect(await resultOf(5)).toBe(5_000);
  }, 30_000);

  test("another plan that the state does not fit starts afresh at the same addresses", async () => {
    const counting = (minutes: number): string =>
      source(
        "100",
        `.keyBy(() => "all").windowInto(fixedWindows({ minutes: ${minutes} })).combinePerKey(count(), { name: "Counts" })`,
      ).replace("{ pipeline", "{ count, fixedWindows, pipeline");
    await place.write("numbers.ts", counting(1));
    expect((await dev.next("reload"))["outcome"]).toBe("updated");
    await results.close();
    await pubsub.close();
    await place.write("numbers.ts", counting(2));
    const started = await dev.next("started");
    expect(started["variables"]).toEqual(variables);
    const reload = await dev.next("reload");
    expect(reload["outcome"]).toBe("restarted");
    expect(reload["text"]).toContain("windowFn.sizeMs was 60000 and is 120000");
    await openClients();
  }, 30_000);

  test("Ctrl-C ends it with 0 and one line of summary, and nothing is left behind", async () => {
    const pids = descendants(dev.child.pid ?? 0);
    expect(pids.length).toBeGreaterThan(2);
    await results.close();
    await pubsub.close();
    dev.child.kill("SIGINT");
    expect(await dev.ended).toBe(0);
    const last = dev.lines.at(-1);
    expect(last?.type).toBe("stopped");
    expect(last?.["text"]).toMatch(/^Stopped after .*: 0 elements in, 0 dead letters\.$/);
    await expect.poll(() => pids.filter(isAlive), { timeout: 3_000 }).toEqual([]);
    for (const name of ["PUBSUB_EMULATOR_HOST", "FIRESTORE_EMULATOR_HOST"]) {
      expect(await isListening(variables[name] ?? "")).toBe(false);
    }
    expect(existsSync(place.path(".tidemark"))).toBe(false);
    expect(dev.stderr).toBe("");
  });
});

test("a port that is taken is named with its option, and the exit code is 1", async () => {
  await using place = await Workplace.create({ "numbers.ts": source("2") });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? String(address?.port) : "";
  const { stderr, exitCode } = await place.tidemark("dev", "numbers.ts", "--port-pubsub", port);
  server.close();
  expect(stderr).toContain(`error ERR_PORT_IN_USE\n  Port ${port} (--port-pubsub) is taken.`);
  expect(exitCode).toBe(1);
});

test("the demo counts every flight, equal to a direct computation", {
  timeout: 60_000,
}, async () => {
  await using place = await Workplace.create();
  const demo = spawn(process.execPath, [inRepository("cli/demo.ts"), "--events", "500", "--json"], {
    cwd: place.folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let stdout = "";
  demo.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  const exitCode = await new Promise((resolve) => demo.on("close", resolve));
  expect(JSON.parse(stdout)).toMatchObject({ events: 500, counted: 500, isEqual: true });
  expect(exitCode).toBe(0);
});
