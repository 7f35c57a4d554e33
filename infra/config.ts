/**
 * Config: what a stack says, read and checked before anything is declared.
 *
 * Owns: the keys under `tidemark:`, their defaults and their check; Pulumi.yaml describes them for
 * people. Does not own: what is known only of a compiled pipeline (build-pipelines.ts).
 *
 * CF1. All that is wrong is said at once, in one error, each fault with its key.
 */
import { DEFAULT_OPTIONS } from "../functions/options.ts";
import { MeshConfigReader, projectOf } from "./config-reader.ts";
import { FIRESTORE_LOCATIONS, REGIONS } from "./regions.ts";
import { DEFAULT_SETTINGS, type FunctionSettings, settingsOf } from "./settings.ts";

/** A value of Secret Manager that functions get as a variable. */
export interface SecretSetting {
  /** Id of a secret of the project. */
  readonly secret: string;
  /** A number, or `latest`. */
  readonly version: string;
}

/** By whom functions are identified: one service account each, or one for all of a pipeline. */
export type AccountsMode = "perStage" | "shared";

/** What a stack says of its pipelines. */
export interface DeployConfig {
  readonly project: string;
  readonly region: string;
  /** Files that export a pipeline as default, from the folder of Pulumi.yaml. */
  readonly pipelines: readonly string[];
  /** Shards of each stage; the compiler's default where left out. */
  readonly parallelism: number | undefined;
  /** Whether each function has all of an author's code; otherwise what only other stages run is left out. */
  readonly wholeModules: boolean;
  /** How often the tracker runs while something is going on, in ms. */
  readonly tickMs: number;
  /** How long an ingest instance gathers messages, in ms. */
  readonly gatherMs: number | undefined;
  readonly functions: Partial<FunctionSettings>;
  /** By pipeline and stage: its id, the name of the transform that begins it, or `tracker`. */
  readonly stages: Readonly<Record<string, Readonly<Record<string, Partial<FunctionSettings>>>>>;
  readonly serviceAccounts: AccountsMode;
  readonly database: string;
  readonly firestoreLocation: string;
  /** The database is there already, and not this stack's. */
  readonly existingDatabase: boolean;
  /** Topics of sources and sinks that are there already. */
  readonly existingTopics: readonly string[];
  /** Keeps the database from being deleted. */
  readonly protect: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** Variables of all functions. */
  readonly env: Readonly<Record<string, string>>;
  /** By the name of the variable. */
  readonly secrets: Readonly<Record<string, SecretSetting>>;
  /** Values of secrets that the stack makes, by the name of the variable. */
  readonly secretValues: Readonly<Record<string, string>>;
  /** Key that topics, bucket, database and functions are encrypted with. */
  readonly kmsKey: string | undefined;
  /** Artifact Registry repository of the functions' images: a key needs one of its own. */
  readonly repository: string | undefined;
  /** Notification channels of alerts that are there already. */
  readonly alertChannels: readonly string[];
  /** Addresses that alerts are mailed to. */
  readonly alertEmails: readonly string[];
  /** An element that waits longer is reported, in s. */
  readonly freshnessSeconds: number;
  /** How often the tracker logs watermarks, of which the dashboard draws their lag, in s; 0: never. */
  readonly watermarkLogSeconds: number;
  /** A stage whose watermark lies further behind the clock is reported, in s; undefined: none. */
  readonly watermarkLagSeconds: number | undefined;
  /** USD a month of one pipeline that is reported when it is passed; undefined: none. */
  readonly budgetPerMonth: number | undefined;
  /** By pipeline: transforms that were renamed, old name → new name. */
  readonly rename: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** By pipeline: transforms whose state is given up. */
  readonly drop: Readonly<Record<string, readonly string[]>>;
  /** Pipelines that give up all state which does not fit. */
  readonly override: readonly string[];
  /** Whether the job of a pipeline that was taken out is drained; otherwise that is refused. */
  readonly drainRemoved: boolean;
  /** How long a job may take to come to rest, or to its end, in s. */
  readonly updateTimeoutSeconds: number;
}

/** A tick a second would be the greatest part of a small stream's bill (docs/cost.md). */
export const TICK_MS = 10_000;

const SHARDS_MAX = 1_024;
const TICK_MS_MAX = 3_600_000;
const GATHER_MS_MAX = 10_000;
const TIMEOUT_SECONDS_MAX = 3_600;
const FRESHNESS_SECONDS_MAX = 7 * 24 * 3_600;
const LAG_SECONDS_MAX = 366 * 24 * 3_600;

/**
 * Reads a stack's configuration.
 *
 * @param all - all of it, by full key: `tidemark:region`
 * @param secretKeys - full keys of what is encrypted where it is kept
 * @throws ERR_OPTION with everything that is wrong
 */
