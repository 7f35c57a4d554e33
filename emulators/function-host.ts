/**
 * The function host: runs real bundles under the functions framework, as Cloud Run functions would.
 *
 * Owns: the whole of it, as callers see it. Does not own: the front (function-host/front.ts), the
 * scaling (function-host/pool.ts), the processes (function-host/instance.ts).
 *
 * H1. `url(name)` stays the same as long as the host lives, whatever instances come and go.
 * H2. No process outlives the host, also where the host is killed.
 */
import type { Dispatcher } from "undici";
import { MeshError } from "../sdk/model/errors.ts";
import { COMPILE_CACHE_FOLDER, pruneCompileCache } from "./compile-cache.ts";
import { DirectExchange } from "./function-host/direct-exchange.ts";
import { type Front, routeOf, startFront } from "./function-host/front.ts";
import { FunctionPool } from "./function-host/pool.ts";
import { Reaper } from "./function-host/reaper.ts";
import {
  type FunctionSpec,
  type FunctionStatus,
  type LogLine,
  resolveSpec,
} from "./function-host/spec.ts";

export type {
  FunctionSpec,
  FunctionStatus,
  InstanceExit,
  InstanceState,
  InstanceStatus,
  LogLine,
} from "./function-host/spec.ts";

/** How a host is started. */
export interface FunctionHostOptions {
  /** The front's port; a free one when left out. */
  readonly port?: number;
  readonly onLog?: (line: LogLine) => void;
  /** Starts one instance of each function at once, and fails if one doesn't start. */
  readonly keepWarm?: boolean;
  /** Where V8's compiled code is kept between starts: it saves 100 ms of a cold start. */
  readonly compileCacheFolder?: string;
}

/** Functions that run. */
export interface FunctionHost {
  /** The stable URL of a function: known before the function is, as in the cloud. */
  url(name: string): string;
  /**
   * The URL of the one instance of a function, past the front, if exactly one is ready. It is gone
   * when that instance ends, and knows neither deadline nor concurrency: for measurements only.
   */
  directUrl(name: string): string | undefined;
  /**
   * Sends a request of this process to a function, past the front's HTTP; returns false if the
   * request is not for this host. An embedded Pub/Sub server pushes so, at half the work.
   */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean;
  status(): readonly FunctionStatus[];
  /** Puts new code in place: new requests go to it, old ones finish. Also adds a function. */
  replace(spec: FunctionSpec): Promise<void>;
  /** Sends a signal, SIGKILL when left out, to one instance and returns its process id. */
  kill(name: string, signal?: NodeJS.Signals): number;
  stop(): Promise<void>;
}

/**
 * Starts a host for these functions.
 *
 * @throws ERR_OPTION for a spec that can't be used
 * @throws ERR_PORT_IN_USE
 * @throws ERR_EMULATOR with `keepWarm`, where a function doesn't start
 */
export async function startFunctionHost(
  specs: readonly FunctionSpec[],
  options: FunctionHostOptions = {},
): Promise<FunctionHost> {
  const resolved = specs.map(resolveSpec);
  const pools = new Map<string, FunctionPool>();
  const front = await startFront(options.port ?? 0, pools);
  const surroundings = {
    reaper: new Reaper(),
    compileCacheFolder: options.compileCacheFolder ?? COMPILE_CACHE_FOLDER,
    onLog: options.onLog ?? (() => {}),
  };
  for (const spec of resolved) pools.set(spec.name, new FunctionPool(spec, surroundings));
  const host = hostOf(front, pools, surroundings, pruneCompileCache());
  if (options.keepWarm !== true) return host;
  try {
    await Promise.all([...pools.values()].map((pool) => pool.warm()));
  } catch (error) {
    await host.stop();
    throw error;
  }
  return host;
}

function hostOf(
  front: Front,
  pools: Map<string, FunctionPool>,
  surroundings: ConstructorParameters<typeof FunctionPool>[1],
  pruning: Promise<void>,
): FunctionHost {
  const poolOf = (name: string): FunctionPool => {
    const pool = pools.get(name);
    if (pool !== undefined) return pool;
    throw new MeshError(
      "ERR_OPTION",
      `There is no function "${name}" here, only: ${[...pools.keys()].join(", ")}.`,
    );
  };
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await Promise.all([...pools.values()].map((pool) => pool.stop()));
    await front.close();
    surroundings.reaper.close();
    await pruning;
  };
  return {
    url: (name) => `${front.origin}/${name}`,
    directUrl: (name) => poolOf(name).directOrigin,
    dispatch(options, handler) {
      if (options.origin !== front.origin) return false;
      const { name, path } = routeOf(options.path);
      const pool = pools.get(name);
      pool?.submit(new DirectExchange(pool, { ...options, path }, handler));
      return pool !== undefined;
    },
    status: () => [...pools.values()].map((pool) => pool.status()),
    async replace(spec) {
      const resolved = resolveSpec(spec);
      const known = pools.get(resolved.name);
      if (known !== undefined) return known.replace(resolved);
      const pool = new FunctionPool(resolved, surroundings);
      // Known before it is ready, so that `stop` ends it too.
      pools.set(resolved.name, pool);
      await pool.warm();
    },
    kill: (name, signal = "SIGKILL") => poolOf(name).kill(signal),
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}
