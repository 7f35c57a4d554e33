/**
 * Accounts: as whom the functions of a pipeline run, and in whose name they are called.
 *
 * Owns: the service accounts. A project has 100 of them unless Google gives it more: many pipelines
 * in one project share one account each (`shared`), and their functions then may do what any of them
 * needs.
 *
 * @see https://docs.cloud.google.com/iam/quotas
 */
import { Account } from "@pulumi/gcp/serviceaccount/account.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import type { AccountsMode } from "./config.ts";
import { accountId } from "./names.ts";

/** The accounts of a pipeline. */
export interface MeshAccounts {
  /** By function: the ids of stages, and `tracker`. */
  readonly functions: ReadonlyMap<string, Account>;
  /** In whose name Pub/Sub and Cloud Tasks call. */
  readonly caller: Account;
}

/** The role of the account that calls functions, in names. */
export const CALLER = "caller";

/** Declares the accounts. */
export function declareAccounts(
  project: string,
  pipeline: string,
  functions: readonly string[],
  mode: AccountsMode,
  options: CustomResourceOptions,
): MeshAccounts {
  const declare = (role: string, does: string): Account =>
    new Account(
      `${pipeline}-${role}`,
      {
        project,
        accountId: accountId(pipeline, role),
        displayName: `Tidemark, ${pipeline}: ${does}`.slice(0, DISPLAY_CHARS_MAX),
      },
      options,
    );
  const caller = declare(CALLER, "calls its functions");
  if (mode === "perStage") {
    const own = functions.map((name) => [name, declare(name, `runs ${name}`)] as const);
    return { caller, functions: new Map(own) };
  }
  const shared = declare("functions", "runs its functions");
  return { caller, functions: new Map(functions.map((name) => [name, shared])) };
}

const DISPLAY_CHARS_MAX = 100;
