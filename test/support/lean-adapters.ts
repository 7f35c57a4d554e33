/**
 * Adapters of functions/gcp/ as a bundle holds them: with the lean clients.
 */
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build } from "esbuild";
import { googleClients, sharedGoogleClients } from "../../infra/google-clients.ts";

/** The adapters, and the packages' names as they are in a bundle. */
export type LeanAdapters = typeof import("../../functions/gcp/firestore-store.ts") &
  typeof import("../../functions/gcp/pubsub-mailboxes.ts") &
  typeof import("../../functions/gcp/pubsub-subscriptions.ts") &
  typeof import("../../functions/gcp/tasks-wakeups.ts") &
  Pick<typeof import("@google-cloud/pubsub"), "v1">;

const options = {
  bundle: true,
  platform: "node",
  target: "node22",
  logLevel: "silent",
} as const satisfies BuildOptions;

/** Bundles and loads them; the folder keeps the file. */
export async function leanAdapters(folder: string): Promise<LeanAdapters> {
  const names = ["firestore-store", "pubsub-mailboxes", "pubsub-subscriptions", "tasks-wakeups"];
  const lines = names.map((name) => `export * from "./${name}.ts";`);
  lines.push(`export { v1 } from "@google-cloud/pubsub";`);
  const resolveDir = fileURLToPath(new URL("../../functions/gcp", import.meta.url));
  const [clients, { outputFiles }] = await Promise.all([
    googleClients(options, "lean"),
    build({
      ...options,
      stdin: { contents: lines.join("\n"), resolveDir },
      plugins: [sharedGoogleClients(() => {})],
      format: "cjs",
      write: false,
    }),
  ]);
  const file = join(folder, "adapters.cjs");
  await writeFile(file, `"use strict";${clients}${outputFiles[0]?.text ?? ""}`);
  return createRequire(import.meta.url)(file) as LeanAdapters;
}
