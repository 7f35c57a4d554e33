/**
 * Prices: the list's, or the user's own.
 *
 * Owns: how a file of the user's overrides the list. Does not own: the list (infra/prices.ts), how much is
 * used (stage-loads.ts).
 */
import { readFile } from "node:fs/promises";
import { LIST_PRICES, type Prices } from "../../infra/prices.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import { similarTo } from "../similar.ts";

/**
 * Reads prices that differ from the list: a JSON object of some of its names.
 *
 * @throws ERR_OPTION if the file can't be read, or holds a name or a value that is no price
 */
export async function readPrices(file: string): Promise<Prices> {
  const own = await readObject(file);
  for (const [name, value] of Object.entries(own)) {
    if (!(name in LIST_PRICES)) {
      const [near] = similarTo(name, Object.keys(LIST_PRICES));
      const hint = near === undefined ? "" : ` Did you mean ${near}?`;
      throw new MeshError("ERR_OPTION", `--prices ${file}: there is no price "${name}".${hint}`);
    }
    if (typeof value !== "number" || !(value >= 0)) {
      throw new MeshError("ERR_OPTION", `--prices ${file}: ${name} must be a number of dollars.`);
    }
  }
  return { ...LIST_PRICES, ...own };
}

async function readObject(file: string): Promise<object> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw new MeshError("ERR_OPTION", `--prices ${file}: ${(cause as Error).message}.`, { cause });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new MeshError("ERR_OPTION", `--prices ${file}: it holds no JSON object.`);
}
