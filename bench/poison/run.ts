/**
 * Poison: what an element that always fails does to the others, on real processes.
 *
 * Owns: the measurement. Readings come at a steady pace, once without any poison and once with two
 * among them, one that throws before the shuffle and one behind it, on the same mesh. How long each
 * of the others takes is compared; then the two are found, shown, mended and sent back by the
 * command line.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Subscription } from "@google-cloud/pubsub";
import { type LocalMesh, startLocalMesh } from "../../emulators/local-mesh.ts";
import { DEFAULT_OPTIONS } from "../../functions/options.ts";
import { bundlePipeline, type StageBundle } from "../../infra/code-bundle.ts";
import { compile } from "../../sdk/compile/compile.ts";
import type { Pipeline } from "../../sdk/pipeline.ts";
import { until } from "../until.ts";
import broken from "./broken.ts";
import { type Delays, Latencies } from "./latencies.ts";
import mended from "./mended.ts";
import { CHECKED, READINGS, type Reading } from "./pipeline.ts";

/** What two poison elements did to the others. */
export interface PoisonFigures {
  readonly readings: number;
  readonly perSecond: number;
  /** All pauses between the runs of a failing bundle. */
  readonly configuredRetriesMs: number;
  readonly without: Delays;
  /** Of all others. */
  readonly withPoison: Delays;
  /** Of those that were published within a second of a poison element. */
  readonly besidePoison: Delays;
  readonly doubled: number;
  /** Other readings without a result. */
  readonly lost: number;
  readonly found: number;
  readonly shown: number;
  /** Poison elements whose result came after the code was mended. */
  readonly replayed: number;
}

const PACE_MS = 20;
const POLL_MS = 50;
const TIMEOUT_MS = 120_000;
const root = fileURLToPath(new URL("../..", import.meta.url));

/** Measures with so many readings in each of the two runs. */
export async function poisonFigures(readings: number, perSecond: number): Promise<PoisonFigures> {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-poison-"));
  const bundle = (name: string, pipeline: Pipeline): Promise<readonly StageBundle[]> => {
    const file = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
    return bundlePipeline({ file, plan: compile(pipeline), folder: join(folder, name) });
  };
  const bundles = await bundle("broken", broken);
  const better = await bundle("mended", mended);
  const mesh = await startLocalMesh({ pipeline: broken, bundles, world: "embedded" });
  try {
    await using run = await Run.of(mesh, perSecond);
    await run.pass(new Latencies(perSecond), () => undefined); // Wakes all that there is.
    const clean = new Latencies(readings);
    await run.pass(clean, () => undefined);
    const places = new Map<number, Reading["poison"]>([
      [Math.floor(readings / 3), "before the shuffle"],
      [Math.floor((readings * 2) / 3), "behind the shuffle"],
    ]);
    const poisoned = new Latencies(readings);
    await run.pass(poisoned, (n) => places.get(n), places.size);
    const isPoison = (n: number): boolean => places.has(n);
    const isBeside = (n: number): boolean =>
      !isPoison(n) && [...places.keys()].some((each) => Math.abs(each - n) <= perSecond);
    const figures = {
      withPoison: poisoned.delays((n) => !isPoison(n)),
      besidePoison: poisoned.delays(isBeside),
      lost: poisoned.missing().filter((n) => !isPoison(n)).length,
    };
    const found = await lettersOf(mesh);
    const pages = await Promise.all(found.map((id) => tidemark(mesh, "show", "readings", id)));
    await mesh.reload(mended, better);
    await tidemark(mesh, "replay", "readings", "--all", "--wait");
    await until("what was sent back", () => poisoned.came === readings, POLL_MS, TIMEOUT_MS);
    const { attemptsMax, retryBackoffMs } = DEFAULT_OPTIONS;
    return {
      readings,
      perSecond,
      configuredRetriesMs: retryBackoffMs * (2 ** (attemptsMax - 1) - 1),
      without: clean.delays(),
      ...figures,
      doubled: clean.doubled + poisoned.doubled,
      found: found.length,
      shown: pages.filter((page) => page.includes("a reading that is poison")).length,
      replayed: places.size - poisoned.missing().length,
    };
  } finally {
    await mesh.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Publishes readings and hears of their results. */
class Run implements AsyncDisposable {
  readonly #mesh: LocalMesh;
  readonly #perSecond: number;
  readonly #subscription: Subscription;
  /** A topic may be told twice, under one id. */
  readonly #ids = new Set<string>();
  #latencies = new Latencies(0);

  private constructor(mesh: LocalMesh, perSecond: number, subscription: Subscription) {
    this.#mesh = mesh;
    this.#perSecond = perSecond;
    this.#subscription = subscription;
    subscription.on("message", (message) => {
      message.ack();
      const id = message.attributes["tidemark-id"] ?? message.id;
      if (this.#ids.has(id)) return;
      this.#ids.add(id);
      this.#latencies.result((JSON.parse(message.data.toString()) as Reading).n);
    });
  }

  static async of(mesh: LocalMesh, perSecond: number): Promise<Run> {
    const topic = mesh.services.pubsubClient.topic(CHECKED);
    const [subscription] = await topic.createSubscription("poison-bench");
    return new Run(mesh, perSecond, subscription);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#subscription.close();
  }

  /** Publishes readings at the pace, and waits until all but `poisonCount` have a result. */
  async pass(
    latencies: Latencies,
    poisonOf: (n: number) => Reading["poison"] | undefined,
    poisonCount = 0,
  ): Promise<void> {
    this.#latencies = latencies;
    const readings = latencies.missing().length;
    const topic = this.#mesh.services.pubsubClient.topic(READINGS);
    const startMs = performance.now();
    for (let n = 0; n < readings; ) {
      const due = Math.ceil(((performance.now() - startMs) / 1_000) * this.#perSecond);
      const sent: Promise<unknown>[] = [];
      for (; n < Math.min(due, readings); n++) {
        const poison = poisonOf(n);
        latencies.sent(n);
        sent.push(topic.publishMessage({ json: { n, ...(poison && { poison }) } }));
      }
      await Promise.all([...sent, sleep(PACE_MS)]);
    }
    await until("all results", () => latencies.came >= readings - poisonCount, POLL_MS, TIMEOUT_MS);
  }
}

async function lettersOf(mesh: LocalMesh): Promise<string[]> {
  const text = await tidemark(mesh, "list", "readings", "--json");
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => (JSON.parse(line) as { readonly id: string }).id);
}

/** Runs a command for dead letters and returns what it prints. */
async function tidemark(mesh: LocalMesh, ...args: readonly string[]): Promise<string> {
  const command = [join(root, "cli/main.ts"), "dead-letters", ...args];
  const env = { ...process.env, ...mesh.variables, NO_COLOR: "1", FORCE_COLOR: undefined };
  return (await promisify(execFile)(process.execPath, command, { env })).stdout;
}
