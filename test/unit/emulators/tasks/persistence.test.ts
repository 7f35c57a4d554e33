import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startTasks } from "../../../../emulators/tasks/index.ts";
import { ManualTimers, queueName, Rig, soon } from "./support.ts";

let persistFolder: string;
beforeEach(async () => {
  persistFolder = await mkdtemp(join(tmpdir(), "tidemark-tasks-"));
});
afterEach(() => rm(persistFolder, { recursive: true }));

describe("what the server keeps", () => {
  test("survives a restart: queues, tasks, attempts and names that are taken", async () => {
    const timers = new ManualTimers();
    {
      await using rig = await Rig.start({ persistFolder, timers });
      await rig.queue({ retryConfig: { maxAttempts: 9 } });
      await rig.task({ name: "ran" });
      await soon(() => rig.server.counts.succeeded).toBe(1);
      rig.handler.statusCode = 500;
      await rig.task({ name: "failed", body: "payload" });
      await soon(() => rig.server.counts.retried).toBe(1);
    }
    await using rig = await Rig.start({ persistFolder, timers });
    const [queue] = await rig.client.getQueue({ name: queueName });
    expect(queue.retryConfig?.maxAttempts).toBe(9);
    const name = `${queueName}/tasks/failed`;
    const [task] = await rig.client.getTask({ name, responseView: "FULL" });
    expect(task).toMatchObject({ dispatchCount: 1 });
    expect(String(task.httpRequest?.body)).toBe("payload");
    await expect(rig.task({ name: "ran" })).rejects.toMatchObject({ code: status.ALREADY_EXISTS });
  });

  test("is cleaned of what is over, at the next start", async () => {
    const timers = new ManualTimers();
    const lines = async (): Promise<number> =>
      (await readFile(join(persistFolder, "tasks.ndjson"), "utf8")).split("\n").length - 1;
    {
      await using rig = await Rig.start({ persistFolder, timers });
      await rig.queue();
      for (let i = 0; i < 5; i++) await rig.task();
      await soon(() => rig.server.counts.succeeded).toBe(5);
    }
    expect(await lines()).toBe(11);
    await (await startTasks({ persistFolder, timers })).stop();
    expect(await lines()).toBe(1);
  });

  test("is read up to a line that a crash cut off", async () => {
    {
      await using rig = await Rig.start({ persistFolder });
      await rig.queue();
    }
    await appendFile(join(persistFolder, "tasks.ndjson"), '{"op":"queueEnd');
    await using rig = await Rig.start({ persistFolder });
    const [queue] = await rig.client.getQueue({ name: queueName });
    expect(queue.state).toBe("RUNNING");
  });

  test("is refused with the line's number where a line in the middle is broken", async () => {
    await writeFile(
      join(persistFolder, "tasks.ndjson"),
      'broken\n{"op":"queueEnded","queue":"q"}\n',
    );
    await expect(startTasks({ persistFolder })).rejects.toMatchObject({
      code: "ERR_EMULATOR",
      message: expect.stringContaining("Line 1"),
    });
  });
});
