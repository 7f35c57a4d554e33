/**
 * Environment: what a deployed function is told by its variables.
 *
 * Owns: their names and their check. infra/ and emulators/ set them; nobody else reads them.
 */
import type { CompileOptions } from "../../sdk/compile/plan.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import { DEFAULT_OPTIONS, type EngineOptions } from "../options.ts";
import { type PushAuth, pushAuthVariables, readPushAuth } from "./push-auth.ts";

/** What a deployed function is told. */
export interface FunctionEnvironment {
  readonly project: string;
  /** Firestore database. */
  readonly database: string;
  /** Hash of the plan that the topology was made for. */
  readonly planHash: string;
  readonly compile: CompileOptions;
  readonly options: EngineOptions;
  /** Cloud Tasks queue: `projects/P/locations/L/queues/Q`. */
  readonly queue: string;
  /** URL of the tracker's function. */
  readonly trackerUrl: string;
  /** `host:port` of a Cloud Tasks emulator; undefined in the cloud. */
  readonly tasksEmulatorHost: string | undefined;
  readonly pubsubEmulatorHost: string | undefined;
  /** Who may call the function. */
  readonly auth: PushAuth;
}

/** Returns the variables that tell a function its environment: the inverse of `readEnvironment`. */
export function environmentVariables(
  environment: Omit<FunctionEnvironment, "options" | "pubsubEmulatorHost"> & {
    readonly options: Partial<EngineOptions>;
  },
): Record<string, string> {
  const { tasksEmulatorHost } = environment;
  return {
    TIDEMARK_PROJECT: environment.project,
    TIDEMARK_DATABASE: environment.database,
    TIDEMARK_PLAN: environment.planHash,
    TIDEMARK_COMPILE: JSON.stringify(environment.compile),
    TIDEMARK_ENGINE: JSON.stringify(environment.options),
    TIDEMARK_QUEUE: environment.queue,
    TIDEMARK_TRACKER_URL: environment.trackerUrl,
    ...pushAuthVariables(environment.auth),
    ...(tasksEmulatorHost !== undefined && { CLOUD_TASKS_EMULATOR_HOST: tasksEmulatorHost }),
  };
}

/**
 * Reads the environment.
 *
 * @throws ERR_OPTION if a variable is missing, or nothing says who may call
 */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): FunctionEnvironment {
  const need = (name: string): string => {
    const value = env[name];
    if (value !== undefined && value !== "") return value;
    throw new MeshError("ERR_OPTION", `The environment variable ${name} is not set.`);
  };
  return {
    project: need("TIDEMARK_PROJECT"),
    database: need("TIDEMARK_DATABASE"),
    planHash: need("TIDEMARK_PLAN"),
    compile: JSON.parse(need("TIDEMARK_COMPILE")) as CompileOptions,
    options: {
      ...DEFAULT_OPTIONS,
      ...(JSON.parse(need("TIDEMARK_ENGINE")) as Partial<EngineOptions>),
    },
    queue: need("TIDEMARK_QUEUE"),
    trackerUrl: need("TIDEMARK_TRACKER_URL"),
    tasksEmulatorHost: env["CLOUD_TASKS_EMULATOR_HOST"],
    pubsubEmulatorHost: env["PUBSUB_EMULATOR_HOST"],
    auth: readPushAuth(env),
  };
}
