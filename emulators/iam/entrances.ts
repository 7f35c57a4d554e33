/**
 * Entrances: the addresses of one embedded gRPC server, one for each principal.
 *
 * Owns: opening them. Does not own: what comes in by them (access.ts). They close with the server.
 */
import type { Server } from "@grpc/grpc-js";
import { bind } from "../bind.ts";
import type { Access } from "./access.ts";

/** The addresses of one server. */
export class Entrances {
  readonly #server: Server;
  readonly #where: { readonly service: string; readonly host: string };
  readonly #access: Access | undefined;
  readonly #main: string;
  readonly #opened = new Map<string, Promise<string>>();

  /** @param main where the server listens already: the deployer's address */
  constructor(
    server: Server,
    options: {
      readonly service: string;
      readonly host: string;
      readonly main: string;
      readonly access: Access | undefined;
    },
  ) {
    const { service, host, main, access } = options;
    this.#server = server;
    this.#where = { service, host };
    this.#main = main;
    this.#access = access;
    access?.own(main, undefined);
  }

  /**
   * The address of a member, the same each time; without rights to check, that of everybody.
   *
   * @throws ERR_EMULATOR
   */
  addressFor(member: string): Promise<string> {
    const access = this.#access;
    if (access === undefined) return Promise.resolve(this.#main);
    const known = this.#opened.get(member);
    if (known !== undefined) return known;
    const opened = this.#open(member, access);
    this.#opened.set(member, opened);
    return opened;
  }

  async #open(member: string, access: Access): Promise<string> {
    const address = await bind(this.#server, { ...this.#where, port: 0 });
    access.own(address, member);
    return address;
  }
}
