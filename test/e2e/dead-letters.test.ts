/**
 * Dead letters on real processes: a poison message among thousands is found, shown, mended and sent
 * back by the command line, while all others go on; then every total is exact.
 */
import { spawn } from "node:child_process";
import { afterAll, expect, it } from "vitest";
import type { Sale } from "../support/pipelines/sales.ts";
import broken from "../support/pipelines/sales-broken.ts";
import mended from "../support/pipelines/sales-mended.ts";
import { bundle, type MeshRun, removeBundles, withMesh } from "../support/run-mesh.ts";
import { type CliResult, inRepository } from "../unit/cli/support.ts";

const TIMEOUT_MS = 300_000;
const START_MS = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;
const COUNT = 5_000;
const SHOPS = ["a", "b", "c", "closed"];

const saleAt = (timeMs: number, shop: string, amount: Sale["amount"]): Sale => {
  return { shop, at: new Date(timeMs).toISOString(), amount };
};

const SALES: readonly Sale[] = Array.from({ length: COUNT }, (_, i) =>
  saleAt(START_MS + i * 2_000, SHOPS[i % SHOPS.length] ?? "", i),
);
const POISON = saleAt(START_MS + HOUR_MS, "a", "1.234,50");
const POISON_CENTS = 123_450;
const GARBAGE = ['{"shop": "a",', "no JSON", "null"].map((text) => Buffer.from(text));
/** So much later that the others' windows end, and not so much that any expires. */
const LATER = saleAt(START_MS + 72 * HOUR_MS, "later", 0);

afterAll(removeBundles);

