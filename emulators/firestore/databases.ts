/**
 * The databases of one server, made when first named.
 *
 * Owns: which exist. Does not own: what is in them (database.ts).
 */
import { Database, type DatabaseSettings } from "./database.ts";
import { databaseOf } from "./names.ts";

/** All databases of a server. */
export class Databases {
  readonly #settings: DatabaseSettings;
  readonly #databases = new Map<string, Database>();

  constructor(settings: DatabaseSettings) {
    this.#settings = settings;
  }

  /** Returns the database of any resource name: its own, a document's, a parent's. */
  of(resourceName: string): Database {
    const name = databaseOf(resourceName);
    let database = this.#databases.get(name);
    if (database === undefined) {
      database = new Database(name, this.#settings);
      this.#databases.set(name, database);
    }
    return database;
  }

  /** Takes a database away, with all that is in it; the next one of its name is empty. */
  drop(name: string): void {
    this.#databases.get(name)?.stop();
    this.#databases.delete(name);
  }

  /** Ends all transactions and refuses all waiting commits. */
  stop(): void {
    for (const database of this.#databases.values()) database.stop();
  }
}
