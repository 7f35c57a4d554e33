/**
 * Service hosts: which function of this machine stands for which service of Cloud Run.
 *
 * Owns: the table of hosts. Does not own: who may call (iam/invoker.ts), the calls (front.ts).
 *
 * A service has the URL `https://NAME-PROJECTNUMBER.REGION.run.app`, which pushes and tasks name.
 * Nothing listens there: the request goes to the function here.
 *
 * SH1. A request for such a host never leaves this machine, whether a function is there or not.
 */
import { MeshError } from "../../sdk/model/errors.ts";

/** A service of Cloud Run that is a function here. */
export interface ServiceHost {
  /** `https://…`, without a path. */
  readonly origin: string;
  readonly functionName: string;
  /** The name of the service within its region. */
  readonly service: string;
  readonly region: string;
}

const hostPattern = /^([a-z][a-z0-9-]*)-\d+\.([a-z0-9-]+)\.run\.app$/;

/** The table. */
export class ServiceHosts {
  readonly #byHost = new Map<string, ServiceHost>();

  /**
   * Lets a function stand for a service.
   *
   * @param host `NAME-PROJECTNUMBER.REGION.run.app`
   * @throws ERR_OPTION for another kind of host
   */
  route(host: string, functionName: string): void {
    const [, service, region] = hostPattern.exec(host) ?? [];
    if (service === undefined || region === undefined) {
      throw new MeshError(
        "ERR_OPTION",
        `${JSON.stringify(host)} is no host of Cloud Run: give NAME-PROJECTNUMBER.REGION.run.app.`,
      );
    }
    this.#byHost.set(host, { origin: `https://${host}`, functionName, service, region });
  }

  /** Nothing stands for the service any more. */
  unroute(host: string): void {
    this.#byHost.delete(host);
  }

  /** The service that a function stands for. */
  ofFunction(functionName: string): ServiceHost | undefined {
    return [...this.#byHost.values()].find((each) => each.functionName === functionName);
  }

  /**
   * Where a URL is to be called instead: as it is, if it is none of Cloud Run's.
   *
   * @param urlOf the URL of a function of this machine, without a slash at its end
   */
  localUrl(url: string, urlOf: (functionName: string) => string): string {
    const { hostname, pathname, search } = new URL(url);
    if (!hostPattern.test(hostname)) return url;
    const known = this.#byHost.get(hostname);
    // A name that no function can have: the front says that there is none.
    return `${urlOf(known?.functionName ?? hostname)}${pathname}${search}`;
  }
}
