/**
 * State codec: values of one declared state as texts, with errors that name it.
 *
 * Owns: the limit of one entry's size, and the words of its errors. Does not own: the form of an
 * entry (the state-*.ts).
 */
import type { Coder, Json } from "../../sdk/coders/coder.ts";
import { encodeKey } from "../../sdk/coders/key-coder.ts";
import { isMeshError, MeshError } from "../../sdk/model/errors.ts";
import type { StatefulParDoNode } from "../../sdk/model/graph.ts";
import { STATE_BYTES_MAX } from "../options.ts";
import { placeOf } from "../user-errors.ts";

/** Values of one declared state as texts. */
export class StateCodec {
  readonly #node: StatefulParDoNode;
  readonly #name: string;
  readonly #coder: Coder<unknown>;

  constructor(node: StatefulParDoNode, name: string, coder: Coder<unknown>) {
    this.#node = node;
    this.#name = name;
    this.#coder = coder;
  }

  /**
   * Returns the JSON text of a value.
   *
   * @throws ERR_ELEMENT_TOO_BIG if it does not fit into one entry
   */
  encode(value: unknown): string {
    const text = this.#named(() => JSON.stringify(this.#coder.encode(value)));
    if (text.length <= STATE_BYTES_MAX) return text;
    throw new MeshError(
      "ERR_ELEMENT_TOO_BIG",
      `${this.#where}: one value takes ${text.length} bytes; at most ${STATE_BYTES_MAX} fit into ` +
        "one entry. Keep many small values (a bag, a map, an ordered list) instead of a large one.",
    );
  }

  /** Returns the value that `encode` gave this JSON for. */
  decode(json: unknown): unknown {
    return this.#named(() => this.#coder.decode(json as Json));
  }

  /** Returns the text of a key of a map or of a value of a set. */
  keyText(key: unknown): string {
    return this.#named(() => encodeKey(key));
  }

  get #where(): string {
    return `${placeOf(this.#node)}, state "${this.#name}"`;
  }

  #named<R>(work: () => R): R {
    try {
      return work();
    } catch (cause) {
      const code = isMeshError(cause) ? cause.code : "ERR_USER_CODE";
      const words = cause instanceof Error ? cause.message : String(cause);
      throw new MeshError(code, `${this.#where}: ${words}`, { cause });
    }
  }
}
