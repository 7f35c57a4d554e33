/**
 * Chaos: processes of every stage, and of the tracker, die without warning while messages flow,
 * connections to the services break, and answers get lost. What comes out is what would have come out
 * without (A1 to A5). `npm run chaos` is the same at any size.
 *
 * TIDEMARK_SEED replays the moments and the order of the kills.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { searchGoogleEmulators } from "../../emulators/google/index.ts";
import { type ChaosOptions, type ChaosWatcher, runChaos } from "../chaos/chaos-run.ts";
import type { ChaosOutcome } from "../chaos/outcome.ts";

const TIMEOUT_MS = 300_000;
const { missing } = await searchGoogleEmulators();
const reason = missing.length === 0 ? "" : ` (skipped: ${missing.join(" ")})`;

const nobody: ChaosWatcher = { step() {}, count() {} };

const small: ChaosOptions = {
  world: "embedded",
  shape: "delays",
  events: 2_000,
  kills: 10,
  seed: Number(process.env["TIDEMARK_SEED"] ?? 2_026),
  eventsPerMessage: 1,
  deadlineMs: 240_000,
  engine: { registerTimeoutMs: 10_000 },
};

async function run(options: ChaosOptions): Promise<ChaosOutcome> {
  const outcome = await runChaos(options, nobody, new AbortController().signal);
  const { seed, kills, killsByProcess, connectionsCut } = outcome;
  console.info(`seed ${seed}: ${kills} kills, ${connectionsCut} connections cut`, killsByProcess);
  expect(outcome).toMatchObject({ lost: 0, doubled: 0, faults: [] });
  expect(kills).toBeGreaterThanOrEqual(options.kills);
  expect(connectionsCut).toBeGreaterThan(0);
  return outcome;
}

it(
  "kill -9 of every process, again and again, neither loses nor doubles a flight",
  async () => {
    const { killsByProcess, answersLost } = await run(small);
    expect(Object.keys(killsByProcess)).toHaveLength(5);
    expect(answersLost).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

it(
  "and neither sessions nor state and timers are lost or doubled",
  async () => {
    await run({ ...small, shape: "rushes", events: 1_500, kills: 3, eventsPerMessage: 10 });
  },
  TIMEOUT_MS,
);

it.skipIf(missing.length > 0)(
  `the same on Google's emulators${reason}`,
  async () => {
    const google = { ...small, world: "google", events: 1_000, kills: 3 } as const;
    await run({ ...google, eventsPerMessage: 50 });
  },
  TIMEOUT_MS,
);

/** Processes that have a text in their environment. */
async function processesWith(text: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      // One that is gone, or that is not ours, has no environment for us.
      const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
      return environment.includes(text) ? [pid] : [];
    }),
  );
  return found.flat();
}

const procReason = process.platform === "linux" ? "" : " (skipped: there is no /proc here)";

it.skipIf(procReason !== "")(
  `Ctrl-C in the middle of it leaves nothing behind${procReason}`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "tidemark-chaos-stop-"));
    try {
      const main = fileURLToPath(new URL("../chaos/main.ts", import.meta.url));
      const env = { ...process.env, TMPDIR: folder };
      const program = spawn(process.execPath, [main, "--kills", "1000"], { env, stdio: "pipe" });
      const ended = new Promise((resolve) => program.once("exit", resolve));
      let shown = "";
      program.stderr.on("data", (chunk) => {
        shown += String(chunk);
      });
      while (!shown.includes("kills") && program.exitCode === null) await sleep(50);
      program.kill("SIGINT");
      expect(await ended, shown).toBe(130);
      await expect.poll(() => processesWith(folder), { timeout: 10_000 }).toEqual([]);
      expect(await readdir(folder)).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  TIMEOUT_MS,
);