export function readConfig(
  all: Readonly<Record<string, string>>,
  secretKeys: readonly string[] = [],
): DeployConfig {
  const read = new MeshConfigReader(all, secretKeys);
  const region = read.oneOf("region", REGIONS, "europe-west1");
  const config: DeployConfig = {
    project: projectOf(read),
    region,
    pipelines: read.list("pipelines"),
    parallelism: read.count("parallelism", 1, SHARDS_MAX),
    wholeModules: read.flag("wholeModules", false),
    tickMs: read.count("tickMs", 100, TICK_MS_MAX) ?? TICK_MS,
    gatherMs: read.count("gatherMs", 0, GATHER_MS_MAX),
    functions: read.settings("functions"),
    stages: read.stages("stages"),
    serviceAccounts: read.oneOf("serviceAccounts", ["perStage", "shared"] as const, "perStage"),
    database: read.text(
      "database",
      DATABASE_ID,
      "(default), or 4 to 63 of a-z, 0-9 and -",
      "tidemark",
    ),
    firestoreLocation: read.oneOf("firestoreLocation", FIRESTORE_LOCATIONS, region),
    existingDatabase: read.flag("existingDatabase", false),
    existingTopics: read.list("existingTopics"),
    protect: read.flag("protect", true),
    labels: read.texts("labels", LABEL, LABEL_VALUE),
    env: read.texts("env", VARIABLE, /^/),
    secrets: read.secrets("secrets", VARIABLE),
    secretValues: read.secretValues("secretValues", VARIABLE),
    kmsKey: read.optionalText("kmsKey", KMS_KEY, "projects/P/locations/L/keyRings/R/cryptoKeys/K"),
    repository: read.optionalText(
      "repository",
      REPOSITORY,
      "projects/P/locations/L/repositories/R",
    ),
    alertChannels: read.list("alertChannels"),
    alertEmails: read.list("alertEmails"),
    freshnessSeconds: read.count("freshnessSeconds", 60, FRESHNESS_SECONDS_MAX) ?? 300,
    watermarkLogSeconds:
      read.count("watermarkLogSeconds", 0, 3_600) ?? DEFAULT_OPTIONS.watermarkLogMs / 1_000,
    watermarkLagSeconds: read.count("watermarkLagSeconds", 60, LAG_SECONDS_MAX),
    budgetPerMonth: read.count("budgetPerMonth", 1, 1_000_000),
    rename: read.nestedTexts("rename"),
    drop: read.lists("drop"),
    override: read.list("override"),
    drainRemoved: read.flag("drainRemoved", false),
    updateTimeoutSeconds: read.count("updateTimeoutSeconds", 1, TIMEOUT_SECONDS_MAX) ?? 120,
  };
  checkTogether(read, config);
  read.end();
  return config;
}

const DATABASE_ID = /^(\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9])$/;
const LABEL = /^[a-z][a-z0-9_-]{0,62}$/;
const LABEL_VALUE = /^[a-z0-9_-]{0,63}$/;
const VARIABLE = /^(?!TIDEMARK_|X_GOOGLE_|PORT$|K_)[A-Za-z_][A-Za-z0-9_]*$/;
const CHANNEL = /^projects\/[^/]+\/notificationChannels\/[^/]+$/;
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
/** Of one policy. @see https://docs.cloud.google.com/monitoring/quotas */
const CHANNELS_MAX = 16;
const KMS_KEY = /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/;
const REPOSITORY = /^projects\/[^/]+\/locations\/[^/]+\/repositories\/[^/]+$/;

function checkTogether(read: MeshConfigReader, config: DeployConfig): void {
  if (config.pipelines.length === 0 && !config.drainRemoved) {
    read.fault("pipelines", 'names no file. Say which to deploy: ["pipelines/orders.ts"].');
  }
  const twice = config.pipelines.filter((file, at) => config.pipelines.indexOf(file) !== at);
  if (twice.length > 0) read.fault("pipelines", `names ${twice[0]} twice.`);
  if (config.kmsKey !== undefined && config.repository === undefined) {
    read.fault(
      "kmsKey",
      "needs tidemark:repository too: functions with a key take their images from a repository of yours.",
    );
  }
  if (config.watermarkLagSeconds !== undefined && config.watermarkLogSeconds === 0) {
    read.fault(
      "watermarkLagSeconds",
      "needs watermarks that are logged: watermarkLogSeconds is 0.",
    );
  }
  checkVariables(read, config);
  checkChannels(read, config);
  try {
    settingsOf("tidemark:functions", DEFAULT_SETTINGS, config.functions);
  } catch (error) {
    read.fault(
      "functions",
      error instanceof Error ? error.message.replace(/^[^:]+:[^:]+: /, ": ") : "",
    );
  }
}

/** A variable has one value. */
function checkVariables(read: MeshConfigReader, config: DeployConfig): void {
  const { env, secrets, secretValues } = config;
  const both = Object.keys(secrets).filter((name) => name in env);
  if (both.length > 0) read.fault("secrets", `and tidemark:env both give ${both.join(", ")}.`);
  for (const [key, others] of Object.entries({ env, secrets })) {
    const given = Object.keys(secretValues).filter((name) => name in others);
    if (given.length === 0) continue;
    read.fault("secretValues", `and tidemark:${key} both give ${given.join(", ")}.`);
  }
}

function checkChannels(read: MeshConfigReader, config: DeployConfig): void {
  const { alertChannels, alertEmails } = config;
  for (const channel of alertChannels.filter((each) => !CHANNEL.test(each))) {
    const form = "projects/P/notificationChannels/ID";
    read.fault("alertChannels", `are written ${form}, not ${JSON.stringify(channel)}.`);
  }
  for (const email of alertEmails.filter((each) => !EMAIL.test(each))) {
    read.fault("alertEmails", `are written NAME@HOST, not ${JSON.stringify(email)}.`);
  }
  const twice = alertEmails.filter((email, at) => alertEmails.indexOf(email) !== at);
  if (twice.length > 0) read.fault("alertEmails", `names ${twice[0]} twice.`);
  if (alertChannels.length + alertEmails.length > CHANNELS_MAX) {
    read.fault("alertEmails", `and tidemark:alertChannels are ${CHANNELS_MAX} together at most.`);
  }
}
