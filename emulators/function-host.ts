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
import { DirectExchange, refuseDirectly } from "./function-host/direct-exchange.ts";
import { type Admission, type Front, routeOf, startFront } from "./function-host/front.ts";
import { FunctionPool } from "./function-host/pool.ts";
import { Reaper } from "./function-host/reaper.ts";
import { type ServiceHost, ServiceHosts } from "./function-host/service-hosts.ts";
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
   * The URLs of services that are served here count as this host's.
   */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean;
  /**
   * Lets a function serve the URL of a service of Cloud Run, `https://` and this host, to pushes and
   * tasks. The function may come later.
   *
   * @param host `NAME-PROJECTNUMBER.REGION.run.app`
   * @throws ERR_OPTION for another kind of host
   */
  route(host: string, functionName: string): void;
  /** Nothing serves that host any more. */
  unroute(host: string): void;
  /** Where a URL is to be called on this machine; other URLs than Cloud Run's as they are. */
  localUrl(url: string): string;
  /** The service that a function serves. */
  serviceOf(functionName: string): ServiceHost | undefined;
  /** Asks this before each request from now on; until then every request may go in. */
  admitBy(admission: Admission): void;
  status(): readonly FunctionStatus[];
  /** Puts new code in place: new requests go to it, old ones finish. Also adds a function. */
  replace(spec: FunctionSpec): Promise<void>;
  /** Takes a function away, with its processes; one that is not there is no error. */
  remove(name: string): Promise<void>;
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
  const gate: Gate = { admission: () => undefined };
  const front = await startFront(options.port ?? 0, pools, (name, authorization) =>
    gate.admission(name, authorization),
  );
  const surroundings = {
    reaper: new Reaper(),
    compileCacheFolder: options.compileCacheFolder ?? COMPILE_CACHE_FOLDER,
    onLog: options.onLog ?? (() => {}),
  };
  for (const spec of resolved) pools.set(spec.name, new FunctionPool(spec, surroundings));
  const host = hostOf(front, gate, pools, { ...surroundings, pruning: pruneCompileCache() });
  if (options.keepWarm !== true) return host;
  try {
    await Promise.all([...pools.values()].map((pool) => pool.warm()));
  } catch (error) {
    await host.stop();
    throw error;
  }
  return host;
}

/** What asks before requests go in: it can come later than the host. */
interface Gate {
  admission: Admission;
}

function hostOf(
  front: Front,
  gate: Gate,
  pools: Map<string, FunctionPool>,
  surroundings: ConstructorParameters<typeof FunctionPool>[1] & { readonly pruning: Promise<void> },
): FunctionHost {
  const poolOf = (name: string): FunctionPool => {
    const pool = pools.get(name);
    if (pool !== undefined) return pool;
    throw new MeshError(
      "ERR_OPTION",
      `There is no function "${name}" here, only: ${[...pools.keys()].join(", ")}.`,
    );
  };
  const hosts = new ServiceHosts();
  const url = (name: string): string => `${front.origin}/${name}`;
  const localUrl = (asked: string): string => hosts.localUrl(asked, url);
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await Promise.all([...pools.values()].map((pool) => pool.stop()));
    await front.close();
    surroundings.reaper.close();
    await surroundings.pruning;
  };
  return {
    url,
    localUrl,
    route: (host, name) => hosts.route(host, name),
    unroute: (host) => hosts.unroute(host),
    serviceOf: (name) => hosts.ofFunction(name),
    directUrl: (name) => poolOf(name).directOrigin,
    dispatch(options, handler) {
      const asked = `${options.origin}${options.path}`;
      const local = options.origin === front.origin ? asked : localUrl(asked);
      if (!local.startsWith(`${front.origin}/`)) return false;
      const { name, path } = routeOf(local.slice(front.origin.length));
      const pool = pools.get(name);
      if (pool === undefined) {
        refuseDirectly(handler, `There is no function "${name}" here.`);
        return true;
      }
      const exchange = new DirectExchange(pool, { ...options, path }, handler);
      const refusal = gate.admission(name, authorizationOf(options.headers));
      if (refusal === undefined) pool.submit(exchange);
      else exchange.refuse(refusal.statusCode, refusal.reason);
      return true;
    },
    admitBy: (admission) => {
      gate.admission = admission;
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
    async remove(name) {
      const pool = pools.get(name);
      pools.delete(name);
      await pool?.stop();
    },
    kill: (name, signal = "SIGKILL") => poolOf(name).kill(signal),
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** Pub/Sub's pushes have their headers as an object, and no other caller comes this way. */
function authorizationOf(headers: Dispatcher.DispatchOptions["headers"]): string | undefined {
  const { authorization } = { ...headers } as Readonly<Record<string, unknown>>;
  return typeof authorization === "string" ? authorization : undefined;
}