/** Runs `tidemark` as a process against a mesh. */
function tidemark({ mesh }: MeshRun, ...args: readonly string[]): Promise<CliResult> {
  const child = spawn(process.execPath, [inRepository("cli/main.ts"), "dead-letters", ...args], {
    env: { ...process.env, ...mesh.variables, NO_COLOR: "1", FORCE_COLOR: undefined },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { promise, resolve, reject } = Promise.withResolvers<CliResult>();
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.on("error", reject);
  child.on("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
  return promise;
}

interface LetterJson {
  readonly id: string;
  readonly code: string;
  readonly transform: string;
  readonly element?: { readonly amount?: unknown; readonly key?: string };
}

async function listed(run: MeshRun, ...flags: readonly string[]): Promise<LetterJson[]> {
  const { stdout, stderr } = await tidemark(run, "list", "sales", "--json", ...flags);
  expect(stderr).toBe("");
  const lines = stdout.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as LetterJson);
}

/** Cents by shop and hour of all sales that are good by then. */
function totals(isMended: boolean): Record<string, number> {
  const sums: Record<string, number> = {};
  const add = ({ shop, at }: Sale, cents: number): void => {
    const id = `${shop}-${Math.floor(Date.parse(at) / HOUR_MS) * HOUR_MS}`;
    sums[id] = (sums[id] ?? 0) + cents;
  };
  for (const sale of SALES) {
    if (isMended || sale.shop !== "closed") add(sale, Number(sale.amount));
  }
  if (isMended) add(POISON, POISON_CENTS);
  return sums;
}

async function written(run: MeshRun): Promise<Record<string, unknown>> {
  const documents = await run.documents("shop-hours");
  return Object.fromEntries([...documents].map(([id, { cents }]) => [id, cents]));
}

it(
  "a poison message is found, shown, mended and sent back, and all totals are exact",
  async () => {
    const bundled = await bundle("test/support/pipelines/sales-broken.ts", broken);
    const better = await bundle("test/support/pipelines/sales-mended.ts", mended);
    await withMesh(bundled, async (run) => {
      const half = COUNT / 2;
      await run.publish("sales", [...SALES.slice(0, half), POISON, ...SALES.slice(half)]);
      await run.publish("sales", [...GARBAGE, LATER]);
      await run.ingested(COUNT + 1 + GARBAGE.length + 1, 90_000);
      const expected = totals(false);
      await run.until("all but the letters written", 60_000, async () => {
        return JSON.stringify(sorted(await written(run))) === JSON.stringify(sorted(expected));
      });
      const poison = await checkListed(run);
      await checkRefusals(run, poison);

      const dropped = await tidemark(run, "drop", "sales", "--code", "ERR_DECODE", "--yes");
      expect(dropped).toMatchObject({ exitCode: 0, stdout: "3 dead letters dropped.\n" });
      const inVain = await tidemark(run, "replay", "sales", "--match", "closed", "--wait");
      expect(inVain.exitCode).toBe(1);
      expect(inVain.stdout).toContain("3 failed again");

      await run.mesh.reload(better.pipeline, better.bundles);
      const replayed = await tidemark(run, "replay", "sales", "--all", "--wait");
      expect(replayed, replayed.stdout).toMatchObject({ exitCode: 0, stderr: "" });
      expect(replayed.stdout).toBe("4 dead letters sent back.\n4 dead letters taken.\n");
      expect(await listed(run)).toEqual([]);
      await run.until("all written", 60_000, async () => {
        return JSON.stringify(sorted(await written(run))) === JSON.stringify(sorted(totals(true)));
      });

      const again = await tidemark(run, "replay", "sales", "--all");
      expect(again.stderr).toContain("sales has no open dead letters.");
      await run.drain(60_000);
      expect(await written(run)).toEqual({ ...totals(true), [`later-${Date.parse(LATER.at)}`]: 0 });
    });
  },
  TIMEOUT_MS,
);

function sorted(sums: Record<string, unknown>): [string, unknown][] {
  return Object.entries(sums).sort(([a], [b]) => (a < b ? -1 : 1));
}

async function checkListed(run: MeshRun): Promise<string> {
  const [letters, byTransform, byMessage, table] = await Promise.all([
    listed(run),
    listed(run, "--transform", "parse amount"),
    listed(run, "--match", "CLOSED", "--since", "1h"),
    tidemark(run, "list", "sales"),
  ]);
  expect(letters.map(({ code }) => code).sort()).toEqual([
    ...GARBAGE.map(() => "ERR_DECODE"),
    "ERR_USER_CODE", // The poison.
    ...[0, 1, 2].map(() => "ERR_USER_CODE"), // The closed shop, in each of the three hours.
  ]);
  expect(byMessage).toHaveLength(3);
  const [poison] = byTransform;
  expect(poison?.element?.amount).toBe("1.234,50");
  const page = await tidemark(run, "show", "sales", poison?.id ?? "");
  expect(page.stdout).toMatch(/^transform +parse amount$/m);
  expect(page.stdout).toMatch(/^stands at .*pipelines\/sales\.ts:\d+$/m);
  expect(page.stdout).toContain("amount is no number: a string");
  expect(page.stdout).toContain('"amount": "1.234,50"');
  expect(table.stdout).toContain("sales: 7 open dead letters");
  expect(table.stdout).not.toContain("1.234,50");
  return poison?.id ?? "";
}

async function checkRefusals(run: MeshRun, id: string): Promise<void> {
  const [unknown, nobody, unsaid, dry, unsure] = await Promise.all([
    tidemark(run, "show", "sales", `${id}x`),
    tidemark(run, "list", "sale"),
    tidemark(run, "replay", "sales"),
    tidemark(run, "replay", "sales", "--all", "--dry-run"),
    tidemark(run, "drop", "sales", "--all"),
  ]);
  expect(unknown.exitCode).toBe(1);
  expect(unknown.stderr).toContain(`There is no dead letter "${id}x". Did you mean`);
  expect(nobody.stderr).toContain('No pipeline "sale" was launched');
  expect(unsaid.stderr).toContain("Which dead letters?");
  expect(dry.stdout).toContain("7 dead letters would be sent back; nothing was.");
  expect(unsure.exitCode).toBe(1);
  expect(unsure.stdout).toContain("Give --yes");
}
